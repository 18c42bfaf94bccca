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


def tool() -> str | None:
    """The program that builds images here, or None."""
    return next((name for name in ("podman", "buildah") if shutil.which(name)), None)


def sources() -> list[Path]:
    """What the image is built from, beside its base: relative to the repository."""
    packages = ("runner/image", "runner/watch")
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    found += [ROOT / "runner/__init__.py", ROOT / "runner/Dockerfile"]
    found += [ROOT / "runner/container/assemble.py", wheels.LOCK]
    return sorted(path.relative_to(ROOT) for path in found)


def fingerprint() -> str:
    """Changes whenever one of the sources does."""
    parts = [str(path).encode() + b"\0" + (ROOT / path).read_bytes() for path in sources()]
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


@dataclass(frozen=True)
class Layout:
    """The directory a build writes: `oci/`, an OCI image layout, and what it was built from."""

    folder: Path

    @property
    def oci(self) -> Path:
        return self.folder / "oci"

    @property
    def current(self) -> bool:
        """Whether there is an image, built from the sources as they are now."""
        made = self.folder / "sources"
        return made.exists() and made.read_text() == fingerprint()

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


def build(builder: str, base_image: str | None, out: Path, *, fresh: bool) -> None:
    """Build the image and write its layout to `out`.

    Raises wheels.NotDownloaded, or CalledProcessError with the words in `out`/log.
    """
    out.mkdir(parents=True, exist_ok=True)
    made = out / "sources"
    made.unlink(missing_ok=True)
    known = fingerprint()
    log = out / "log"
    log.unlink(missing_ok=True)
    if base_image is None and base.can_build():
        base_image = base.build(builder, log, fresh=fresh)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, log.open("a") as said:
        _lay_out(Path(folder))
        command = [builder, "build", "--file", str(ROOT / "runner/Dockerfile"), "--tag", NAME]
        # No layer cache and one time everywhere: the same files make the same image.
        command += ["--timestamp=0", "--no-cache", "--network=none", "--target=runner"]
        command += ["--build-arg", f"BASE={base_image}"] if base_image else []
        subprocess.run([*command, folder], check=True, stdout=said, stderr=said)
        shutil.rmtree(out / "oci", ignore_errors=True)
        push = [builder, "push", "--quiet", "--format=oci", NAME, f"oci:{out / 'oci'}:runner"]
        subprocess.run(push, check=True, stdout=said, stderr=said)
    made.write_text(known)


def _lay_out(context: Path) -> None:
    """What the build sees: assemble.py, the runner's own files, and its wheels."""
    shutil.copy(assemble.__file__, context)
    for path in sources():
        if path.suffix == ".py" and path.parts[:2] != ("runner", "container"):
            (context / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, context / path)
    wheels.download(context / "wheels", platform.machine())
