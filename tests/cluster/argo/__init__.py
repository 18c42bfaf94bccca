"""Argo Workflows' controller and executor, built from their Go module as the module proxy serves it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
MODULE = "github.com/argoproj/argo-workflows/v3"
CONTROLLER, EXECUTOR = "workflow-controller", "argoexec"
_MISSING = "workflow/executor/osspecific/signal_linux.go"  # of the module as it is served; ours stands in
_BESIDE = HERE / "beside" / Path(_MISSING).name


def binary(program: str) -> Path:
    """Where the program lies once it is built: a place for what it is made of."""
    digest = sha256(b"".join(path.read_bytes() for path in (HERE / "go.mod", HERE / "go.sum", _BESIDE)))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "cloister" / f"argo-{digest.hexdigest()[:12]}" / program


def build(program: str) -> Path:
    """The program, built where it is not there yet; some ten minutes with cold caches. Raises CalledProcessError."""
    made = binary(program)
    if made.exists():
        return made
    tree = made.parent / "module"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(_downloaded(), tree, copy_function=shutil.copyfile)
    subprocess.run(["chmod", "-R", "u+w", str(tree)], check=True)  # the module cache is read-only
    if not (tree / _MISSING).exists():
        shutil.copyfile(_BESIDE, tree / _MISSING)
    partial = made.with_suffix(".partial")
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(partial), f"./cmd/{program}"]
    subprocess.run(command, cwd=tree, env=os.environ | {"CGO_ENABLED": "0"}, check=True)
    partial.rename(made)
    shutil.rmtree(tree)
    return made


def version() -> str:
    """The version of go.mod, as ``v3.7.4``."""
    required = re.search(rf"{re.escape(MODULE)} (v\S+)", (HERE / "go.mod").read_text())
    if required is None:
        raise ValueError(f"{HERE}/go.mod requires no {MODULE}")
    return required[1]


def _downloaded() -> Path:
    """The module in Go's cache, its content checked against go.sum."""
    subprocess.run(["go", "mod", "download", MODULE], cwd=HERE, check=True)
    listed = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", MODULE], cwd=HERE, capture_output=True, text=True, check=True
    )
    return Path(listed.stdout.strip())
