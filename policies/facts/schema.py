"""The provider schema, for facts and channels. See ``policies.expressions.schema``."""

from policies.expressions.schema import attributes, blocks

__all__ = ["attributes", "blocks"]
