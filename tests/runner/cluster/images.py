"""Built images in the node's containerd, under the names by which the company knows them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from runner.container.image import Layout
from tests.cluster.node import Node

REGISTRY = "europe-west1-docker.pkg.dev/acme-ml-prod/runner"


def imported(node: Node, oci: Path, stage: str, folder: Path) -> None:
    """An OCI layout under its digest."""
    archive = folder / f"{stage}.tar"
    subprocess.run(["tar", "-C", str(oci), "-cf", str(archive), "."], check=True)
    name = f"{REGISTRY}/{stage}"
    done = node.ctr("-n", "k8s.io", "images", "import", "--digests", "--base-name", name, str(archive))
    assert done.returncode == 0, done.stderr
    archive.unlink()


def with_variables(layout: Layout, variables: Mapping[str, str], oci: Path) -> str:
    """Write the same image with more variables of its own to `oci`; its digest.

    For what has fixed addresses on Google Cloud and other ones here, where admission rightly refuses a pod to say so.
    """
    shutil.copytree(layout.oci, oci)
    config = json.loads(layout.blob(layout.manifest["config"]["digest"]).read_text())
    config["config"]["Env"] += [f"{name}={value}" for name, value in variables.items()]
    manifest = {**layout.manifest, "config": {**layout.manifest["config"], **_kept(oci, config)}}
    index = json.loads((oci / "index.json").read_text())
    made = _kept(oci, manifest)
    index["manifests"] = [{**index["manifests"][0], **made}]
    (oci / "index.json").write_text(json.dumps(index))
    return str(made["digest"])


def _kept(oci: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    data = json.dumps(content).encode()
    digest = sha256(data).hexdigest()
    (oci / "blobs/sha256" / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}
