"""Whether a plan says what the configuration says."""

from __future__ import annotations

from typing import Any

from policies.expressions.values import Unknown


def agrees(planned: Any, configured: Any) -> bool:
    """Whether everything the configuration sets is in the plan. Both in their schema's form; what is unknown on either
    side is no disagreement, nor is what only the plan has (defaults), nor the order of a list (it may be a set)."""
    if configured is None or isinstance(configured, Unknown) or isinstance(planned, Unknown):
        return True
    if isinstance(configured, dict):
        if not isinstance(planned, dict):
            return planned is None and not configured
        return all(agrees(planned.get(key), value) for key, value in configured.items())
    if isinstance(configured, list | tuple):
        if planned is None:
            return not configured
        if not isinstance(planned, list | tuple) or len(planned) != len(configured):
            return False
        return all(agrees(a, b) for a, b in zip(planned, configured, strict=True)) or all(
            any(agrees(item, wanted) for item in planned) for wanted in configured
        )
    if planned is None:
        return configured in (False, "", 0)
    return planned == configured or _text(planned) == _text(configured)


def _text(value: Any) -> str:
    """The provider may write a link for a name, and a plan a string for a number."""
    text = str(value).lower().rstrip("./")
    return text.rsplit("/", 1)[-1]
