"""The registry's objects as one reads and creates them: versions, and the steps of each stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from runner.image import transfer
from runner.image.exits import Exit, Failure
from runner.image.models import places
from runner.image.models.words import PROMOTE, ROLLBACK
from runner.image.store import Store

MOST_STEPS = 999_999
Document = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One promotion or rollback as it was written. `number` is the version that is in the stage from here on."""

    sequence: int
    number: int
    digest: str  # of the version
    document: Document
    sha256: str  # of the step's own bytes: the next step names it


class Registry:
    """The models in one artifacts bucket. Every method raises Failure."""

    def __init__(self, store: Store, bucket: str) -> None:
        self._store, self.bucket = store, bucket

    def numbers(self, name: str | None = None) -> list[tuple[str, int]]:
        """Every version of a model, or of all, by model and number."""
        prefix = places.versions(name) if name else places.ROOT
        listed = (places.version_of(found.name) for found in self._store.list(self.bucket, prefix))
        return sorted(found for found in listed if found)

    def versions(self, wanted: Sequence[tuple[str, int]]) -> list[Document]:
        """Those versions, in their order."""
        return transfer.run_all([partial(self.version, name, number) for name, number in wanted])

    def version(self, name: str, number: int) -> Document:
        """One version. Raises Failure INPUT where it is not there or is not what was published."""
        where = places.version(name, number)
        found = self._store.read(self.bucket, where)
        if found is None:
            known = [str(n) for _, n in self.numbers(name)]
            has = f"versions {', '.join(known[-10:])}" if known else "no versions"
            raise Failure(Exit.INPUT, f"{name} has no version {number}; it has {has}", "Name one of them")
        document = _document(found, where)
        if document.get("model") != name or document.get("number") != number:
            raise _not_ours(where)
        if document.get("digest") != digest(document.get("files") or []):
            raise Failure(
                Exit.INPUT, f"version {number} of {name} is not what was published", "Publish its run again"
            )
        return document

    def add_version(self, name: str, content: Document) -> Document:
        """Create the next version with `content`; the document as it was written."""
        taken = [number for _, number in self.numbers(name)]
        number = max(taken, default=0) + 1
        while True:
            document = {**content, "model": name, "number": number}
            if self._store.create(self.bucket, places.version(name, number), _bytes(document)):
                return document
            number += 1  # somebody published meanwhile

    def has_step(self, name: str, stage: str, sequence: int) -> bool:
        """Whether a stage has had so many steps: one lookup, without reading any."""
        return self._store.find(self.bucket, places.step(name, stage, sequence)) is not None

    def steps(self, name: str, stage: str) -> list[Step]:
        """Everything that was done to a stage, oldest first."""
        prefix = places.stage(name, stage)
        listed = [(places.sequence_of(prefix, o.name), o.name) for o in self._store.list(self.bucket, prefix)]
        found = transfer.run_all([partial(self._step, n, where) for n, where in sorted(listed) if n])
        for before, step in zip([None, *found], found, strict=False):
            said = step.document.get("previous")
            if said != (before.sha256 if before else None):
                raise Failure(
                    Exit.INPUT,
                    f"step {step.sequence} of {stage} does not follow the one before it: the history was changed",
                    "Ask the platform team for the audit log of the bucket",
                )
        return found

    def _step(self, sequence: int, where: str) -> Step:
        found = self._store.read(self.bucket, where)
        if found is None:
            raise _not_ours(where)
        document = _document(found, where)
        number, version_digest = document.get("number"), document.get("digest")
        if (
            type(number) is not int
            or not isinstance(version_digest, str)
            or document.get("sequence") != sequence
        ):
            raise _not_ours(where)
        return Step(sequence, number, version_digest, document, hashlib.sha256(found).hexdigest())

    def add_step(self, name: str, stage: str, after: Step | None, content: Document) -> Document:
        """Create the step that follows `after`. Raises Failure CONFLICT where another one was faster."""
        sequence = (after.sequence if after else 0) + 1
        if sequence > MOST_STEPS:
            raise Failure(Exit.BAD_JOB, f"{stage} of {name} has had {MOST_STEPS} steps", "Use another name")
        document = {
            **content,
            "model": name,
            "stage": stage,
            "sequence": sequence,
            "previous": after.sha256 if after else None,
        }
        if not self._store.create(self.bucket, places.step(name, stage, sequence), _bytes(document)):
            other = self._step(sequence, places.step(name, stage, sequence)).document
            done = "promoted" if other.get("action") == PROMOTE else "went back to"
            raise Failure(
                Exit.CONFLICT,
                f"{other.get('by')} {done} version {other['number']} meanwhile, at {other.get('at')}; nothing was changed",
                "Look at it, and decide again",
            )
        return document

    def write(self, where: str, content: Document) -> None:
        """Create a document whose name is nobody else's."""
        if not self._store.create(self.bucket, where, _bytes(content)):
            raise Failure(Exit.CONFLICT, f"gs://{self.bucket}/{where} exists already", "Try again")


def standing(steps: Sequence[Step]) -> list[Step]:
    """The promotions that rollbacks have not undone, the one in force last."""
    stack: list[Step] = []
    for step in steps:
        if step.document.get("action") == ROLLBACK:
            del stack[-1:]
        else:
            stack.append(step)
    return stack


def digest(files: Sequence[Document]) -> str:
    """What a version is: the SHA-256 of its files' paths and contents."""
    listed = sorted((item["path"], item["sha256"]) for item in files)
    return "sha256:" + hashlib.sha256(json.dumps(listed, ensure_ascii=True).encode()).hexdigest()


def _bytes(document: Document) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=True).encode()


def _document(data: bytes, where: str) -> Document:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise _not_ours(where) from None
    if not isinstance(value, dict):
        raise _not_ours(where)
    return value


def _not_ours(where: str) -> Failure:
    return Failure(
        Exit.INPUT, f"{where} is not what the runner wrote", "Ask the platform team for the audit log"
    )
