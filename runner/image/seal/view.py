"""The command's own view of the machine outside a container: its namespaces and its file system.

Read-only system directories, the run's workspace, fresh /proc and /dev, and empty /run, /var/run, /tmp and
/home. Nothing else of the host is there: no socket of a daemon that could hand over a descriptor, no key file,
no other process.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from runner.image.seal import kernel

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "sys")
DEVICES = ("null", "zero", "full", "random", "urandom")
EMPTY = ("run", "home", "root", "var", "dev", "proc", "tmp", "var/lib", "var/cache")


@dataclass(frozen=True)
class Bind:
    """A directory of the host and where the command sees it."""

    source: str
    target: str
    writable: bool = False


def enter_namespaces() -> None:
    """Own mount, network, process, IPC and host-name namespaces, and a user namespace to be allowed them.

    The next fork's child is process 1. Raises OSError where the kernel or a container around us forbids it.
    """
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC
    flags |= kernel.CLONE_NEWUTS
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        kernel.unshare(flags)
    else:
        kernel.unshare(flags | kernel.CLONE_NEWUSER)
        map_self(uid, gid)


def map_self(uid: int, gid: int) -> None:
    """In a new user namespace this user is itself, and nobody else exists."""
    for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(line)


def build(root: str, binds: Sequence[Bind]) -> None:
    """Mount the view under the empty directory `root` and make it the root. Raises OSError.

    Runs as process 1 of its namespaces, before capabilities are dropped.
    """
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
    for name in EMPTY:
        os.mkdir(f"{root}/{name}", 0o755)
    os.symlink("/run", f"{root}/var/run")
    os.symlink("/tmp", f"{root}/var/tmp")
    for name in SYSTEM:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            _bind(root, Bind(f"/{name}", f"/{name}"))
    for bind in binds:
        _bind(root, bind)
    _devices(root)
    limits = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmpfs", f"{root}/tmp", "tmpfs", limits, "mode=1777")
    kernel.mount("proc", f"{root}/proc", "proc", limits | kernel.MS_NOEXEC)
    os.chdir(root)
    kernel.pivot_root_here()
    kernel.mount("none", "/", "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | limits)


def _bind(root: str, bind: Bind) -> None:
    target = root + bind.target
    os.makedirs(target, exist_ok=True)
    kernel.mount(bind.source, target, "", kernel.MS_BIND | kernel.MS_REC)
    if not bind.writable:
        kernel.make_read_only(target)


def _devices(root: str) -> None:
    for name in DEVICES:
        with open(f"{root}/dev/{name}", "x", encoding="ascii"):
            pass
        kernel.mount(f"/dev/{name}", f"{root}/dev/{name}", "", kernel.MS_BIND)
    os.mkdir(f"{root}/dev/shm", 0o1777)
    kernel.mount("tmpfs", f"{root}/dev/shm", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{root}/dev/{name}")
