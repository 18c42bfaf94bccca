"""Paths to stacks: a cdktf.out, one cdk.tf.json, or ``terraform show -json`` plans."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.snapshot.model import Input, InputError, Snapshot, Stack
from policies.snapshot.plan import plan_stack
from policies.snapshot.synth import synth_stack


def load(paths: Iterable[Path]) -> Snapshot:
    """Read every stack below the given paths. Raises ``InputError`` with one message per file that cannot be read."""
    stacks: list[Stack] = []
    mistakes: list[str] = []
    for path in paths:
        try:
            stacks += [_read(file) for file in _files(path)]
        except InputError as error:
            mistakes += error.messages
    if mistakes:
        raise InputError(*mistakes)
    return Snapshot(stacks, [stack.source for stack in stacks])


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(path.glob("stacks/*/cdk.tf.json")) or sorted(path.glob("*/cdk.tf.json"))
        found = found or sorted(path.glob("*.tf.json"))
        if not found:
            raise InputError(f"{path}: no stacks here (expected stacks/*/cdk.tf.json)")
        return found
    if not path.exists():
        raise InputError(f"{path}: no such file; synthesize first with: make synth")
    return [path]


def _read(file: Path) -> Stack:
    data = file.read_bytes()
    try:
        tree: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}") from None
    source = Input(str(file), sha256(data).hexdigest())
    if isinstance(tree, dict) and "planned_values" in tree:
        return plan_stack(tree, source)
    if isinstance(tree, dict) and ("resource" in tree or "terraform" in tree):
        return synth_stack(tree, source)
    raise InputError(f"{file}: neither a synthesized stack nor a plan in JSON")
