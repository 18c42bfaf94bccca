"""What the cluster is made of, and the one command that brings what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
CNI = Path("/usr/lib/cni")
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
_PROGRAMS = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "runc": "runc",
    "openssl": "openssl",
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
}


def missing() -> str | None:
    """Why the cluster cannot run here, with the command that would change it; None when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the local cluster needs root on Linux; name another one by KUBECONFIG"
    if not shutil.which("go") and not binary().exists():
        return "the local cluster is built with Go: install it from https://go.dev/dl"
    packages = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if not (CNI / "bridge").exists():
        packages.append("containernetworking-plugins")
    if packages:
        return f"apt-get install -y {' '.join(packages)}"
    return None


def binary() -> Path:
    """Where the one binary of all Kubernetes components lies once built: named by what it is built from."""
    sources = b"".join((HERE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "cloister" / f"kubernetes-{sha256(sources).hexdigest()[:12]}" / "kubernetes"


def build() -> Path:
    """Build the components once (about ten minutes on 2 cores with cold caches). Returns the binary's path."""
    target = binary()
    if not target.exists():
        print("building Kubernetes from its Go module, about ten minutes the first time", flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name("kubernetes.partial")
        subprocess.run(
            ["go", "build", "-trimpath", "-ldflags", f"-s -w {_stamp()}", "-o", str(partial), "."],
            cwd=HERE,
            env=os.environ | {"CGO_ENABLED": "0"},
            check=True,
        )
        partial.rename(target)
    return target


def version() -> str:
    """The Kubernetes version of go.mod, as ``v1.34.4``."""
    required = re.search(r"k8s\.io/kubernetes (v\S+)", (HERE / "go.mod").read_text())
    if required is None:
        raise ValueError(f"{HERE}/go.mod requires no k8s.io/kubernetes")
    return required[1]


def _stamp() -> str:
    """Linker flags that tell the components their version, which clients and the node's status report."""
    variables = {"gitVersion": version(), "gitMajor": "1", "gitMinor": version().split(".")[1]}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in variables.items())
