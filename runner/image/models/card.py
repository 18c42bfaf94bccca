"""model.json, the card that a job writes beside its model's files: what the model is and how it answers.

The card is the team's bytes: data, read as JSON and bounded. Its signature is in MLflow's words (a list of named,
typed columns), so that what the registry, the server and the tracking say of a model is one thing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.image.exits import Exit, Failure
from runner.image.models.places import CARD
from runner.image.models.request import LICENSE, is_number
from runner.image.spec import is_command, is_path

LARGEST = 64 << 10  # bytes of a card
LARGEST_GOLDEN = 16 << 20
MOST_COLUMNS = 200
MOST_GOLDEN = 1000
TOLERANCE = 1e-6  # of a double of a golden answer, relative and absolute, where the card gives none
COLUMN = r"[A-Za-z_][A-Za-z0-9_.-]{0,62}"
SCALARS = ("string", "long", "double", "boolean")
KEYS = {"version", "run", "license", "signature", "golden", "tolerance"}
REQUIRED = KEYS - {"tolerance"}
MOST_INTEGER = 1 << 63


@dataclass(frozen=True)
class Column:
    """A named value of an instance or a prediction; `array`: a list of such scalars."""

    name: str
    type: str
    array: bool

    def fits(self, value: Any) -> bool:
        """Whether a value read from JSON is of the column's type."""
        if self.array:
            return isinstance(value, list) and all(_is(self.type, item) for item in value)
        return _is(self.type, value)

    def plain(self) -> dict[str, Any]:
        """As the card writes it."""
        if self.array:
            return {"name": self.name, "type": "array", "items": {"type": self.type}}
        return {"name": self.name, "type": self.type}


@dataclass(frozen=True)
class Card:
    """A checked card. `golden` names a file beside it with one {"instance": ..., "prediction": ...} per line."""

    run: tuple[str, ...]
    license: str
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    golden: str
    tolerance: float

    @property
    def signature(self) -> dict[str, Any]:
        """As the card writes it."""
        return {"inputs": [c.plain() for c in self.inputs], "outputs": [c.plain() for c in self.outputs]}


@dataclass(frozen=True)
class Golden:
    """A request whose answer is known."""

    instance: dict[str, Any]
    prediction: dict[str, Any]


def parse(data: bytes, where: str = CARD) -> Card:
    """The card in a file. Raises Failure BAD_JOB naming every key that is wrong."""
    value = _object(data, where, LARGEST)
    mistakes = [f"unknown key {key!r}" for key in sorted(set(value) - KEYS)]
    mistakes += [f"{key} is missing" for key in sorted(REQUIRED - set(value))]
    signature = value.get("signature")
    columns: dict[str, tuple[Column, ...]] = {"inputs": (), "outputs": ()}
    if isinstance(signature, dict) and set(signature) == set(columns):
        for side in columns:
            found = list(_columns(signature[side]))
            if (
                found
                and None not in found
                and len({c.name for c in found if c}) == len(found) <= MOST_COLUMNS
            ):
                columns[side] = tuple(column for column in found if column)
            else:
                mistakes.append(f"signature.{side}: expected named columns of {', '.join(SCALARS)} or arrays")
    elif "signature" in value:
        mistakes.append("signature: expected inputs and outputs")
    checks = {
        "version": (lambda v: v == 1, "1"),
        "run": (is_command, "the command that answers requests"),
        "license": (lambda v: isinstance(v, str) and re.fullmatch(LICENSE, v), "an SPDX identifier"),
        "golden": (is_path, "a file beside this one with requests and their answers"),
        "tolerance": (lambda v: is_number(v) and v >= 0, "a number from 0"),
    }
    mistakes += [
        f"{key}: expected {what}" for key, (ok, what) in checks.items() if key in value and not ok(value[key])
    ]
    if mistakes:
        raise _refused(f"{where}: " + "; ".join(mistakes))
    return Card(
        run=tuple(value["run"]),
        license=value["license"],
        inputs=columns["inputs"],
        outputs=columns["outputs"],
        golden=value["golden"].removeprefix("./"),
        tolerance=float(value.get("tolerance", TOLERANCE)),
    )


def golden(data: bytes, card: Card) -> list[Golden]:
    """The golden requests of a model. Raises Failure BAD_JOB where they do not fit the signature."""
    if len(data) > LARGEST_GOLDEN:
        raise _refused(f"{card.golden}: over {LARGEST_GOLDEN} bytes")
    lines = [line for line in data.splitlines() if line.strip()]
    if not 0 < len(lines) <= MOST_GOLDEN:
        raise _refused(f"{card.golden}: expected 1 to {MOST_GOLDEN} lines, found {len(lines)}")
    found = []
    for number, line in enumerate(lines, start=1):
        value = _object(line, f"{card.golden}:{number}", LARGEST_GOLDEN)
        if set(value) != {"instance", "prediction"}:
            raise _refused(f"{card.golden}:{number}: expected instance and prediction")
        for side, columns in (("instance", card.inputs), ("prediction", card.outputs)):
            if wrong := misfit(value[side], columns):
                raise _refused(f"{card.golden}:{number}: {side}: {wrong}")
        found.append(Golden(value["instance"], value["prediction"]))
    return found


def misfit(value: Any, columns: tuple[Column, ...]) -> str:
    """What keeps an instance or a prediction from fitting its columns, without repeating any of it; or nothing."""
    if not isinstance(value, dict):
        return "expected an object with the signature's columns"
    missing = [column.name for column in columns if column.name not in value]
    if missing:
        return f"{', '.join(missing[:5])} is missing"
    if len(value) > len(columns):
        return f"expected only {', '.join(column.name for column in columns[:20])}"
    wrong = [c for c in columns if not c.fits(value[c.name])]
    kinds = [f"{c.name} is not {'an array of ' if c.array else 'a '}{c.type}" for c in wrong[:5]]
    return "; ".join(kinds)


def differs(
    found: dict[str, Any], expected: dict[str, Any], columns: tuple[Column, ...], tolerance: float
) -> str:
    """The first column in which a prediction is not the expected one; or nothing."""
    for column in columns:
        a, b = found[column.name], expected[column.name]
        pairs = list(zip(a, b, strict=False)) if column.array else [(a, b)]
        same = not column.array or len(a) == len(b)
        if column.type == "double":
            same = same and all(math.isclose(x, y, rel_tol=tolerance, abs_tol=tolerance) for x, y in pairs)
        else:
            same = same and all(x == y for x, y in pairs)
        if not same:
            return column.name
    return ""


def _is(kind: str, value: Any) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "long":
        return type(value) is int and -MOST_INTEGER <= value < MOST_INTEGER
    return is_number(value)


def _columns(value: Any) -> Iterator[Column | None]:
    for item in value if isinstance(value, list) else ():
        name, kind = (item.get("name"), item.get("type")) if isinstance(item, dict) else (None, None)
        inner = item.get("items") if kind == "array" else None
        of = inner.get("type") if isinstance(inner, dict) and set(inner) == {"type"} else None
        scalar, expected = (of, {"name", "type", "items"}) if kind == "array" else (kind, {"name", "type"})
        named = isinstance(name, str) and re.fullmatch(COLUMN, name)
        if not named or scalar not in SCALARS or set(item) != expected:
            yield None
        else:
            yield Column(name, scalar, kind == "array")


def _object(data: bytes, where: str, largest: int) -> dict[str, Any]:
    if len(data) > largest:
        raise _refused(f"{where}: over {largest} bytes")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise _refused(f"{where}: not JSON") from None
    if not isinstance(value, dict):
        raise _refused(f"{where}: not a JSON object")
    return value


def _refused(why: str) -> Failure:
    return Failure(Exit.BAD_JOB, why, "Correct what the job writes, and run it again")
