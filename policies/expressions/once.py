"""Named values, each evaluated once: what leads back to itself, or through too long a chain, is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.evaluate import Budget
from policies.expressions.values import Unknown

# What one link of a chain of references costs of the depth that a budget allows.
_LINK = 3
RUNNING = object()


class Once:
    """The values of one scope by name."""

    __slots__ = ("_budget", "_values")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._values: dict[str, Any] = {}

    def value(self, name: str, compute: Callable[[], Any], reference: Callable[[str], str]) -> Any:
        """The value under a name, computed at the first call; ``reference`` writes the name for messages."""
        found = self._values.get(name, self)
        if found is RUNNING:
            return Unknown(f"cyclic reference through {reference(name)}", refs=(reference(name),))
        if found is not self:
            return found
        self._values[name] = RUNNING
        budget = self._budget
        depth = budget.depth
        budget.depth += _LINK
        try:
            if budget.depth > budget.max_depth:
                raise BeyondError("a chain of references too deep")
            value = compute()
        except (BeyondError, RecursionError) as error:
            value = Unknown(str(error), refs=(reference(name),))
        except WrongError as error:
            value = Unknown(f"an invalid expression: {error}", refs=(reference(name),))
        finally:
            budget.depth = depth
        self._values[name] = value
        return value
