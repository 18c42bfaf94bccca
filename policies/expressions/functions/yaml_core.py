"""YAML 1.2's core schema, as Terraform reads it: only true and false are booleans, and dates are text."""

from __future__ import annotations

import re
from typing import Any

import yaml

from policies.expressions.convert import checked
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.numbers import from_json, parse_number


class _Core(yaml.SafeLoader):
    """PyYAML with the resolvers of the core schema instead of YAML 1.1's."""


_Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Core.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [c if c != "\0" else "" for c in _first]
    )


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    text = loader.construct_scalar(node)
    if text.startswith(("0o", "0x")):
        return from_json(int(text, 0))
    return parse_number(text)


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    return parse_number(loader.construct_scalar(node))


_Core.add_constructor("tag:yaml.org,2002:int", _integer)
_Core.add_constructor("tag:yaml.org,2002:float", _decimal)


def decode(text: str) -> Any:
    """One YAML document as a value. Raises ``WrongError`` when it is none."""
    try:
        value = yaml.load(text, Loader=_Core)
    except RecursionError:
        raise BeyondError("YAML nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError):
        raise WrongError("yamldecode() of something else than YAML") from None
    return _keyed(checked(value))


def _keyed(value: Any) -> Any:
    """Keys as strings, as objects have them."""
    if isinstance(value, dict):
        if not all(isinstance(key, str | bool | int) for key in value):
            raise WrongError("yamldecode() of keys that are no strings")
        return {_key(key): _keyed(inner) for key, inner in value.items()}
    return [_keyed(item) for item in value] if isinstance(value, list) else value


def _key(key: Any) -> str:
    return ("true" if key else "false") if isinstance(key, bool) else str(key)
