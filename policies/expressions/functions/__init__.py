"""Terraform's pure functions, one module per kind. What is not here is not evaluated."""

from policies.expressions.functions import (
    collections,
    dates,
    encoding,
    formatting,
    hashes,
    network,
    numeric,
    patterns,
    provider,
    sets,
    strings,
    types,
)
from policies.expressions.functions.registry import FUNCTIONS, call

__all__ = [
    "FUNCTIONS", "call", "collections", "dates", "encoding", "formatting", "hashes", "network", "numeric",
    "patterns", "provider", "sets", "strings", "types",
]  # fmt: skip
