"""``data.terraform_remote_state``: the outputs of another stack, found by where its state lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from policies.expressions.convert import plain
from policies.expressions.values import Namespace, Unknown

if TYPE_CHECKING:
    from policies.expressions.instances import ResourceObject
    from policies.expressions.scope import Whole
    from policies.snapshot.model import Stack

_LOCATION = {"gcs": ("bucket", "prefix"), "local": ("path",)}


class RemoteOutputs(Namespace):
    """The outputs of another stack; ``defaults`` of the data source stand in for those it lacks."""

    __slots__ = ("_defaults", "_reader", "_stack")

    def __init__(self, reader: ResourceObject, stack: Stack, defaults: Mapping[str, Any]) -> None:
        self._reader, self._stack, self._defaults = reader, stack, defaults

    def member(self, name: str) -> Any:
        if name not in self._stack.outputs and name in self._defaults:
            return self._defaults[name]
        return self._reader.scope.whole.scope(self._stack.name).output(name)

    def whole(self) -> Unknown:
        return Unknown(
            "outputs as a whole are not evaluated", refs=(f"{self._reader.address}.outputs",), exact=False
        )


def outputs(reader: ResourceObject) -> Any:
    """What ``data.terraform_remote_state.<name>.outputs`` stands for."""
    kind = reader.configured("backend")
    config = reader.configured("config")
    reference = f"{reader.address}.outputs"
    if not isinstance(kind, str) or not isinstance(config, Mapping):
        return Unknown("a remote state whose place cannot be resolved", refs=(reference,))
    place = location(kind, config)
    stack = None if place is None else _stack_at(reader, kind, place)
    if stack is None:
        return Unknown("the state of a stack that is not part of the input", refs=(reference,))
    defaults = reader.configured("defaults")
    return RemoteOutputs(reader, stack, defaults if isinstance(defaults, Mapping) else {})


def location(kind: str, arguments: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What identifies a state among those of its kind of backend; None when that cannot be told."""
    names = _LOCATION.get(kind)
    if names is None:
        return None
    values = [arguments.get(name, "") for name in names]
    if not all(isinstance(value, str) for value in values):
        return None
    # cdktf writes an absolute path for one stack and a relative one for another.
    return tuple(
        str(value).rsplit("/", 1)[-1] if kind == "local" else str(value).strip("/") for value in values
    )


def _stack_at(reader: ResourceObject, kind: str, place: tuple[str, ...]) -> Stack | None:
    """The stack whose state lies there; among plans, which do not name their backend, the one of that name."""
    whole = reader.scope.whole
    found = whole.states.get((kind, place))
    if found is not None:
        return found
    name = place[-1].rsplit("/", 1)[-1].split(".")[0]
    scope = whole.find(name, "")
    return scope.stack if scope is not None and not scope.stack.backend_known else None


def states(whole: Whole) -> dict[tuple[str, tuple[str, ...]], Stack]:
    """The stacks by the kind of their backend and the place of their state."""
    found: dict[tuple[str, tuple[str, ...]], Stack] = {}
    for stack in whole.snapshot.stacks:
        if stack.backend is not None:
            kind, written = stack.backend
            scope = whole.scope(stack.name)
            place = location(kind, {key: plain(scope.argument(value)) for key, value in written.items()})
            if place is not None:
                found.setdefault((kind, place), stack)
    return found
