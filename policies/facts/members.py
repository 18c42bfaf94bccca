"""IAM member strings, parsed: every way Google Cloud writes a principal, in one normal form.

Source of the forms: cloud.google.com/iam/docs/principal-identifiers (v1 and v2), Workload Identity Federation for GKE.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Kind = Literal[
    "public",  # allUsers, allAuthenticatedUsers
    "account",  # a service account
    "user",
    "group",
    "domain",  # a domain or a whole directory customer
    "workload",  # Kubernetes service accounts of a cluster's workload pool
    "pool",  # federated identities of a workload identity pool
    "workforce",  # federated people
    "container",  # every principal of a project, folder or organisation
    "convenience",  # projectOwner:, projectEditor:, projectViewer:
    "odd",  # nothing IAM documents
]


@dataclass(frozen=True, slots=True)
class Member:
    """``name`` is the e-mail address, domain, container or pool in lower case; ``text`` the normal form.

    A workload has ``pool`` (``<project>.svc.id.goog``) and the narrowest of ``namespace`` and ``account`` it names;
    both None means every workload of the pool. ``deleted``: it was written ``deleted:``.
    """

    kind: Kind
    name: str
    text: str
    pool: str = ""
    namespace: str | None = None
    account: str | None = None
    deleted: bool = False


_FEDERATED = re.compile(
    r"principal(?:set)?://iam\.googleapis\.com/projects/(?P<project>[^/]+)(?:/name)?"
    r"/locations/global/workloadidentitypools/(?P<pool>[^/]+)/(?P<rest>.+)",
    re.IGNORECASE,
)
_WORKFORCE = re.compile(
    r"principal(?:set)?://iam\.googleapis\.com/locations/global/workforcepools/(.+)", re.IGNORECASE
)
_CONTAINER = re.compile(
    r"principalset://cloudresourcemanager\.googleapis\.com/((?:projects|folders|organizations)/[^/]+)",
    re.IGNORECASE,
)
_ACCOUNT_V2 = re.compile(
    r"principal://iam\.googleapis\.com/projects/[^/]+/serviceaccounts/([^/?]+)", re.IGNORECASE
)
_GOOG = {
    "principal://goog/subject/": "user:",
    "principalset://goog/group/": "group:",
    "principalset://goog/cloudidentitycustomerid/": "domain:",
}
_LEGACY_WORKLOAD = re.compile(r"serviceaccount:([^\[\]]+)\[([^/\[\]]+)/([^/\[\]]+)\]", re.IGNORECASE)


@cache
def parse(member: str) -> Member:
    """The normal form of a member string. Never fails: what nothing documents has kind ``odd``."""
    text = member.strip()
    lower = text.lower()
    if lower.startswith("deleted:"):
        inner = parse(re.sub(r"\?uid=.*$", "", text[len("deleted:") :]))
        return Member(
            inner.kind, inner.name, f"deleted:{inner.text}", inner.pool, inner.namespace, inner.account, True
        )
    if lower in ("allusers", "principalset://goog/public:all"):
        return Member("public", "allUsers", "allUsers")
    if lower == "allauthenticatedusers":
        return Member("public", "allAuthenticatedUsers", "allAuthenticatedUsers")
    for prefix, plain in _GOOG.items():
        if lower.startswith(prefix):
            return parse(plain + text[len(prefix) :])
    if found := _ACCOUNT_V2.fullmatch(text):
        return parse(f"serviceAccount:{found[1]}")
    if found := _LEGACY_WORKLOAD.fullmatch(text):
        return _workload(found[1], found[2], found[3])
    if found := _FEDERATED.fullmatch(text):
        return _federated(found["project"], found["pool"], found["rest"], text)
    if found := _WORKFORCE.fullmatch(text):
        return Member("workforce", found[1].split("/")[0], text)
    if found := _CONTAINER.match(text):
        return Member(
            "container", found[1].lower(), f"principalSet://cloudresourcemanager.googleapis.com/{found[1]}"
        )
    prefix, colon, rest = text.partition(":")
    if not colon or not rest:
        return Member("odd", text, text)
    return _plain(prefix.lower(), rest, text)


def _plain(prefix: str, rest: str, text: str) -> Member:
    name = rest.lower()
    if prefix == "serviceaccount":
        return Member("account", name, f"serviceAccount:{name}")
    if prefix in ("user", "group"):
        name = name.replace("@googlemail.com", "@gmail.com")
        # IAM accepts a service account's address behind user: in some services; it is the same principal.
        if prefix == "user" and name.endswith(".gserviceaccount.com"):
            return Member("account", name, f"serviceAccount:{name}")
        return Member("user" if prefix == "user" else "group", name, f"{prefix}:{name}")
    if prefix == "domain":
        return Member("domain", name, f"domain:{name}")
    if prefix in ("projectowner", "projecteditor", "projectviewer"):
        return Member("convenience", name, f"project{prefix[7:].capitalize()}:{name}")
    return Member("odd", text, text)


def _workload(pool: str, namespace: str, account: str) -> Member:
    pool = pool.lower()
    return Member("workload", pool, f"serviceAccount:{pool}[{namespace}/{account}]", pool, namespace, account)


def _federated(project: str, pool: str, rest: str, text: str) -> Member:
    pool = pool.lower()
    if not pool.endswith(".svc.id.goog"):
        return Member("pool", f"{project}/{pool}".lower(), text, pool)
    subject = re.fullmatch(r"subject/ns/([^/]+)/sa/([^/]+)", rest)
    if subject:
        return _workload(pool, subject[1], subject[2])
    base = (
        f"principalSet://iam.googleapis.com/projects/{project}/locations/global/workloadIdentityPools/{pool}"
    )
    namespace = re.fullmatch(r"(?:namespace|attribute\.namespace)/([^/]+)", rest)
    if namespace:
        return Member("workload", pool, f"{base}/namespace/{namespace[1]}", pool, namespace[1])
    # A cluster, a UID or `*`: which service accounts these are, the plan does not say.
    return Member("workload", pool, f"{base}/{rest}", pool)
