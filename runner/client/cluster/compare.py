"""What changed between two runs: the last good one and the first bad one, say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.client.cluster.runs import Run

# What a run is made of, in the order in which people should suspect it.
CAUSES = ("code", "environment", "lock", "image", "command", "inputs", "outputs", "timeout", "shards")


@dataclass(frozen=True)
class Change:
    """One thing that differs. None: the run has it not."""

    what: str
    before: Any
    after: Any
    kind: str  # made_of, or came_out


def facts(run: Run | None, record: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a run was made of and what came out, from its record and, where that is silent, its Job."""
    record = record or {}
    specification = run.specification if run else {}
    known: dict[str, Any] = {"timeout": specification.get("timeout"), "outputs": specification.get("outputs")}
    known |= {"command": record.get("command") or specification.get("run")}
    known |= {"image": record.get("image") or (run.image if run else None)}
    known |= {"shards": record.get("shards") or (run.shards if run else None)}
    made_of = {what: value for what, value in known.items() if value}
    for what in ("code", "environment", "lock"):
        for source in (record, specification):
            if what in source:
                made_of.setdefault(what, source[what])
    for item in record.get("inputs") or []:
        what = {key: item.get(key) for key in ("objects", "bytes", "generation")}
        made_of[f"input {item['from']}"] = what
    if record.get("inputs_digest"):
        made_of["inputs"] = record["inputs_digest"]
    came_out: dict[str, Any] = {"ended": record.get("exit_class") or (run.state.value if run else None)}
    came_out |= {f"metric {name}": value for name, value in (record.get("metrics") or {}).items()}
    came_out |= {f"seconds in {phase}": value for phase, value in (record.get("durations") or {}).items()}
    return made_of, came_out


def compare(
    before: tuple[Mapping[str, Any], Mapping[str, Any]], after: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> tuple[list[Change], list[str]]:
    """The changes, causes first, and the names of what stayed the same.

    What only one of the two runs recorded is no change, but for inputs and results that came or went.
    """
    changes: list[Change] = []
    same: list[str] = []
    pinned = "inputs" in before[0] and "inputs" in after[0]  # both got as far as looking at their inputs
    for kind, old, new in (("made_of", before[0], after[0]), ("came_out", before[1], after[1])):
        for what in sorted({*old, *new}, key=_rank):
            both = what in old and what in new
            if both and (old[what] == new[what] or _as_long(what, old[what], new[what])):
                same.append(what)
            elif both or what.startswith("metric ") or (what.startswith("input ") and pinned):
                changes.append(Change(what, old.get(what), new.get(what), kind))
    return changes, same


def _as_long(what: str, one: Any, other: Any) -> bool:
    """Whether two lengths of time are no news: a second, or a fifth, more or less."""
    return what.startswith("seconds in ") and abs(one - other) <= max(1.0, 0.2 * max(one, other))


def _rank(what: str) -> tuple[int, str]:
    kind = "inputs" if what.startswith("input ") else what
    return (CAUSES.index(kind) if kind in CAUSES else len(CAUSES), what)
