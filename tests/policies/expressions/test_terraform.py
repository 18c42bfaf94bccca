"""Every function and operator against ``terraform console``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policies.expressions.functions import FUNCTIONS
from tests.policies.expressions.console import BEYOND, ERROR, console, needs_terraform, ours, same

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
    own = {name for name in FUNCTIONS if not name.startswith("provider::")}
    assert own - used == set()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('provider::google::project_from_id("projects/acme/zones/europe-west1-b/instances/vm")', "acme"),
        (
            'provider::google::zone_from_id("projects/acme/zones/europe-west1-b/instances/vm")',
            "europe-west1-b",
        ),
        ('provider::google::name_from_id("projects/acme/zones/europe-west1-b/instances/vm")', "vm"),
        ('provider::google::region_from_zone("europe-west1-b")', "europe-west1"),
        (
            'provider::google::region_from_id("projects/acme/regions/europe-west1/subnetworks/s")',
            "europe-west1",
        ),
        ('provider::google::location_from_id("projects/acme/locations/eu/keyRings/r")', "eu"),
        ('provider::google::location_from_id("vm")', ERROR),
        ('provider::other::thing("x")', BEYOND),
    ],
)
def test_functions_of_the_provider(expression: str, expected: Any) -> None:
    assert ours(expression) == expected
