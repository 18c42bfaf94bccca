"""With Google's own provider, where terraform finds it: the perimeter goes up, stays as it is, and comes down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stacks.lifecycle.organization import Organization
from tests.stacks.trees import resources, stacks


@pytest.mark.engine
@pytest.mark.slow
def test_the_perimeter_goes_up_stays_and_comes_down(company: Any, organization_tree: Path) -> None:
    organization = Organization(company.apis)
    stack = stacks(organization_tree)["perimeter"]
    company.write("perimeter", [], stack)
    declared = sorted(f"{type_}.{name}" for type_, name, _ in resources(stack))

    company.first_deploy()
    assert company.state("perimeter") == declared
    assert len(organization.things) == len(declared)

    # What Google answers reads as what was written: nothing is changed a second time.
    done = company.deploy()
    assert done.stdout.count("No changes.") == 1, done.stdout + done.stderr

    done = company.destroy()
    assert done.returncode == 0, done.stderr + done.stdout
    assert (organization.things, len(organization.deleted)) == ({}, len(declared))
