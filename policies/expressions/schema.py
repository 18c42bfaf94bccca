"""The provider schema as a lookup: which paths of a type are blocks, and what kind of value each attribute takes.

Source: ``policies/data/provider-schema.tsv.gz`` (google 6.50.0, kubernetes 2.38.0). Only the rows of types that are
asked for are parsed: the whole table has 45,000.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files


@cache
def _table() -> bytes:
    return b"\n" + gzip.decompress(files("policies.data").joinpath("provider-schema.tsv.gz").read_bytes())


@cache
def attributes(type_: str) -> dict[str, tuple[str, str]]:
    """``{path: (value type, flags)}`` of a resource type; empty when the type is not in the schema.

    A block's value type starts with ``block:``; flags are of ``r o c s d``.
    """
    table = _table()
    start = table.find(f"\n{type_}\t".encode())
    if start < 0:
        return {}
    marker = f"\n{type_}\t".encode()
    rows: dict[str, tuple[str, str]] = {}
    while table.startswith(marker, start):
        end = table.find(b"\n", start + 1)
        end = len(table) if end < 0 else end
        fields = table[start + 1 : end].decode().split("\t")
        rows[fields[1]] = (fields[2], fields[3] if len(fields) > 3 else "")
        start = end
    return rows


@cache
def blocks(type_: str) -> frozenset[str]:
    """Paths of a type that are nested blocks."""
    return frozenset(path for path, (kind, _) in attributes(type_).items() if kind.startswith("block:"))
