"""Bytes to resources: addresses and raw expressions, nothing resolved."""

from policies.snapshot.load import load
from policies.snapshot.model import Input, InputError, Resource, Snapshot, Stack

__all__ = ["Input", "InputError", "Resource", "Snapshot", "Stack", "load"]
