"""Values of a plan, with what is known only after apply resolved through the plan's configuration section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.expressions.evaluate import Evaluator
from policies.expressions.normalise import Shape
from policies.expressions.values import Unknown
from policies.snapshot.model import References

# A plan gives only the references of an expression. In these arguments an e-mail address never stands alone.
_MEMBERS = ("member", "members")


class Planned:
    """Resolves the unknown values of one resource."""

    __slots__ = ("_evaluator",)

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def value(self, name: str, raw: Any, configured: Any, unknown: Any, shape: Shape | None) -> Any:
        """The planned value ``raw`` of an argument; where the plan says it is unknown, its configured expression
        evaluated. An unknown that nothing configures is a default of the provider: absent."""
        if not _any(unknown):
            return raw
        if unknown is True:
            return None if configured is None else self._configured(name, configured, shape)
        if isinstance(raw, dict) and isinstance(unknown, dict):
            return self._mapping(name, raw, configured, unknown, shape)
        if isinstance(raw, list) and isinstance(unknown, list):
            return self._items(name, raw, configured, unknown, shape)
        return (
            Unknown("known after apply") if configured is None else self._configured(name, configured, shape)
        )

    def _mapping(
        self,
        name: str,
        raw: Mapping[str, Any],
        configured: Any,
        unknown: Mapping[str, Any],
        shape: Shape | None,
    ) -> Any:
        if isinstance(configured, str | References):
            configured = self._configured(name, configured, shape)
            if isinstance(configured, Unknown):
                return {
                    key: configured if _any(unknown.get(key)) else raw.get(key) for key in {**raw, **unknown}
                }
        known = configured if isinstance(configured, dict) else {}
        inner = shape.inner if shape is not None else {}
        keys = {**raw, **{key: None for key, flag in unknown.items() if _any(flag)}}
        return {
            key: self.value(key, raw.get(key), known.get(key), unknown.get(key), inner.get(key))
            for key in keys
        }

    def _items(
        self, name: str, raw: list[Any], configured: Any, unknown: list[Any], shape: Shape | None
    ) -> Any:
        """Elements one by one. What the configuration gives for them is found by position or, in a set, whose planned
        order is its own, by the values that are known."""
        flags = [*unknown, *[False] * (len(raw) - len(unknown))][: len(raw)]
        if isinstance(configured, References):
            return self._referring(name, raw, configured, flags)
        if isinstance(configured, str):
            configured = self._configured(name, configured, shape)
        candidates = (
            configured if isinstance(configured, list) else [] if configured is None else [configured]
        )
        found: list[Any] = []
        for position, (item, flag) in enumerate(zip(raw, flags, strict=True)):
            if not _any(flag):
                found.append(item)
                continue
            matching = [candidate for candidate in candidates if self._fits(candidate, item)]
            choice: Any = matching[0] if len(matching) == 1 else None
            if len(candidates) == len(raw) and any(candidates[position] is match for match in matching):
                choice = candidates[position]
            found.append(
                Unknown("known after apply", exact=False)
                if choice is None and flag is True
                else self.value(name, item, choice, flag, shape)
            )
        return found

    def _referring(self, name: str, raw: list[Any], references: References, flags: list[Any]) -> list[Any]:
        """A list of which only the references are known: one each for its unknown elements, where the numbers agree."""
        count = sum(1 for flag in flags if flag is True)
        if count == len(references.names):
            values = iter([self._referred(name, References((one,))) for one in references.names])
        else:
            values = iter([self._several(name, references)] * count)
        return [
            next(values) if flag is True else self.value(name, item, None, flag, None)
            for item, flag in zip(raw, flags, strict=True)
        ]

    def _several(self, name: str, references: References) -> Any:
        """What an element is that hangs on one or more of some references."""
        value = self._referred(name, references)
        return value if isinstance(value, Unknown) else Unknown("known after apply", exact=False)

    def _fits(self, configured: Any, item: Any) -> bool:
        """Whether the known arguments of a configured block agree with those of a planned one."""
        if not isinstance(configured, dict) or not isinstance(item, dict):
            return not isinstance(configured, dict) and item is None
        for key, expression in configured.items():
            if isinstance(expression, str | int | float | bool) and item.get(key) is not None:
                value = self._evaluator.argument(expression)
                if not isinstance(value, Unknown) and str(value).lower() != str(item[key]).lower():
                    return False
        return True

    def _configured(self, name: str, configured: Any, shape: Shape | None) -> Any:
        if isinstance(configured, References):
            value = self._referred(name, configured)
            of_list = shape is not None and shape.kind == "strings"
            return [value] if of_list and not isinstance(value, list | tuple) else value
        if isinstance(configured, dict):
            inner = shape.inner if shape is not None else {}
            return {key: self._configured(key, value, inner.get(key)) for key, value in configured.items()}
        if isinstance(configured, list):
            return [self._configured(name, item, shape) for item in configured]
        return self._evaluator.argument(configured)

    def _referred(self, name: str, references: References) -> Any:
        value = self._evaluator.references(references)
        return _as_member(value) if name in _MEMBERS else value


def _any(unknown: Any) -> bool:
    if isinstance(unknown, dict):
        return any(_any(inner) for inner in unknown.values())
    if isinstance(unknown, list):
        return any(_any(inner) for inner in unknown)
    return unknown is True


def _as_member(value: Any) -> Any:
    """The expression around a reference to an e-mail address can only have been ``serviceAccount:...``."""
    if isinstance(value, str) and "@" in value and ":" not in value:
        return f"serviceAccount:{value}"
    if isinstance(value, Unknown) and not value.prefix and value.refs and value.refs[0].endswith(".email"):
        return Unknown(value.reason, "serviceAccount:", value.refs, value.exact)
    return value
