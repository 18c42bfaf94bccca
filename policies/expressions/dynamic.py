"""``dynamic`` blocks: blocks repeated over a collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policies.expressions.convert import kind
from policies.expressions.errors import WrongError
from policies.expressions.values import Namespace, SetValue, Unknown, derived

if TYPE_CHECKING:
    from policies.expressions.evaluate import Evaluator


def dynamic_blocks(body: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The ``dynamic`` blocks of a body, by the name of the block they repeat; empty when its ``dynamic`` is an
    ordinary argument."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    sections = body.get("dynamic")
    for section in sections if isinstance(sections, list) else [sections]:
        if not isinstance(section, Mapping):
            return {}
        for label, entries in section.items():
            for entry in entries if isinstance(entries, list) else [entries]:
                if not isinstance(entry, Mapping) or "for_each" not in entry or "content" not in entry:
                    return {}
                found.setdefault(label, []).append(entry)
    return found


def with_repeated(written: Any, label: str, entries: list[Mapping[str, Any]], evaluator: Evaluator) -> Any:
    """The blocks written out, and after them those that ``dynamic`` blocks make, evaluated; unknown when what one of
    them repeats over is."""
    found = list(written) if isinstance(written, list) else [written]
    for entry in entries:
        blocks = _repeated(label, entry, evaluator)
        if isinstance(blocks, Unknown):
            return blocks
        found += blocks
    return found


def _repeated(label: str, entry: Mapping[str, Any], evaluator: Evaluator) -> list[Any] | Unknown:
    collection = evaluator.argument(entry["for_each"])
    if isinstance(collection, Unknown | Namespace):
        return derived([collection.whole() if isinstance(collection, Namespace) else collection])
    if isinstance(collection, SetValue):
        pairs: list[tuple[Any, Any]] = [(item, item) for item in collection]
    elif isinstance(collection, Mapping):
        pairs = [(key, collection[key]) for key in sorted(collection)]
    elif isinstance(collection, list | tuple):
        pairs = list(enumerate(collection))
    else:
        raise WrongError(f"a dynamic block over a {kind(collection)}")
    name = entry.get("iterator") or label
    contents = entry["content"] if isinstance(entry["content"], list) else [entry["content"]]
    outer = evaluator.variables
    found: list[Any] = []
    try:
        for key, value in pairs:
            evaluator.variables = {**outer, str(name): {"key": key, "value": value}}
            found += [evaluator.argument(content) for content in contents]
    finally:
        evaluator.variables = outer
    return found
