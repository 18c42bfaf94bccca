"""The words of the APIs: names in camel case, blocks of which there is one as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.resource import Res

PROJECT, NUMBER = "acme-ml-prod", "111122223333"
COMPUTE = "https://www.googleapis.com/compute/v1"
Json = dict[str, Any]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def known(value: Any) -> Any:
    """A tree in the API's letters, without what nobody knows before it is deployed. Maps of labels keep their keys."""
    if isinstance(value, Mapping):
        return {
            camel(key): (dict(inner) if key in ("labels", "user_labels", "resource_labels", "label_extractors", "metadata") and isinstance(inner, Mapping) else known(inner))
            for key, inner in value.items() if not isinstance(inner, Unknown)
        }  # fmt: skip
    if isinstance(value, list | tuple):
        return [known(item) for item in value if not isinstance(item, Unknown)]
    return value


def one(values: Json, *names: str) -> Json:
    """Blocks of which there is at most one are objects in the API."""
    for path in names:
        holder: Any = values
        *outer, last = path.split(".")
        for part in outer:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(holder.get(last), list):
            holder[last] = holder[last][0] if holder[last] else {}
    return values


def data_of(res: Res, *singles: str) -> Json:
    return one(known(dict(res.values)), *singles)
