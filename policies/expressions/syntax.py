"""The syntax tree of Terraform's expressions and templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Template:
    """Parts joined as text. A template that is a single interpolation is parsed to that expression itself."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class TemplateIf:
    """``%{ if }``."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class TemplateFor:
    """``%{ for }``; ``key`` is the variable of the key, None without one."""

    key: str | None
    value: str
    collection: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Name:
    """A root name: a resource type, ``var``, ``local``, ``each``, a variable of a ``for`` ..."""

    name: str


@dataclass(frozen=True, slots=True)
class GetAttr:
    """``of.name``."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``of[key]``."""

    of: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Each:
    """The element a splat is applied to, inside ``Splat.body``."""


@dataclass(frozen=True, slots=True)
class Splat:
    """``of[*]`` or ``of.*``: ``body`` is what is applied to each element."""

    of: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Call:
    """``expand``: the last argument is spread (``f(xs...)``)."""

    function: str
    arguments: tuple[Node, ...]
    expand: bool


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` and ``!x``."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison and logic."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Conditional:
    """``condition ? then : otherwise``."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Tuple:
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """``{key = value}``; a bare name is a literal key."""

    items: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class For:
    """A ``for`` expression: of a tuple when ``result_key`` is None. ``grouped``: ``...`` after the value."""

    key: str | None
    value: str
    collection: Node
    result_key: Node | None
    result: Node
    condition: Node | None
    grouped: bool


Node = (
    Literal | Template | TemplateIf | TemplateFor | Name | GetAttr | Index | Each | Splat | Call
    | Unary | Binary | Conditional | Tuple | Object | For
)  # fmt: skip
