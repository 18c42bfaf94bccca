"""The system calls the seal is made with: prctl, capset, seccomp, namespaces and mounts, through libc."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

from runner.image.seal import policy

_libc = ctypes.CDLL(None, use_errno=True)

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2

# linux/sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# linux/mount.h
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2

_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_HIGHEST_CAPABILITY = 63


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def prctl(option: int, first: int = 0, second: int = 0) -> None:
    """prctl(2) with whole-number arguments. Raises OSError."""
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    _check(_libc.prctl(ctypes.c_int(option), *arguments), f"prctl {option}")


def harden_self() -> None:
    """No process of the same user may read this one's memory, environment or descriptors, and none is dumped."""
    prctl(PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def die_with_parent(parent: int) -> None:
    """SIGKILL this process when its parent ends, also when the parent ended before this call."""
    prctl(PR_SET_PDEATHSIG, 9)
    if os.getppid() != parent:
        os._exit(1)


def drop_bounding_set() -> None:
    """Give up every capability for good, where the right to do so is held (else there is none to give up)."""
    for capability in range(_HIGHEST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            return  # EINVAL: the kernel knows no more; EPERM: without CAP_SETPCAP no_new_privs does this work


def drop_capabilities() -> None:
    """Empty the effective, permitted, inheritable and ambient sets."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def become(uid: int, gid: int) -> None:
    """Change to an unprivileged user without supplementary groups, for good."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def no_new_privileges() -> None:
    """From here on, execve gives no rights: set-user-id bits and file capabilities are ignored."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def install_filter(*, network: bool) -> None:
    """Apply the system-call filter to this process and all it starts. Raises OSError, or on another machine."""
    machine = platform.machine()
    if machine not in policy.ARCHITECTURES:
        raise OSError(0, f"no system-call filter for {machine}")
    code = b"".join(i.encode() for i in policy.program(policy.ARCHITECTURES[machine], network=network))
    filter_program = _Program(len(code) // 8, code)
    pointer = ctypes.cast(ctypes.byref(filter_program), ctypes.c_void_p).value or 0
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, pointer)


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2). Raises OSError naming the target."""
    arguments = [text.encode() if text else None for text in (source, target, kind)]
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def make_read_only(target: str) -> None:
    """Read-only and without set-user-id, for the mount at `target` and all mounts below it (Linux 5.12)."""
    attributes = struct.pack("<QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    number = policy.ARCHITECTURES[platform.machine()].numbers["mount_setattr"]
    _check(
        _libc.syscall(
            ctypes.c_long(number),
            ctypes.c_int(AT_FDCWD),
            target.encode(),
            ctypes.c_uint(AT_RECURSIVE),
            attributes,
            ctypes.c_size_t(len(attributes)),
        ),
        f"mount_setattr {target}",
    )


def pivot_root_here() -> None:
    """Make the current directory the root, and drop the old one."""
    number = policy.ARCHITECTURES[platform.machine()].numbers["pivot_root"]
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", ctypes.c_int(MNT_DETACH)), "umount2")
    os.chdir("/")
