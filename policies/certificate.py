"""What was proven, to be compared with what is applied: inputs' hashes, versions, assumptions, verdicts.

The digests of the channels' own sources are not in it: ``cloister`` is the version of the installed package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from policies.report.as_json import as_dict
from policies.report.model import Report
from policies.snapshot.model import InputError


def certificate(report: Report, boundary_sha256: str) -> str:
    """The certificate of a report that does not fail, as JSON."""
    return json.dumps(_tree(report, boundary_sha256), indent=2, ensure_ascii=False) + "\n"


def differences(report: Report, boundary_sha256: str, path: Path) -> list[str]:
    """How a report differs from the certificate at ``path``: one line each, none when it is the proven tree.

    Raises ``InputError`` when the file is no certificate.
    """
    try:
        proven = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a certificate: {error}") from None
    if not isinstance(proven, dict) or proven.get("certificate") != 1:
        raise InputError(f"{path}: not a certificate of this version")
    now = json.loads(json.dumps(_tree(report, boundary_sha256)))
    lines = [
        f"{key}: proven with {_short(proven.get(key))}, now {_short(now[key])}"
        for key in now
        if key != "inputs" and proven.get(key) != now[key]
    ]
    return lines + list(_input_differences(proven.get("inputs", {}), now["inputs"]))


def _tree(report: Report, boundary_sha256: str) -> dict[str, Any]:
    tree = as_dict(report)
    return {
        "certificate": 1,
        "cloister": version("cloister"),
        "assurance": report.assurance,
        "grade": report.grade.letter,
        "boundary": boundary_sha256,
        "inputs": _digests(report),
        "summary": tree["summary"],
        "channels": {verdict.id: verdict.status for verdict in report.verdicts},
        "assumed": {
            channel["id"]: channel["assumed"] for channel in tree["channels"] if "assumed" in channel
        },
        "trusted": tree["trusted"],
    }


def _digests(report: Report) -> dict[str, str]:
    """A digest for each input's name; of several of one name, a digest of all their digests."""
    named: dict[str, list[str]] = {}
    for item in report.inputs:
        named.setdefault(stack_name(item.path), []).append(item.sha256)
    return {
        name: found[0] if len(found) == 1 else sha256("\n".join(sorted(found)).encode()).hexdigest()
        for name, found in named.items()
    }


def stack_name(path: str) -> str:
    """An input's name wherever the tree lies: its directory and file name."""
    return "/".join(Path(path).parts[-2:])


def _input_differences(proven: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    lines = [f"input {name}: not in the certificate" for name in now if name not in proven]
    lines += [f"input {name}: missing, the certificate covers it" for name in proven if name not in now]
    lines += [
        f"input {name}: changed since it was proven"
        for name in now
        if proven.get(name, now[name]) != now[name]
    ]
    return lines


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}..."
