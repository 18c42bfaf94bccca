"""`diff`: what changed between two versions, in data, code, metrics and files."""

from __future__ import annotations

from typing import Any

from runner.image.models.registry import Document

_SIMPLE = ("license", "bytes", "run", "signature", "golden")
_LINEAGE = ("job", "run_id", "image", "code", "lock", "environment", "inputs_digest", "inputs", "team_file")


def compare(first: Document, second: Document) -> list[Document]:
    """One {"what", "first", "second"} for everything that is not the same; None where one has no such thing."""
    changes = [*_changes("", {k: first[k] for k in _SIMPLE}, {k: second[k] for k in _SIMPLE})]
    changes += _changes("lineage.", *({k: v["lineage"][k] for k in _LINEAGE} for v in (first, second)))
    changes += _changes("metrics.", first["metrics"], second["metrics"])
    changes += _changes("files.", *({f["path"]: f["sha256"] for f in v["files"]} for v in (first, second)))
    return changes


def _changes(prefix: str, first: dict[str, Any], second: dict[str, Any]) -> list[Document]:
    return [
        {"what": prefix + key, "first": first.get(key), "second": second.get(key)}
        for key in sorted({*first, *second})
        if first.get(key) != second.get(key)
    ]
