"""With Google's own provider, where terraform finds it: each stack goes up, stays as it is, and comes down."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes import client, config

from cloister.declarations import names
from stacks.lifecycle.tree import StackFile
from tests.cluster.policies import in_force
from tests.cluster.server import api_server
from tests.stacks.lifecycle.clusters import Clusters
from tests.stacks.lifecycle.project import ID, Project
from tests.stacks.lifecycle.shared_cluster import led_there
from tests.stacks.trees import resources, stacks

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture
def project(company: Any) -> Project:
    return Project(company.apis)


@pytest.fixture
def cluster(company: Any) -> Iterator[str]:
    """The kubeconfig of the API server that tests share; no policies but the example's are in force meanwhile."""
    path = api_server()
    # Terraform finds Google by a proxy, and this server without.
    company.beside = str(urlsplit(config.new_client_from_config(path).configuration.host).hostname)
    with in_force(of_the_example=True):
        yield path


def lives(company: Any, name: str, stack: dict[str, Any]) -> set[str]:
    """The stack goes up, is not changed by a second deploy, and comes down; the addresses of what it keeps."""
    company.write(name, [], stack)
    file = company.home / "cdktf.out/stacks" / name / "cdk.tf.json"
    kept = {found.address for found in StackFile(name, file, frozenset()).kept()}
    try:
        company.first_deploy()
        assert company.state(name) == sorted(f"{type_}.{id_}" for type_, id_, _ in resources(stack))
        # What is answered reads as what was written: nothing is changed a second time.
        again = company.deploy()
        assert again.stdout.count("No changes.") == 1, again.stdout + again.stderr
    finally:
        done = company.destroy()
    assert done.returncode == 0, done.stderr + done.stdout
    assert company.state(name) == []
    return kept


def test_the_foundation(company: Any, project: Project, billed_tree: Path) -> None:
    kept = lives(company, "foundation", stacks(billed_tree)["foundation"])
    assert {address.partition(".")[0] for address in kept} == {
        "google_kms_key_ring",
        "google_kms_crypto_key",
        "google_logging_project_bucket_config",
    }
    # Of all that was made nothing else is left, but the project's own policy of Binary Authorization.
    assert len(project.things.keys() - {f"projects/{ID}/policy"}) == len(kept)
    assert not any(policy.get("bindings") for policy in project.policies.values())
    # Whoever deploys, the project's own quota pays.
    asked = company.apis.asked(url="^(logging|iam|cloudkms)")
    assert {request.headers.get("x-goog-user-project") for request in asked} == {ID}


def test_the_cluster(company: Any, billed_tree: Path) -> None:
    clusters = Clusters(company.apis)
    assert lives(company, "cluster", stacks(billed_tree)["cluster"]) == set()
    assert clusters.things == {}


@pytest.mark.parametrize("team", ["fakespot", "vision"])
def test_a_team(company: Any, project: Project, cluster: str, billed_tree: Path, team: str) -> None:
    """`vision` has pools of its own, a budget, shares and releases."""
    pools = Clusters(company.apis)
    there = {"projects/acme-ml-prod/locations/europe-west1/clusters/ml": {"name": "ml", "status": "RUNNING"}}
    pools.things |= there  # which the stack `cluster` makes
    core, run = client.CoreV1Api(config.new_client_from_config(cluster)), f"life-{secrets.token_hex(3)}"
    platform = f"{run}-{names.PLATFORM_NAMESPACE}"  # which `guardrails` makes
    core.create_namespace({"metadata": {"name": platform}})
    try:
        kept = lives(company, f"team-{team}", led_there(stacks(billed_tree)[f"team-{team}"], cluster, run))
    finally:
        core.delete_namespace(platform)
    assert len(project.things) == len(kept)
    assert pools.things == there


def test_the_guardrails(company: Any, project: Project, cluster: str, billed_tree: Path) -> None:
    stack = led_there(stacks(billed_tree)["guardrails"], cluster, f"life-{secrets.token_hex(3)}")
    assert lives(company, "guardrails", stack) == set()
    assert project.things == {}
