"""Failures by fingerprint: the same mistake in many runs is one line, with the run where it began."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cloister.declarations.names import NO_FAILURE
from runner.client.cluster import entries, explain
from runner.client.cluster.entries import Entry, label
from runner.client.cluster.runs import Run, when

# A frame of a Python stack trace, without its line number: that moves with every edit above it.
_FRAME = re.compile(r'^\s*File "(?:[^"]*/)?([^"/]+)", line \d+, in (\S+)', re.MULTILINE)
# What differs from run to run in a sentence: quoted values, names with digits in them, numbers.
_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*")


@dataclass(frozen=True)
class Failure:
    """One attempt that failed."""

    fingerprint: str  # 8 hex digits
    job: str
    run_id: str
    word: str  # the exit class
    sentence: str
    at: datetime


@dataclass(frozen=True)
class Group:
    """Failures of one fingerprint."""

    fingerprint: str
    word: str
    sentence: str  # of the last one
    jobs: tuple[str, ...]
    count: int
    runs: int
    first: datetime
    last: datetime
    began_in: str  # run id


def fingerprint(word: str, text: str) -> str:
    """What stays the same when the same thing fails again: exception and frames, or the sentence's words."""
    frames = _FRAME.findall(text)
    if word == "oom":
        same = ""  # where it happens to be when the memory is gone says nothing
    elif frames:
        raised = text.rstrip().rpartition("\n")[2].partition(":")[0]
        same = "\n".join([raised, *(f"{file} {function}" for file, function in frames)])
    else:
        same = " ".join(_VARIES.sub("_", text).split())
    return sha256(f"{word}\n{same}".encode()).hexdigest()[:8]


def of_entries(found: Iterable[Entry]) -> Iterator[Failure]:
    """The failures that run records tell of, with the stack traces reported before them."""
    traces: dict[tuple[str, ...], str] = {}
    for entry in found:
        key = tuple(label(entry, name) for name in ("run", "shard", "attempt"))
        record = entries.record_of(entry)
        if record is None:
            if entries.raised(entry):
                traces[key] = str(entry["message"])
        elif record.get("exit") and record.get("exit_class") not in NO_FAILURE:
            yield _recorded(entry, record, traces.pop(key, ""))


def of_run(run: Run, seen: set[str]) -> Iterator[Failure]:
    """The attempts that ended without a record of their own; `seen` are the pods that left one."""
    for attempt in run.failed_attempts:
        if attempt.pod not in seen and not attempt.disrupted:
            said = explain.ended(attempt, None)
            at = attempt.finished or attempt.created
            mark = fingerprint(said.word, said.cause)
            yield Failure(mark, run.job, run.run_id, said.word, said.cause, at)


def grouped(failures: Iterable[Failure]) -> list[Group]:
    """Groups by fingerprint, the one seen last first."""
    by_mark: dict[str, list[Failure]] = {}
    for failure in sorted(failures, key=lambda failure: failure.at):
        by_mark.setdefault(failure.fingerprint, []).append(failure)
    groups = [
        Group(
            fingerprint=mark,
            word=found[-1].word,
            sentence=found[-1].sentence,
            jobs=tuple(sorted({failure.job for failure in found})),
            count=len(found),
            runs=len({failure.run_id for failure in found}),
            first=found[0].at,
            last=found[-1].at,
            began_in=found[0].run_id,
        )
        for mark, found in by_mark.items()
    ]
    return sorted(groups, key=lambda group: group.last, reverse=True)


def _recorded(entry: Entry, record: dict[str, Any], trace: str) -> Failure:
    said = explain.recorded(record)
    at = when(str(entry.get("time") or record.get("finished")))
    assert at is not None
    return Failure(
        fingerprint=fingerprint(said.word, trace or said.cause),
        job=str(record.get("job", "")),
        run_id=str(record.get("run_id", "")),
        word=said.word,
        sentence=trace.rstrip().rpartition("\n")[2] or said.cause,
        at=at,
    )
