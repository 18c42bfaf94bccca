"""Deploying and destroying with the real terraform: built-in stand-ins tell when they are made and when they end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.googleapis import refusal

MADE = ["network", "keys", "nodes", "namespace"]


def stand_in(company: Any, name: str, **arguments: Any) -> dict[str, Any]:
    """A resource that writes to the company's events when it is made and when it ends."""

    def tell(event: str, **when: str) -> dict[str, Any]:
        return {"local-exec": {"command": f"echo {event} >> {company.home}/events", **when}}

    provisioners = [tell(name), tell(f"-{name}", when="destroy")]
    return {"resource": {"terraform_data": {name: {"provisioner": provisioners, **arguments}}}}


@pytest.fixture
def platform(company: Any) -> Any:
    foundation = stand_in(company, "network")["resource"]["terraform_data"]
    keys = stand_in(
        company, "keys", lifecycle={"prevent_destroy": True}, depends_on=["terraform_data.network"]
    )
    company.write(
        "foundation", [], {"resource": {"terraform_data": foundation | keys["resource"]["terraform_data"]}}
    )
    company.write("team-a", ["cluster"], stand_in(company, "namespace"))
    company.write("cluster", ["foundation"], stand_in(company, "nodes"))
    return company


def test_life(platform: Any) -> None:
    """Deployed in order, twice without a change, destroyed in reverse, and what is kept out of the state stays."""
    done = platform.deploy()
    assert done.returncode == 0, done.stderr
    assert platform.events == MADE
    assert platform.state("foundation") == ["terraform_data.keys", "terraform_data.network"]
    assert platform.deploy().stdout.count("No changes.") == 3
    assert platform.events == MADE

    plan = platform.destroy("--dry-run", said="")
    assert (plan.returncode, platform.events) == (0, MADE), plan.stderr
    assert [line for line in plan.stdout.splitlines() if line.startswith("[")] == [
        "[1/3] team-a: 1 things in its state",
        "[2/3] cluster: 1 things in its state",
        "[3/3] foundation: 2 things in its state",
    ]
    assert "keeps terraform_data.keys: it cannot be made again" in plan.stdout
    assert platform.state("foundation") == ["terraform_data.keys", "terraform_data.network"]

    done = platform.destroy()
    assert done.returncode == 0, done.stderr + done.stdout
    assert platform.events == [*MADE, "-namespace", "-nodes", "-network"]  # and never -keys
    assert all(platform.state(name) == [] for name in ("foundation", "cluster", "team-a"))


@pytest.mark.parametrize("said", ["acme-ml\n", "yes\n", ""])
def test_nothing_happens_before_the_projects_name_is_typed(platform: Any, said: str) -> None:
    done = platform.destroy(said=said)
    assert done.returncode == 2
    assert done.stderr == f'destroy: found "{said.strip()}", expected acme-ml-prod; nothing was changed\n'
    assert "This destroys team-a, cluster, foundation in acme-ml-prod." in done.stdout
    assert platform.apis.requests == []


def test_one_team_goes_alone(platform: Any) -> None:
    company = platform
    (company.home / "cdktf.out/manifest.json").unlink()
    company.write("foundation", [], stand_in(company, "network"))
    company.write("team-a", ["foundation"], stand_in(company, "namespace"))
    company.write("team-b", ["foundation"], stand_in(company, "other"))
    assert company.deploy().returncode == 0
    done = company.destroy("team-a")
    assert done.returncode == 0, done.stderr
    assert company.events[-1] == "-namespace"
    assert company.state("team-b") == ["terraform_data.other"]
    refused = company.destroy("foundation")
    assert refused.returncode == 2
    assert refused.stderr == (
        "destroy: team-a, team-b stand on foundation; name them too, or none to destroy everything\n"
    )
    (company.home / "cdktf.out/manifest.json").unlink()
    company.write("foundation", [], stand_in(company, "network"))
    assert "forgotten: team-a team-b" in company.deploy().stdout


def test_a_stack_that_is_not_there_is_named(platform: Any) -> None:
    done = platform.destroy("team-c")
    assert done.returncode == 2
    assert done.stderr == ("destroy: found no stack team-c, expected some of cluster, foundation, team-a\n")


def test_without_a_tree_it_says_how_to_get_one(company: Any) -> None:
    done = company.destroy()
    assert (done.returncode, done.stderr) == (
        2,
        "destroy: cdktf.out: no stacks here; synthesize first with: make synth\n",
    )


def test_an_unproven_tree_is_not_deployed(platform: Any) -> None:
    done = platform.run(sys.executable, "-m", "stacks.lifecycle", "deploy", "--yes")
    assert done.returncode == 1
    assert "nothing is deployed" in done.stderr
    assert (platform.events, platform.apis.requests) == ([], [])


def test_what_terraform_says_is_passed_on(platform: Any) -> None:
    """Here: the state cannot be read."""
    platform.apis.on("*", r"storage.googleapis.com/storage/v1/b/.*", lambda _: refusal(403, "Access denied."))
    done = platform.destroy()
    assert done.returncode == 1
    assert "Access denied" in done.stderr and "destroy: team-a: terraform init failed" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_has_examples(company: Any, tmp_path: Path) -> None:
    for command in ([], ["deploy"], ["destroy"]):
        done = company.run(sys.executable, "-m", "stacks.lifecycle", *command, "--help")
        assert done.returncode == 0
    assert (
        "make destroy KEEP_DATA=1" in company.run(sys.executable, "-m", "stacks.lifecycle", "--help").stdout
    )
