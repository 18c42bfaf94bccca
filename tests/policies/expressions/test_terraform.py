"""Every function and operator against ``terraform console``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policies.expressions.functions import FUNCTIONS
from tests.policies.expressions.console import console, needs_terraform, ours, same

HERE = Path(__file__).parent


def expressions(name: str) -> list[str]:
    """The expressions of a file: one per line, those with indented lines or a closing bracket after it go on."""
    found: list[str] = []
    for line in (HERE / name).read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        if line[0] in " ]}":
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


@needs_terraform
@pytest.mark.parametrize("name", ["functions.txt", "operators.txt"])
def test_values_are_terraforms(name: str, tmp_path: Path) -> None:
    texts = expressions(name)
    theirs = console(texts, tmp_path)
    different: list[tuple[str, Any, Any]] = [
        (text, ours(text), their)
        for text, their in zip(texts, theirs, strict=True)
        if not same(ours(text), their)
    ]
    assert not different


def test_every_function_is_compared() -> None:
    used = set(re.findall(r"(\w+)\(", "\n".join(expressions("functions.txt"))))
    assert set(FUNCTIONS) - used == set()
