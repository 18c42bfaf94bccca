"""What an audit says beside the report: what was read and when, what was set aside, and how code and project differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from audit.model import Part
from audit.proof import Audit
from policies.report.as_json import as_dict
from policies.report.as_text import wrap
from policies.report.plain import dumped, plain

_PARTS: dict[Part, str] = {
    "resources": "resources", "iam": "IAM policies", "org-policies": "organisation policies", "access-policies": "access policies",
    "cluster": "the cluster", "buckets": "buckets",
}  # fmt: skip
_MOST = 40  # lines of drift on a terminal; JSON has all


def head(audit: Audit, width: int) -> str:
    """The lines above a report's text."""
    return "\n".join(_lines(audit, max(40, min(width, 120)))) + "\n\n"


def as_json(audit: Audit) -> str:
    """The report with ``read``, ``set_aside`` and ``drift`` (null where there was no tree to compare with)."""
    drift = audit.drift
    more: dict[str, Any] = {
        "read": [
            {"part": item.part, "source": item.source.path, "when": item.when, "of": item.of, "items": len(item.items), "narrowed": item.narrowed}
            for item in audit.seen.readings
        ],
        "not_read": [part for part in _PARTS if not any(audit.seen.of(part))],
        "set_aside": audit.seen.google,
        "drift": None if drift is None else {
            "foreign": [{"address": address, "seen": seen} for address, seen in drift.foreign],
            "missing": [{"address": address, "subject": subject} for address, subject in drift.missing],
            "compared": drift.compared,
        },
    }  # fmt: skip
    return dumped(as_dict(audit.report) | more)


def _lines(audit: Audit, width: int) -> Iterator[str]:
    yield "Read:"
    for item in audit.seen.readings:
        when = f", {item.when}" if item.when else ""
        narrowed = f"; {item.narrowed}" if item.narrowed else ""
        yield from wrap(
            plain(f"{_PARTS[item.part]}: {len(item.items)} from {item.source.path}{when}{narrowed}"),
            width,
            "  ",
        )
    # Buckets are among the resources; without an organisation there are no access policies.
    needless = {"buckets"} | ({"access-policies"} if audit.world.boundary.organization == "none" else set())
    unread = [
        words for part, words in _PARTS.items() if part not in needless and not any(audit.seen.of(part))
    ]
    if unread:
        yield from wrap(
            f"Not read: {', '.join(unread)}. What hangs on these is undecided, never closed.", width
        )
    if audit.seen.google:
        own = "; ".join(f"{count} {what}" for what, count in sorted(audit.seen.google.items()))
        yield from wrap(f"Set aside as Kubernetes' and GKE's own: {own}.", width)
    if audit.drift is not None:
        yield from _drift(audit, width)


def _drift(audit: Audit, width: int) -> Iterator[str]:
    drift = audit.drift
    assert drift is not None
    yield f"Against the tree: {drift.compared} resources are where the stacks declare them."
    for title, rows in (
        ("In the project, and no stack declares it", drift.foreign),
        ("Declared, and not there", drift.missing),
    ):
        if rows:
            counts = Counter(address.partition("/")[2].partition(".")[0] for address, _ in rows)
            yield from wrap(
                f"{title} ({', '.join(f'{count} {type_}' for type_, count in counts.most_common(8))}):", width
            )
            for address, name in rows[:_MOST]:
                yield from wrap(plain(f"{address} ({name})"), width, "  ")
            if len(rows) > _MOST:
                yield f"  and {len(rows) - _MOST} more: --format json has all"
