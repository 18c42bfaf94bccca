"""The whole platform for real: the stacks' objects on the local cluster, the built image, a store, an identity.

Commands run as a member of team fakespot, with a certificate that says so: what works here, its RBAC allows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, dynamic

from cloister.declarations import names
from runner.client.cluster.connection import Cluster
from runner.client.cluster.history import History
from runner.client.cluster.place import place
from runner.container.__main__ import OUT
from runner.container.image import METAFLOW, ROOT, Layout
from tests.cluster import identities
from tests.cluster.node import ADDRESS, SERVER, Node, local
from tests.cluster.policies import in_force
from tests.stacks.cases import Case

from ..proxy import FaultyStore
from ..support import BUCKETS, StoreClient
from . import company, images, store

TEAM, NAMESPACE, OTHER = "fakespot", "team-fakespot", "translations"
# Of the store, and of the other team's metadata server: an image has them in it, and is the same every time.
STORE_PORT, METADATA_PORT = 8470, 8471
MEMBER = "/O=fakespot-ml@acme.example/CN=alice@acme.example"
STRANGER = "/O=translations-ml@acme.example/CN=bob@acme.example"
SETTINGS = {"CLOISTER_PATIENCE": "6", "CLOISTER_GRACE": "3"}


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value


@dataclass
class Platform:
    """The company's platform, as one person sees it, and the administrator's means beside."""

    home: Path
    kubeconfigs: dict[str, Path]
    cluster: dynamic.DynamicClient
    node: Node
    store: StoreClient
    faults: FaultyStore  # before the store: what goes wrong with it, for pods and people alike
    store_url: str
    image: str

    def cloister(self, *words: str, who: str = "member", timeout: float = 120) -> Said:
        """Run `cloister job WORDS` as that person."""
        done = subprocess.run(
            self.command(*words), env=self.environment(who), capture_output=True, text=True, timeout=timeout
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "cloister", "job", *words, "--directory", str(self.home)]

    def environment(self, who: str = "member") -> dict[str, str]:
        return {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfigs[who]),
            "STORAGE_EMULATOR_HOST": self.store_url,
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def submit(self, file: Path) -> str:
        """Submit a job; its run id."""
        said = self.cloister("submit", str(file), "--team", TEAM, "--format", "json")
        assert said.code == 0, said.err
        return str(said.json["run_id"])

    def status(self, run: str) -> dict[str, Any]:
        said = self.cloister("status", run, "--team", TEAM, "--format", "json")
        assert said.out, said.err
        return said.json

    def until(self, run: str, *states: str, seconds: float = 120) -> dict[str, Any]:
        """The run's status once it is in one of the states."""
        deadline = time.monotonic() + seconds
        while (found := self.history.find(run)) is None or found.state not in states:
            assert time.monotonic() < deadline, found
            time.sleep(0.3)
        return self.status(run)

    @cached_property
    def history(self) -> History:
        """The member's view, without starting a process for each look."""
        there = place(TEAM, self.home)
        return History(there, Cluster(there, kubeconfig=str(self.kubeconfigs["member"])))

    def manifest(self, job: str, run: str, suffix: str = "") -> dict[str, Any] | None:
        """The manifest a run published, read past everybody's rights."""
        document = self.store.get(BUCKETS["artifacts"], f"runs/{job}/{run}/manifest{suffix}.json")
        return None if document is None else json.loads(document)


@pytest.fixture(scope="session")
def node() -> Node:
    if not os.environ.get("CLOISTER_E2E"):
        pytest.skip("minutes on a cluster of its own: make cluster e2e")
    here = local()
    if here is None:
        pytest.skip("no local cluster: make cluster")
    return here


@pytest.fixture(scope="session")
def image(node: Node, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The built runner in the node's containerd; its digest."""
    layout = Layout(ROOT / OUT)
    if not layout.current:
        pytest.skip("no image of these sources: make image")
    images.imported(node, layout.oci, "runner", tmp_path_factory.mktemp("image"))
    return layout.digest


@pytest.fixture(scope="session")
def metaflow_image(node: Node, tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """The image of Metaflow's own pods, told where Google's addresses are here; its digest, where it is built."""
    layout = Layout(ROOT / METAFLOW.out, METAFLOW)
    if not layout.current:
        return None
    folder = tmp_path_factory.mktemp("metaflow")
    addresses = {
        "API_ENDPOINT_OVERRIDE": f"http://{ADDRESS}:{STORE_PORT}",
        "GCE_METADATA_HOST": f"{ADDRESS}:{METADATA_PORT}",
        "GCE_METADATA_IP": f"{ADDRESS}:{METADATA_PORT}",
    }
    digest = images.with_variables(layout, addresses, folder / "oci")
    images.imported(node, folder / "oci", METAFLOW.stage, folder)
    return digest


@pytest.fixture(scope="session")
def platform(
    node: Node,
    image: str,
    metaflow_image: str | None,
    server: StoreClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    digests = {"runner": image, **({"metaflow": metaflow_image} if metaflow_image else {})}
    home = company.declared(tmp_path_factory.mktemp("company"), digests)
    cluster = dynamic.DynamicClient(config.new_client_from_config(str(node.kubeconfig)))
    with ExitStack() as stack:
        stack.enter_context(in_force(of_the_example=False))
        faults = stack.enter_context(FaultyStore(server.url, lambda method, path: "pass"))
        proxy = store.with_rights(faults.url.removeprefix("http://"), server.url)
        buckets = stack.enter_context(store.serving(proxy, ADDRESS, STORE_PORT))
        identities_of = {
            team: stack.enter_context(
                store.serving(
                    store.metadata(f"team-{team}@acme-ml-prod.iam.gserviceaccount.com"), ADDRESS, port
                )
            )
            for team, port in ((TEAM, 0), (OTHER, METADATA_PORT))
        }
        for name in BUCKETS.values():
            server.make_bucket(name)
            server.make_bucket(name.replace(TEAM, OTHER))
        settings = {
            **SETTINGS,
            "CLOISTER_STORE": f"http://{buckets}",
            "CLOISTER_METADATA": identities_of[TEAM],
        }
        company.put(cluster, home, settings)
        platforms = [names.PLATFORM_NAMESPACE, names.CANARY_NAMESPACE]
        stack.callback(company.remove, cluster, [NAMESPACE, f"team-{OTHER}", *platforms])
        kubeconfigs = dict(_people(node, tmp_path_factory.mktemp("people")))
        made = Platform(home, kubeconfigs, cluster, node, server, faults, f"http://{buckets}", image)
        _await_policies(cluster)
        yield made


def _people(node: Node, folder: Path) -> Iterator[tuple[str, Path]]:
    for name, subject in (("member", MEMBER), ("stranger", STRANGER)):
        identities.make_certificate(node.pki, name, subject, f"DNS:{name}")
        identities.write_kubeconfig(folder / name, node.pki, name, SERVER)
        yield name, folder / name


def _await_policies(cluster: dynamic.DynamicClient) -> None:
    """The API server takes up new policies a moment after they are created."""
    other = Case("probe", "sealed").object("example.com/other@sha256:" + "1" * 64)
    said = "accepted"
    for _ in range(100):
        try:
            client.CoreV1Api(cluster.client).create_namespaced_pod(NAMESPACE, other, dry_run="All")
        except client.ApiException as error:
            said = str(error.body)
            if "runner image" in said:
                return
        time.sleep(0.1)
    pytest.fail(f"the API server did not take up the policies: {said}")


@pytest.fixture
def system_node(platform: Platform) -> Iterator[None]:
    """The cluster's one node counts as one of the system's pool."""
    core = client.CoreV1Api(platform.cluster.client)
    (node,) = core.list_node().items
    core.patch_node(node.metadata.name, {"metadata": {"labels": {names.POOL_LABEL: names.SYSTEM_POOL}}})
    yield
    core.patch_node(node.metadata.name, {"metadata": {"labels": {names.POOL_LABEL: None}}})


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a job's directory: a program and a job.yaml; the path of the latter."""

    def written(program: str, **changes: Any) -> Path:
        source = tmp_path / "src"
        source.mkdir(exist_ok=True)
        (source / "main.py").write_text(program)
        content = {
            "name": "small",
            "run": ["python", "main.py"],
            "code": "./src",
            "outputs": [{"from": "out/", "to": "artifacts"}],
            "resources": {"cpu": 0.2, "memory": "256Mi"},
            "timeout": "2m",
            **changes,
        }
        file = tmp_path / "job.yaml"
        file.write_text(yaml.safe_dump(content))
        return file

    return written
