"""Which project a cloud name lies in."""

from __future__ import annotations

import re

_PROJECT = re.compile(r"(?:^|/)projects/([^/]+)")
_EMAIL = re.compile(r"@([^.@/]+(?:\.[^.@/]+)?)\.iam\.gserviceaccount\.com$")


def project_of(name: str) -> str | None:
    """The project id or number a full resource name, self link or service account address names; None if it names none.

    ``projects/_/buckets/x`` names none: bucket names are global. In ``projects/-/serviceAccounts/x`` the address does.
    """
    found = _PROJECT.search(name)
    if found and found[1] != "-":
        return None if found[1] == "_" else found[1]
    found = _EMAIL.search(name)
    return found[1] if found else None
