"""What a snapshot is made of. Raw: no expression is evaluated here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_KEYS = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")

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
class References:
    """An argument of a plan's configuration of which only the references are known, not the expression: the longest
    ones, as written (``google_x.y.email``, ``var.z``)."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource or data source as written.

    ``address`` is ``<stack>/<type>.<name>``, with ``[key]`` for an instance, ``data.`` before a data source's
    type and ``module.<m>.`` before that. ``body`` holds its arguments: literals, and strings that may hold
    ``${...}``. For a plan, ``body`` is the planned values, never a template; ``configured`` are the arguments of
    the configuration section (template strings, or ``References``), by which unknown values are resolved, and
    ``unknown`` is the plan's ``after_unknown`` tree (None: not from a plan). ``meta`` holds the meta-arguments:
    count, for_each, depends_on, lifecycle, provisioner, connection, provider. ``module`` is the module's address with
    the keys of its instances; ``provider`` the configuration it names, if it names one (``google.<alias>``).
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
    unknown: Mapping[str, Any] | None = None
    provider: str = ""
    paired: bool = False  # both planned and configured by a synthesized stack: the two must agree

    @property
    def module_path(self) -> str:
        """The module's address without the keys of its instances."""
        return _KEYS.sub("", self.module) if "[" in self.module else self.module

    @property
    def provider_key(self) -> str:
        """The provider configuration it belongs to: by default the one its type begins with."""
        return self.provider or self.type.partition("_")[0]


@dataclass(slots=True)
class Module:
    """The names of one module of a stack. ``path`` is ``module.<name>.module.<name>``, empty for the root.

    ``variables`` and ``outputs`` are blocks as written (``{"default": ...}``, ``{"value": ...}``); ``inputs`` are the
    arguments of the call, in the parent's names; ``given`` the values of variables that the input states.
    """

    path: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    locals: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        """The path of the module that calls it."""
        return self.path.rpartition("module.")[0].rstrip(".")


@dataclass(slots=True)
class Stack:
    """One state: the resources of one cdk.tf.json or one plan, and everything beside them.

    ``providers`` maps ``google`` or ``google.<alias>`` to its arguments; ``backend`` is (type, arguments) or
    None when absent (local); ``modules`` maps a module call's name to its arguments; ``children`` are the modules
    below the root whose contents are known, by path; ``given`` the values of root variables that the input states;
    ``notes`` are facts of the input that a channel must judge: (kind, detail), kinds: ``drift``, ``deferred``,
    ``targeted``, ``incomplete``, ``errored``, ``import``, ``moved``, ``removed``, ``disagreement``, ``forget``,
    ``destroy``, ``unread``.
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
    children: dict[str, Module] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def modules_by_path(self) -> dict[str, Module]:
        """Every module whose contents are known, the root under the empty path."""
        root = Module("", self.variables, self.locals, self.outputs, {}, self.given)
        return {"": root, **self.children}


@dataclass(slots=True)
class Snapshot:
    """Several stacks seen as one world. ``inputs``: every file that was read."""

    stacks: list[Stack]
    inputs: list[Input] = field(default_factory=list)
