"""The example company on a real cluster: what its stacks describe, put there, with the image that was built."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from kubernetes import client, dynamic

from cloister.declarations import load_beside, load_boundary, names
from policies.facts.build import build_world
from policies.facts.kubernetes.objects import kinds, objects
from policies.snapshot.load import load
from tests.stacks.trees import ROOT, synthesized

from .images import REGISTRY

# Kinds in the order in which they must exist. Cilium's are not of this cluster.
ORDER = (
    "PriorityClass", "Namespace", "ServiceAccount", "ConfigMap", "ResourceQuota", "LimitRange", "NetworkPolicy",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding", "CronJob", "CustomResourceDefinition", "Service", "PodDisruptionBudget",
    "Deployment",
)  # fmt: skip
ELSEWHERE = {"CiliumClusterwideNetworkPolicy"}
SCHEDULE = (
    "schedules:\n  - {name: each-minute, cron: '* * * * *', time_zone: Europe/Berlin, job: jobs/small.yaml}\n"
)


def declared(home: Path, digests: Mapping[str, str]) -> Path:
    """The example's declarations with the images' real digests, and a schedule of fakespot's that is soon due.

    Where there is an image for Metaflow's own pods, team translations is on the network and fans out.
    """
    shutil.copy(ROOT / "boundary.yaml", home)
    shutil.copytree(ROOT / "teams", home / "teams")
    with (home / "teams/fakespot.yaml").open("a") as file:
        file.write(SCHEDULE)
    lines = (ROOT / "platform.yaml").read_text().splitlines()
    images = [f'  {stage}: "{REGISTRY}/{stage}@{digest}"' for stage, digest in digests.items()]
    (home / "platform.yaml").write_text(
        "\n".join("\n".join(images) if line.startswith("  runner:") else line for line in lines) + "\n"
    )
    if "metaflow" in digests:
        team = home / "teams/translations.yaml"
        team.write_text(team.read_text().replace("network: sealed", "network: project"))
    return home


def declarations_of(tree: Path, home: Path) -> Path:
    """Only the declarations of a whole tree, so that synthesizing them depends on nothing else there."""
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(tree / name, home)
    shutil.copytree(tree / "teams", home / "teams")
    return home


def tree(home: Path) -> Path:
    """The company's stacks, synthesized once for each state of declarations and stacks."""
    sources = [*home.rglob("*.yaml"), *(ROOT / "stacks").rglob("*.*"), *(ROOT / "cloister").rglob("*.py")]
    parts = [path.read_bytes() for path in sorted(sources) if path.is_file() and path.suffix != ".pyc"]
    key = sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()[:16]
    return synthesized(home, ROOT / ".cloister" / "company" / key / "cdktf.out")


def manifests(home: Path) -> Iterator[dict[str, Any]]:
    """Every Kubernetes object of the stacks, as the proof reads it."""
    boundary = home / "boundary.yaml"
    world = build_world(load([tree(home)]), load_boundary(boundary), load_beside(boundary))
    unknown = set(kinds(world)) - {*ORDER, *ELSEWHERE}
    assert not unknown, f"the stacks have objects this does not put anywhere: {unknown}"
    for found in objects(world, *ORDER):
        body = _plain(found.body.values)
        body.pop("waitForRollout", None)  # Terraform's own
        version = body.get("apiVersion") or (f"{found.group}/v1" if found.group else "v1")
        yield {**body, "apiVersion": version, "kind": found.kind}


def put(
    cluster: dynamic.DynamicClient, home: Path, settings: Mapping[str, str], only: str | None = None
) -> None:
    """Apply all of it, or `only` one namespace and what is in it.

    `settings` are what the platform adds to its ConfigMap `cloister` off Google Cloud.
    """
    for manifest in manifests(home):
        metadata = manifest["metadata"]
        if only not in (None, metadata.get("namespace") or metadata["name"]):
            continue
        if manifest["kind"] == "ConfigMap" and metadata["name"] == "cloister":
            manifest["data"] |= settings
        if manifest["kind"] == "CronJob" and metadata["name"] == names.CANARY:
            manifest["spec"]["suspend"] = True  # it would go where the platform sends it: to the internet
        resource = cluster.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
        namespace = metadata.get("namespace")
        cluster.server_side_apply(
            resource, body=manifest, namespace=namespace, field_manager="test", force_conflicts=True
        )


def remove(cluster: dynamic.DynamicClient, namespaces: list[str]) -> None:
    """Delete the namespaces and all in them, and wait until they are gone: the next company makes them anew."""
    core = client.CoreV1Api(cluster.client)
    for name in namespaces:
        core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
        core.delete_namespace(name, grace_period_seconds=0)
    deadline = time.monotonic() + 90
    while {each.metadata.name for each in core.list_namespace().items} & set(namespaces):
        if time.monotonic() > deadline:
            return
        time.sleep(0.5)


def _plain(value: Any) -> Any:
    """Without nulls; numbers that Terraform keeps as text are numbers, and names the API's."""
    if isinstance(value, Mapping):
        plain = {key: _plain(item) for key, item in value.items() if item is not None}
        if isinstance(plain.get("defaultMode"), str):
            plain["defaultMode"] = int(plain["defaultMode"], 8)
        for key in (
            "port",
            "targetPort",
            "runAsUser",
            "runAsGroup",
            "replicas",
            "maxUnavailable",
            "maxSurge",
        ):
            if isinstance(plain.get(key), str) and plain[key].isdecimal():
                plain[key] = int(plain[key])
        if "timezone" in plain:  # Terraform's word for it
            plain["timeZone"] = plain.pop("timezone")
        return plain
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
