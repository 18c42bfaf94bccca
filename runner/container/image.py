"""The image itself: what it is built from, the build, and the OCI layout that comes out."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from runner.container import assemble, base, wheels

ROOT = Path(__file__).parents[2]
NAME = "localhost/cloister/runner"


@dataclass(frozen=True)
class Target:
    """A stage of runner/Dockerfile that becomes an image, its wheels, and where it goes."""

    stage: str
    lock: Path
    out: Path  # relative to the repository
    packages: tuple[str, ...] = ()  # of ours

    @property
    def name(self) -> str:
        """What the builder and podman call it."""
        return f"{NAME.rpartition('/')[0]}/{self.stage}"

    @property
    def modules(self) -> list[Path]:
        """The files of ours in it."""
        found = [path for package in self.packages for path in (ROOT / package).rglob("*.py")]
        return [*found, ROOT / "runner/__init__.py"] if found else []


RUNNER = Target(
    "runner",
    wheels.LOCK,
    Path(".cloister/image"),
    ("runner/image", "runner/watch", "runner/canary", "runner/serving"),
)
METAFLOW = Target("metaflow", wheels.METAFLOW_LOCK, Path(".cloister/image-metaflow"))
TARGETS = {target.stage: target for target in (RUNNER, METAFLOW)}


def tool() -> str | None:
    """The program that builds images here, or None."""
    return next((name for name in ("podman", "buildah") if shutil.which(name)), None)


def sources(target: Target = RUNNER) -> list[Path]:
    """What the image is built from, beside its base: relative to the repository."""
    found = [*target.modules, ROOT / "runner/Dockerfile", ROOT / "runner/container/assemble.py", target.lock]
    return sorted(path.relative_to(ROOT) for path in found)


def fingerprint(target: Target = RUNNER) -> str:
    """Changes whenever one of the sources does."""
    parts = [str(path).encode() + b"\0" + (ROOT / path).read_bytes() for path in sources(target)]
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


@dataclass(frozen=True)
class Layout:
    """The directory a build writes: `oci/`, an OCI image layout, and what it was built from."""

    folder: Path
    target: Target = RUNNER

    @property
    def oci(self) -> Path:
        return self.folder / "oci"

    @property
    def current(self) -> bool:
        """Whether there is an image, built from the sources as they are now."""
        made = self.folder / "sources"
        return made.exists() and made.read_text() == fingerprint(self.target)

    @cached_property
    def digest(self) -> str:
        """Of the image's manifest: what a registry and Kubernetes know it by."""
        index = json.loads((self.oci / "index.json").read_text())
        return str(index["manifests"][0]["digest"])

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The OCI manifest."""
        return dict(json.loads(self.blob(self.digest).read_text()))

    @property
    def size(self) -> int:
        """Bytes of the compressed layers."""
        return sum(layer["size"] for layer in self.manifest["layers"])

    def blob(self, digest: str) -> Path:
        """The file of one part of the image."""
        return self.oci / "blobs" / digest.replace(":", "/")


def build(builder: str, base_image: str | None, out: Path, *, fresh: bool, target: Target = RUNNER) -> None:
    """Build the image and write its layout to `out`.

    Raises wheels.NotDownloaded, or CalledProcessError with the words in `out`/log.
    """
    out.mkdir(parents=True, exist_ok=True)
    made = out / "sources"
    made.unlink(missing_ok=True)
    known = fingerprint(target)
    log = out / "log"
    log.unlink(missing_ok=True)
    if base_image is None and base.can_build():
        base_image = base.build(builder, log, fresh=fresh)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, log.open("a") as said:
        _lay_out(target, Path(folder))
        command = [builder, "build", "--file", str(ROOT / "runner/Dockerfile"), "--tag", target.name]
        # No layer cache and one time everywhere: the same files make the same image.
        command += ["--timestamp=0", "--no-cache", "--network=none", f"--target={target.stage}"]
        command += ["--build-arg", f"BASE={base_image}"] if base_image else []
        subprocess.run([*command, folder], check=True, stdout=said, stderr=said)
        shutil.rmtree(out / "oci", ignore_errors=True)
        push = [builder, "push", "--quiet", "--format=oci", target.name, f"oci:{out / 'oci'}:{target.stage}"]
        subprocess.run(push, check=True, stdout=said, stderr=said)
    made.write_text(known)


def _lay_out(target: Target, context: Path) -> None:
    """What the build sees: assemble.py, the target's own files, and its wheels."""
    shutil.copy(assemble.__file__, context)
    for path in target.modules:
        copy = context / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    wheels.download(target.lock, context / "wheels", platform.machine())
