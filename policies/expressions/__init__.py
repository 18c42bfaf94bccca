"""Expressions to values: every resource's arguments evaluated as far as the snapshot allows."""

from policies.expressions.resolve import Resolved, resolve
from policies.expressions.values import Unknown

__all__ = ["Resolved", "Unknown", "resolve"]
