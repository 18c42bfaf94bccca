"""The expressions of a plan's configuration section as arguments: literals, template strings, or ``References``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.snapshot.model import References


def argument(node: Any) -> Any:
    """One expression, block or list of blocks.

    From JSON syntax the plan keeps the whole text (``constant_value`` beside ``references``); from HCL only what it
    refers to, each reference followed by its own beginnings (``a.b.c``, ``a.b``): only the longest say something.
    """
    if isinstance(node, Mapping):
        if "constant_value" in node:
            return node["constant_value"]
        if set(node) == {"references"} and isinstance(node["references"], list):
            return References(_longest(node["references"]))
        return {key: argument(value) for key, value in node.items()}
    if isinstance(node, list):
        return [argument(item) for item in node]
    return node


def _longest(references: list[Any]) -> tuple[str, ...]:
    texts = [text for text in references if isinstance(text, str)]
    return tuple(
        text
        for position, text in enumerate(texts)
        if not any(_begins(other, text) for other in texts[:position]) and text not in texts[:position]
    )


def _begins(longer: str, text: str) -> bool:
    return longer.startswith(text) and longer[len(text) : len(text) + 1] in (".", "[")
