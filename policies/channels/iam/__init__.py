"""Channels of family IAM: who is granted what, what they come to by it, and the guards that should stop them."""

from policies.channels.iam import (
    accounts,
    conditions,
    elevation,
    federation,
    guards,
    impersonation,
    inheritance,
    members,
    policy,
    tags,
)

__all__ = [
    "accounts",
    "conditions",
    "elevation",
    "federation",
    "guards",
    "impersonation",
    "inheritance",
    "members",
    "policy",
    "tags",
]
