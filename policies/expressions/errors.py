"""Why an expression has no value."""

from __future__ import annotations


class WrongError(Exception):
    """The expression is an error in Terraform too: ``try`` and ``can`` see it. The message is a phrase for people."""


class BeyondError(Exception):
    """The expression is beyond what is evaluated here (too deep, too large, a rare feature): always an unknown."""
