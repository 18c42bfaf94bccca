"""Order comes from dependencies: read as a graph from what was synthesized, never from the code that wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from stacks.foundation.apis import api_of
from stacks.google_cloud import AGENT_OF_PURPOSE
from tests.stacks.trees import resources, stacks

pytestmark = pytest.mark.engine
NUMBER = "111122223333"
_REFERENCE = re.compile(r"\$\{((?:data\.)?[a-z0-9_]+\.[A-Za-z0-9_-]+)")
_KEY = re.compile(r"/cryptoKeys/([a-z]+)")
Graph = dict[str, set[str]]


def graph(stack: dict[str, Any]) -> Graph:
    """What each resource and data source of a stack names, in references and in `depends_on`."""
    nodes = {
        f"{prefix}{type_}.{name}": arguments
        for prefix, section in (("", "resource"), ("data.", "data"))
        for type_, instances in stack.get(section, {}).items()
        for name, arguments in instances.items()
    }
    found = {
        address: {*_REFERENCE.findall(json.dumps(arguments)), *arguments.get("depends_on", [])}
        for address, arguments in nodes.items()
    }
    return {address: named & nodes.keys() for address, named in found.items()}


def reached(graph: Graph, start: str) -> set[str]:
    """All that has to be there before `start` is."""
    found: set[str] = set()
    left = [start]
    while left:
        for address in graph[left.pop()] - found:
            found.add(address)
            left.append(address)
    return found


def earlier(tree: Path, name: str) -> set[str]:
    """The stacks that are deployed before a stack."""
    manifest = json.loads((tree / "manifest.json").read_text())["stacks"]
    return reached({stack: set(entry["dependencies"]) for stack, entry in manifest.items()}, name)


def addressed(stack: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for type_, name, arguments in resources(stack):
        yield f"{type_}.{name}", type_, arguments


def test_nothing_waits_for_itself(grown_tree: Path) -> None:
    for stack in stacks(grown_tree).values():
        TopologicalSorter(graph(stack)).prepare()  # raises CycleError


def test_every_resource_comes_after_its_api(grown_tree: Path) -> None:
    """In its own stack, or in a stack after the one that enables it."""
    every = stacks(grown_tree)
    enabled = {
        arguments["service"].removesuffix(".googleapis.com"): (name, address)
        for name, stack in every.items()
        for address, type_, arguments in addressed(stack)
        if type_ == "google_project_service"
    }
    seen = 0
    for name, stack in every.items():
        edges = graph(stack)
        for address, type_, _ in addressed(stack):
            api = api_of(type_)
            if api is None:
                continue
            where, service = enabled[api]
            assert (
                service in reached(edges, address) if where == name else where in earlier(grown_tree, name)
            ), address
            seen += 1
    assert seen > 100


def test_default_accounts_lose_their_role_after_the_api_that_makes_them(grown_tree: Path) -> None:
    """Before, there is none to take it from, and the one of machines would keep Editor."""
    foundation = stacks(grown_tree)["foundation"]
    edges = graph(foundation)
    (compute,) = (
        address
        for address, type_, arguments in addressed(foundation)
        if type_ == "google_project_service" and arguments["service"] == "compute.googleapis.com"
    )
    accounts = [
        address for address in edges if address.startswith("google_project_default_service_accounts.")
    ]
    assert accounts
    for address in accounts:
        assert compute in reached(edges, address), address


def test_every_use_of_a_key_comes_after_its_agents_grant(grown_tree: Path) -> None:
    """The grant is to the agent that Google uses the key as, on the very key, and nobody else's."""
    every = stacks(grown_tree)
    edges = graph(every["foundation"])
    grants = {}
    for address, type_, arguments in addressed(every["foundation"]):
        if type_ == "google_kms_crypto_key_iam_binding" and arguments["role"].endswith("EncrypterDecrypter"):
            (key,) = (found for found in edges[address] if found.startswith("google_kms_crypto_key."))
            purpose = every["foundation"]["resource"]["google_kms_crypto_key"][key.split(".")[1]]["name"]
            assert arguments["members"] == [AGENT_OF_PURPOSE[purpose].member(NUMBER)]
            grants[purpose] = address
    assert grants.keys() == AGENT_OF_PURPOSE.keys()
    used = set()
    for name, stack in every.items():
        own = graph(stack)
        for address, type_, arguments in addressed(stack):
            if type_.startswith("google_kms_"):
                continue
            for purpose in _KEY.findall(json.dumps(arguments)):
                used.add(purpose)
                if name == "foundation":
                    assert grants[purpose] in reached(own, address), address
                else:
                    assert "foundation" in earlier(grown_tree, name), address
    assert used == grants.keys()


def test_workload_identity_comes_after_the_cluster_that_makes_the_pool(grown_tree: Path) -> None:
    """IAM refuses a member of a pool that does not exist yet."""
    every = stacks(grown_tree)
    (home,) = (name for name, stack in every.items() if "google_container_cluster" in stack["resource"])
    bound = 0
    for name, stack in every.items():
        for address, _, arguments in addressed(stack):
            if ".svc.id.goog" in json.dumps(arguments.get("members", [])):
                assert home in earlier(grown_tree, name), address
                bound += 1
    assert bound >= 3


def test_no_resource_waits_for_time_to_pass(grown_tree: Path) -> None:
    for stack in stacks(grown_tree).values():
        assert not {
            type_ for type_ in stack["resource"] if type_.startswith(("time_", "null_", "terraform_"))
        }
