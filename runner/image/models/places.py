"""Where a model's objects lie in the team's artifacts bucket, and the names they may have."""

from __future__ import annotations

import re

NAME = r"[a-z](?:[a-z0-9-]{0,36}[a-z0-9])?"
STAGES = ("staging", "production")
ROOT = "models/"
CARD = "model.json"  # beside a model's files: what it is and how it answers
PULLED = "version.json"  # in the work directory: the version that `pull` laid out there
_VERSION = re.compile(rf"{ROOT}({NAME})/versions/([1-9][0-9]{{0,5}})\.json")
_STEP = re.compile(r"([0-9]{6})\.json")


def model(name: str) -> str:
    """Prefix of everything of one model."""
    return f"{ROOT}{name}/"


def versions(name: str) -> str:
    """Prefix of a model's versions."""
    return f"{model(name)}versions/"


def version(name: str, number: int) -> str:
    """The object that is a version."""
    return f"{versions(name)}{number}.json"


def version_of(object_name: str) -> tuple[str, int] | None:
    """Model and number of an object that is a version."""
    found = _VERSION.fullmatch(object_name)
    return (found[1], int(found[2])) if found else None


def content(name: str, sha256: str) -> str:
    """A file of a model, named by the SHA-256 of its bytes: versions share what they have in common."""
    return f"{model(name)}files/{sha256}"


def stage(name: str, stage_: str) -> str:
    """Prefix of the steps of a stage."""
    return f"{model(name)}stages/{stage_}/"


def step(name: str, stage_: str, sequence: int) -> str:
    """The object of one promotion or rollback; they are numbered without gaps."""
    return f"{stage(name, stage_)}{sequence:06d}.json"


def sequence_of(prefix: str, object_name: str) -> int | None:
    """The number of a step's object below its stage's prefix."""
    found = _STEP.fullmatch(object_name.removeprefix(prefix))
    return int(found[1]) if found else None


def released(name: str, number: int, occasion: str) -> str:
    """Prefix in the results bucket under which one release puts a version's files."""
    return f"{ROOT}{name}/{number}/{occasion}/"


def release(name: str, number: int, occasion: str) -> str:
    """The object that says what was released to whom."""
    return f"{model(name)}releases/{number}-{occasion}.json"
