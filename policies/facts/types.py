"""Which types the proof knows: modelled by a channel, harmless for a stated reason, or undecided.

Source: ``policies/data/types.tsv``: type (``data.`` before a data source's), kind, and for a modelled type the family
that judges it, for a harmless one the reason, for an undecided one what nobody has modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Kind = Literal["modelled", "harmless", "undecided"]


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """One row of the table. ``text``: the family, the reason, or what is missing."""

    type: str
    kind: Kind
    text: str


@cache
def _table() -> bytes:
    return b"\n" + files("policies.data").joinpath("types.tsv").read_bytes()


@cache
def entry(type_: str) -> TypeEntry | None:
    """The row of a type, None for one the table has never heard of. Only this row is parsed."""
    table = _table()
    marker = f"\n{type_}\t".encode()
    start = table.find(marker)
    if start < 0:
        return None
    return _parse(table[start + 1 : table.find(b"\n", start + 1)])


def entries() -> list[TypeEntry]:
    """Every row, in the table's order."""
    return [_parse(line) for line in _table().split(b"\n")[2:] if line]


def _parse(line: bytes) -> TypeEntry:
    type_, kind, text = line.decode().split("\t")
    if kind not in ("modelled", "harmless", "undecided"):
        raise ValueError(f"types.tsv: {type_} is {kind}")
    return TypeEntry(type_, kind, text)  # type: ignore[arg-type]  # checked above
