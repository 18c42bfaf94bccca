"""Paths to stacks: a cdktf.out, a folder of one configuration, one cdk.tf.json, or ``terraform show -json`` plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.snapshot.model import Input, InputError, Snapshot, Stack
from policies.snapshot.pair import paired
from policies.snapshot.plan import is_plan, plan_stack
from policies.snapshot.reading import parse, read_bytes
from policies.snapshot.synth import is_synthesized, synth_stack


@dataclass(frozen=True, slots=True)
class _Document:
    tree: Mapping[str, Any]
    source: Input


def load(paths: Iterable[Path]) -> Snapshot:
    """Read every stack at or below the given paths; a plan and the configuration it was made from become one stack.

    Raises ``InputError`` with one line per mistake of every file.
    """
    stacks: list[Stack] = []
    inputs: list[Input] = []
    mistakes: list[str] = []
    for file in _files(paths, mistakes):
        try:
            document = _read(file)
            stacks.append(_stack(document))
            stacks[-1].notes += _beside(file)
            inputs.append(document.source)
        except InputError as error:
            mistakes += error.messages
    stacks = paired(stacks)
    mistakes += _same_names(stacks)
    if mistakes:
        raise InputError(*mistakes)
    return Snapshot(stacks, inputs)


def _files(paths: Iterable[Path], mistakes: list[str]) -> list[Path]:
    """The files to read, each once, in order."""
    found: dict[Path, Path] = {}
    for path in paths:
        try:
            for file in _below(path):
                found.setdefault(file.resolve(), file)
        except InputError as error:
            mistakes += error.messages
        except OSError as error:
            mistakes.append(f"{path}: cannot be read: {error.strerror or error}")
    return list(found.values())


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: no such file; synthesize first with: make synth")
    for pattern in ("stacks/*/cdk.tf.json", "*/cdk.tf.json", "*.tf.json"):
        found = sorted(path.glob(pattern))
        if found:
            return found
    plans = [file for file in sorted(path.glob("*.json")) if b'"planned_values"' in read_bytes(file)]
    if not plans:
        raise InputError(f"{path}: no stacks here (expected stacks/*/cdk.tf.json, *.tf.json or plans)")
    return plans


def _read(file: Path) -> _Document:
    data = read_bytes(file)
    tree = parse(data, file)
    if not isinstance(tree, Mapping):
        raise InputError(f"{file}: neither a synthesized stack nor a plan: its JSON is no object")
    return _Document(tree, Input(str(file), sha256(data).hexdigest()))


def _stack(document: _Document) -> Stack:
    tree, source = document.tree, document.source
    if is_plan(tree):
        return plan_stack(tree, source)
    if is_synthesized(tree):
        return synth_stack(tree, source)
    if "values" in tree and "format_version" in tree:
        raise InputError(f"{source.path}: a state, not a plan; make one with: terraform plan -out=FILE")
    raise InputError(f"{source.path}: neither a synthesized stack nor a plan in JSON")


def _beside(file: Path) -> list[tuple[str, str]]:
    """What Terraform would read from the same folder, and this check does not."""
    if not file.name.endswith(".tf.json"):
        return []
    others = [*file.parent.glob("*.tf"), *file.parent.glob("*.tfvars"), *file.parent.glob("*.tfvars.json")]
    if file.name == "cdk.tf.json":
        others += [other for other in file.parent.glob("*.tf.json") if other.name != file.name]
    return [("unread", str(other)) for other in sorted(others)]


def _same_names(stacks: list[Stack]) -> list[str]:
    by_name: dict[str, Stack] = {}
    mistakes: list[str] = []
    for stack in stacks:
        other = by_name.setdefault(stack.name, stack)
        if other is not stack:
            mistakes.append(
                f"{stack.source.path}: a stack named {stack.name!r} is also in {other.source.path}"
            )
    return mistakes
