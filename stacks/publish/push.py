"""An image of this machine, pushed to the project's registry by whichever container tool is here."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_TOOLS = ("podman", "buildah", "docker")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class NotHere(Exception):
    """The tool or the image is missing on this machine; one line with the cure."""


class NotPushed(Exception):
    """The registry did not take the image; one line."""


@dataclass(frozen=True)
class LocalImage:
    """An image as a container tool of this machine knows it; `id` is the digest of its configuration."""

    tool: str
    name: str
    id: str

    @property
    def tag(self) -> str:
        """A tag that is the image's own, so that pushing it twice moves no tag: the repository's never move."""
        return self.id[:12]


def find(name: str) -> LocalImage:
    """The image `name` in the first tool that is here. Raises NotHere."""
    tool = next((tool for tool in _TOOLS if shutil.which(tool)), None)
    if tool is None:
        raise NotHere("found no podman, buildah or docker on PATH; apt-get install podman")
    inspect = {
        "podman": ["image", "inspect", "--format={{.Id}}"],
        "buildah": ["inspect", "--type=image", "--format={{.FromImageID}}"],
        "docker": ["image", "inspect", "--format={{.Id}}"],
    }[tool]
    done = subprocess.run([tool, *inspect, "--", name], capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"found no image {name} in {tool}; make image builds localhost/cloister/runner")
    return LocalImage(tool, name, done.stdout.strip().removeprefix("sha256:"))


def push(image: LocalImage, repository: str, token: str) -> str:
    """Push to `repository`, a registry path without tag; the digest that the registry knows it by. Raises NotPushed."""
    target = f"{repository}:{image.tag}"
    with tempfile.TemporaryDirectory() as folder:
        # In a file of our own: a password in the arguments would be everybody's to read.
        credentials = Path(folder) / "config.json"
        credentials.touch(mode=0o600)
        login = base64.b64encode(f"oauth2accesstoken:{token}".encode()).decode()
        credentials.write_text(json.dumps({"auths": {repository.partition("/")[0]: {"auth": login}}}))
        if image.tool == "docker":
            return _docker(image, target, folder)
        digest = Path(folder) / "digest"
        command = [image.tool, "push", "--quiet", f"--authfile={credentials}", f"--digestfile={digest}"]
        done = subprocess.run(
            [*command, "--format=oci", image.name, f"docker://{target}"], capture_output=True, text=True
        )
        if done.returncode:
            raise NotPushed(_last_line(done.stderr))
        return digest.read_text().strip()


def _docker(image: LocalImage, target: str, folder: str) -> str:
    said = ""
    for command in (["tag", image.name, target], ["push", target]):
        done = subprocess.run(["docker", "--config", folder, *command], capture_output=True, text=True)
        if done.returncode:
            raise NotPushed(_last_line(done.stderr))
        said = done.stdout
    found = _DIGEST.search(said)
    if found is None:
        raise NotPushed(f"docker named no digest of {target}")
    return found[0]


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "the registry gave no reason"
