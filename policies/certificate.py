"""What was proven, to be compared with what is applied: the hashes of inputs and declarations, the versions of the
proof, assumptions, verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cloister.declarations import files_beside
from policies.report.as_json import as_dict
from policies.report.model import Report
from policies.snapshot.model import InputError

_PROOF = Path(__file__).parent
_NAMED = {"inputs": "input", "declarations": "declaration"}  # digests by name


def certificate(report: Report, boundary: Path) -> str:
    """The certificate of a report that does not fail, made with the boundary file at ``boundary``, as JSON."""
    return json.dumps(_tree(report, boundary), indent=2, ensure_ascii=False) + "\n"


def differences(report: Report, boundary: Path, path: Path) -> list[str]:
    """How a report differs from the certificate at ``path``: one line each, none when it is the proven tree.

    Raises ``InputError`` when the file is no certificate.
    """
    try:
        proven = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a certificate: {error}") from None
    if not isinstance(proven, dict) or proven.get("certificate") != 1:
        raise InputError(f"{path}: not a certificate of this version")
    now = json.loads(json.dumps(_tree(report, boundary)))
    lines = [
        f"{key}: proven with {_short(proven.get(key))}, now {_short(now[key])}"
        for key in now
        if key not in _NAMED and proven.get(key) != now[key]
    ]
    for key, one in _NAMED.items():
        lines += _differences_by_name(one, proven.get(key), now[key])
    return lines


def _tree(report: Report, boundary: Path) -> dict[str, Any]:
    tree = as_dict(report)
    return {
        "certificate": 1,
        "cloister": version("cloister"),
        "proof": _digest_of_the_proof(),
        "assurance": report.assurance,
        "grade": report.grade.letter,
        "boundary": _digest(boundary),
        "declarations": {name: _digest(path) for name, path in files_beside(boundary).items()},
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


def _differences_by_name(one: str, proven: Any, now: Mapping[str, str]) -> list[str]:
    before = proven if isinstance(proven, Mapping) else {}
    lines = [f"{one} {name}: not in the certificate" for name in now if name not in before]
    lines += [f"{one} {name}: missing, the certificate covers it" for name in before if name not in now]
    return lines + [
        f"{one} {name}: changed since it was proven"
        for name in now
        if before.get(name, now[name]) != now[name]
    ]


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _digest_of_the_proof() -> str:
    """One digest of this package's sources and data: a clone that judges otherwise is another proof."""
    files = (path for path in _PROOF.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    named = sorted((path.relative_to(_PROOF).as_posix(), path) for path in files)
    return sha256("".join(f"{name} {_digest(path)}\n" for name, path in named).encode()).hexdigest()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}..."
