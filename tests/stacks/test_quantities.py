"""Quantities as a real API server gave them back, and the same amounts as before."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from stacks.team.quantities import canonical
from tests.stacks.conftest import company
from tests.stacks.trees import stacks, synthesized

# Written into the limits of a LimitRange, and read from it.
GIVEN_BACK = {
    "1024Gi": "1Ti",
    "1000Gi": "1000Gi",
    "1536Gi": "1536Gi",
    "2048Ti": "2Pi",
    "1000G": "1T",
    "1500M": "1500M",
    "1024k": "1024k",
    "1048576": "1048576",
    "1000": "1k",
    "2000": "2k",
    "1500": "1500",
    "100000": "100k",
    "16": "16",
}


@pytest.mark.parametrize("quantity", GIVEN_BACK)
def test_the_api_server_gives_it_back_so(quantity: str) -> None:
    assert canonical(quantity) == GIVEN_BACK[quantity]


@given(st.integers(0, 10**7), st.sampled_from(["", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"]))
def test_the_amount_stays(number: int, suffix: str) -> None:
    assert parse_quantity(canonical(f"{number}{suffix}")) == parse_quantity(f"{number}{suffix}")


@pytest.mark.engine
def test_a_large_quota_is_written_so(tmp_path: Path) -> None:
    home = company(tmp_path / "home")
    file = home / "teams" / "fakespot.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["quota"] |= {"cpu": 1000, "memory": "1024Gi"}
    file.write_text(yaml.safe_dump(declared))
    team = stacks(synthesized(home, tmp_path / "out" / "cdktf.out"))["team-fakespot"]
    (limits,) = team["resource"]["kubernetes_limit_range_v1"].values()
    assert limits["spec"]["limit"][0]["max"] == {"cpu": "1k", "memory": "1Ti"}
