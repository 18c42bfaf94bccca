"""YAML as Terraform reads it: most of YAML 1.1's booleans, no sexagesimals, and times as text."""

from __future__ import annotations

import re
from typing import Any

import yaml

from policies.expressions.convert import checked
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.numbers import from_json, parse_number


class _Core(yaml.SafeLoader):
    """PyYAML with resolvers of its own."""


_Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    (
        "bool",
        r"y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF",
        "yYtToOnNfF",
    ),
    ("timestamp", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?", "0123456789"),
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
    return parse_number(text.removeprefix("+"))


def _boolean(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() in ("y", "yes", "true", "on")


def _time(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    text = loader.construct_scalar(node)
    if len(text) != 10:
        raise BeyondError("a time in YAML")
    return f"{text}T00:00:00Z"


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    return parse_number(loader.construct_scalar(node))


_Core.add_constructor("tag:yaml.org,2002:int", _integer)
_Core.add_constructor("tag:yaml.org,2002:float", _decimal)
_Core.add_constructor("tag:yaml.org,2002:bool", _boolean)
_Core.add_constructor("tag:yaml.org,2002:timestamp", _time)


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
