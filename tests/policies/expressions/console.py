"""``terraform console`` as an oracle: many expressions in one call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from policies.expressions.convert import checked, plain
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.evaluate import Budget, Evaluator
from policies.expressions.parser import parse_expression
from policies.expressions.values import Unknown

TERRAFORM = shutil.which("terraform")
needs_terraform = pytest.mark.skipif(
    TERRAFORM is None,
    reason="no terraform binary: put one on PATH to compare with it (developer.hashicorp.com/terraform)",
)
ERROR = "an error"
BEYOND = "not evaluated"


def console(expressions: Sequence[str], folder: Path) -> list[Any]:
    """The value of each expression by Terraform, in a folder with its configuration; ``ERROR`` where it has none."""
    assert TERRAFORM is not None
    entries = "\n".join(
        f'"{n}" = try({{v = ({text}), text = jsonencode({text})}}, {{}})'
        for n, text in enumerate(expressions)
    )
    (folder / "expressions.tf").write_text(f"locals {{\n values = {{\n{entries}\n}}\n}}\n")
    (folder / "none.tfrc").touch()
    done = subprocess.run(
        [TERRAFORM, "console"],
        input="base64encode(jsonencode(local.values))\n",
        capture_output=True, text=True, cwd=folder, timeout=60, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(folder / "none.tfrc"), "CHECKPOINT_DISABLE": "1"},
    )  # fmt: skip
    assert done.stdout.startswith('"'), done.stderr[-2000:]
    found = json.loads(b64decode(done.stdout.strip().strip('"')), parse_float=Decimal)
    return [found[str(n)].get("v", None) if "v" in found[str(n)] else ERROR for n in range(len(expressions))]


class Nothing:
    """A scope without names."""

    def root(self, name: str) -> Any:
        raise WrongError(f"no such name: {name}")

    def qualified(self, reference: str) -> str:
        return reference


def ours(expression: str) -> Any:
    """The value of an expression by this project."""
    try:
        value = plain(checked(Evaluator(Nothing(), Budget()).value(parse_expression(expression))))
    except WrongError:
        return ERROR
    except BeyondError:
        return BEYOND
    return BEYOND if isinstance(value, Unknown) else value


def same(a: Any, b: Any) -> bool:
    """Equal, numbers to the fifteen digits that a float holds."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, int | float | Decimal) and isinstance(b, int | float | Decimal):
        return abs(Decimal(a) - Decimal(b)) <= abs(Decimal(b)) * Decimal("1e-14")
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)
