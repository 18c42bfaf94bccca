"""What a snapshot is made of. Raw: no expression is evaluated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["synth", "plan"]


class InputError(Exception):
    """The question was wrong: unreadable, truncated or foreign input. ``messages``: one line per mistake."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Input:
    """One file that was read. ``sha256`` is the hex digest of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource or data source as written.

    ``address`` is ``<stack>/<type>.<name>``, with ``[key]`` for an instance, ``data.`` before a data source's
    type and ``module.<m>.`` before that. ``body`` holds its arguments: literals, and strings that may hold
    ``${...}``. For a plan, ``body`` is the planned values and ``configured`` the expressions of the
    configuration section (as template strings where they are known), by which unknown values are resolved;
    ``unknown`` is the plan's ``after_unknown`` tree. ``meta`` holds the meta-arguments: count, for_each,
    depends_on, lifecycle, provisioner, connection, provider.
    """

    address: str
    stack: str
    type: str
    name: str
    body: Mapping[str, Any]
    mode: Literal["managed", "data"] = "managed"
    key: str | int | None = None
    module: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    configured: Mapping[str, Any] = field(default_factory=dict)
    unknown: Any = None


@dataclass(slots=True)
class Stack:
    """One state: the resources of one cdk.tf.json or one plan, and everything beside them.

    ``providers`` maps ``google`` or ``google.<alias>`` to its arguments; ``backend`` is (type, arguments) or
    None when absent (local); ``modules`` maps a module call's name to its arguments; ``notes`` are facts of the
    input that a channel must judge: (kind, detail), kinds: ``drift``, ``deferred``, ``targeted``, ``incomplete``,
    ``import``, ``moved``, ``removed``, ``disagreement``, ``forget``.
    """

    name: str
    kind: Kind
    source: Input
    resources: list[Resource] = field(default_factory=list)
    providers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    required_providers: dict[str, Any] = field(default_factory=dict)
    backend: tuple[str, Mapping[str, Any]] | None = None
    backend_known: bool = True  # a plan does not say its backend
    variables: dict[str, Any] = field(default_factory=dict)
    locals: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Snapshot:
    """Several stacks seen as one world."""

    stacks: list[Stack]

    @property
    def inputs(self) -> list[Input]:
        return [stack.source for stack in self.stacks]
