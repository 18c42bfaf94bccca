"""A base image from Debian's packages, for machines that reach no image registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from runner.container import assemble

RELEASE = "bookworm"
NAME = f"localhost/cloister/base:{RELEASE}"
_INCLUDED = ",".join((*assemble.PYTHON_PACKAGES, "tzdata", "libstdc++6"))


def can_build() -> bool:
    """Whether debootstrap is here and may do its work."""
    return os.geteuid() == 0 and shutil.which("debootstrap") is not None


def build(tool: str, log: Path, *, fresh: bool) -> str:
    """The base image's name; made with `tool` (podman or buildah) where there is none, or `fresh`.

    Raises CalledProcessError.
    """
    inspect = [tool, "inspect", "--type=image", NAME]
    if not fresh and subprocess.run(inspect, capture_output=True).returncode == 0:
        return NAME
    print("building the base from Debian's packages (half a minute)", flush=True)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, log.open("a") as said:
        root = Path(folder, "root")
        command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}", RELEASE, str(root)]
        subprocess.run(command, check=True, stdout=said, stderr=said)
        # Downloaded packages would only be copied about; nothing of the base but listed files is kept.
        shutil.rmtree(root / "var/cache/apt")
        (Path(folder) / "Dockerfile").write_text("FROM scratch\nCOPY root/ /\n")
        subprocess.run(
            [tool, "build", "--quiet", "--tag", NAME, folder], check=True, stdout=said, stderr=said
        )
    return NAME
