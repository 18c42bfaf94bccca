"""Container images made of files, in the archive format every container tool loads."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}


def archive(
    target: Path, reference: str, files: Mapping[str, Path], command: list[str], machine: str
) -> None:
    """Write an image of one layer: ``files`` maps paths in the image to executables here, ``command`` is its entry
    point, ``machine`` as ``platform.machine()`` says it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for path, source in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = source.stat().st_size, 0o755
            with source.open("rb") as content:
                tar.addfile(member, content)
    blob = layer.getvalue()
    config = {
        "architecture": _ARCHITECTURE[machine],
        "os": "linux",
        "config": {"Entrypoint": command, "User": "65534:65534"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(blob).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    parts = {
        "layer.tar": blob,
        "config.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(target, "w") as tar:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
