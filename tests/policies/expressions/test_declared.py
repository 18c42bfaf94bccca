"""Values of variables, converted to their types as ``terraform console`` converts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.expressions.convert import plain
from policies.expressions.declared import converted
from policies.expressions.errors import BeyondError, WrongError
from tests.policies.expressions.console import console, needs_terraform, same

FITTING: list[tuple[str, Any]] = [
    ('object({ p = optional(string, "inherited") })', {}),
    ('object({ p = optional(string, "inherited") })', {"p": None}),
    ('object({ p = optional(string, "inherited") })', {"p": "enforced", "q": "x"}),
    ("object({ p = optional(string) })", {}),
    ("object({ q = string })", {"q": "x", "p": "enforced"}),
    ("object({ d = string })", {"d": True}),
    ("object({ d = number, e = bool })", {"d": "10", "e": "true"}),
    ("object({ d = string })", {"d": None}),
    ("tuple([string, number])", [1, "2"]),
    ("list(object({ p = optional(string, \"x\"), r = optional(list(string), [\"0.0.0.0/0\"]) }))", [{}, {"p": "y"}]),
    ("map(object({ m = optional(number, -1) }))", {"a": {}, "b": {"m": "3"}}),
    ("object({ o = optional(object({ x = optional(bool, false) }), {}) })", {}),
    ("object({ o = optional(object({ x = optional(bool, false) })) })", {}),
    ("object({\n  a = string\n  b = optional(string, \"\")\n})", {"a": 1}),
    ("set(string)", ["b", "a", "b"]),
    ("map(string)", {"a": 1, "b": True}),
    ("map(any)", {"a": "x"}),
    ("list(bool)", ["true", False]),
    ("any", {"a": [1]}),
    ("string", None),
]  # fmt: skip


@needs_terraform
def test_values_are_terraforms(tmp_path: Path) -> None:
    declared = {
        f"v{n}": {"type": type_, "default": default, "nullable": True}
        for n, (type_, default) in enumerate(FITTING)
    }
    (tmp_path / "variables.tf.json").write_text(json.dumps({"variable": declared}))
    theirs = console([f"var.{name}" for name in declared], tmp_path)
    ours = [plain(converted(of["default"], of)) for of in declared.values()]
    assert not [
        (FITTING[n], our, their)
        for n, (our, their) in enumerate(zip(ours, theirs, strict=True))
        if not same(our, their)
    ]


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("object({ a = string })", {}),
        ("object({ a = string })", []),
        ("object({ a = number })", {"a": "x"}),
        ("tuple([string])", []),
        ("tuple([string])", {"0": "x"}),
        ("map(string)", ["x"]),
        ("list(string)", {"a": "x"}),
    ],
)
def test_a_value_that_does_not_fit_has_none(type_: str, value: Any) -> None:
    with pytest.raises(WrongError):
        converted(value, {"type": type_})


@pytest.mark.parametrize(
    "type_", ["text", 'object({ a = optional(string, upper("x")) })', "list(string, string)"]
)
def test_what_is_no_type_is_not_guessed(type_: str) -> None:  # fmt: skip
    with pytest.raises(BeyondError):
        converted({}, {"type": type_})
