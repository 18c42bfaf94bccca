"""Blocks of Terraform's JSON syntax: labels are nested objects, and at every level an array may stand for several.

Source: the "JSON Configuration Syntax" page of Terraform's documentation, and HCL's JSON specification.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.snapshot.model import InputError


class Mistakes:
    """The mistakes of one file, one line each."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []

    def add(self, where: str, text: str) -> None:
        """Enter one mistake."""
        if len(self.lines) < 100:
            self.lines.append(f"{self.file}: {where}: {text}")

    def settle(self) -> None:
        """Raise what was found."""
        if self.lines:
            raise InputError(*self.lines)


def blocks(
    value: Any, labels: int, where: str, mistakes: Mistakes
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every block below a section as (labels, body). Null is no block; what is no object is a mistake."""
    if value is None:
        return
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, Mapping):
            mistakes.add(where, f"an object is needed, not {shown(item)}")
        elif labels == 0:
            yield (), item
        else:
            for label, inner in item.items():
                if label == "//":
                    continue
                for rest, body in blocks(inner, labels - 1, f"{where}.{label}", mistakes):
                    yield (label, *rest), body


def shown(value: Any) -> str:
    """What kind of JSON value it is, for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a bool"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
