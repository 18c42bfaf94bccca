"""What the cluster is made of, and the one command that brings what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
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
    if not shutil.which("go") and not (kubernetes().binary.exists() and dns().binary.exists()):
        return "the local cluster is built with Go: install it from https://go.dev/dl"
    packages = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if not (CNI / "bridge").exists():
        packages.append("containernetworking-plugins")
    if packages:
        return f"apt-get install -y {' '.join(packages)}"
    return None


@dataclass(frozen=True)
class Module:
    """A Go module of this folder, built to one program."""

    program: str
    folder: Path
    flags: str

    @property
    def binary(self) -> Path:
        """Where the program lies once built: named by what it is built from."""
        sources = b"".join((self.folder / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
        digest = sha256(sources + self.flags.encode()).hexdigest()[:12]
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "cloister" / f"{self.program}-{digest}" / self.program

    def build(self) -> Path:
        """Build once. Returns the program's path."""
        if not self.binary.exists():
            print(f"building {self.program} from its Go module", flush=True)
            self.binary.parent.mkdir(parents=True, exist_ok=True)
            partial = self.binary.with_suffix(".partial")
            subprocess.run(
                ["go", "build", "-trimpath", "-ldflags", f"-s -w {self.flags}", "-o", str(partial), "."],
                cwd=self.folder,
                env=os.environ | {"CGO_ENABLED": "0"},
                check=True,
            )
            partial.rename(self.binary)
        return self.binary


def kubernetes() -> Module:
    """All Kubernetes components in one program: about ten minutes on 2 cores with cold caches."""
    return Module("kubernetes", HERE, _stamp())


def dns() -> Module:
    """The DNS server: about two minutes with cold caches."""
    return Module("coredns", HERE / "dns", "")


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
