"""What the sealed command may ask of the kernel, as a seccomp filter for x86-64 and arm64.

The rule is a list of what is refused (design section 7): the command is ordinary machine-learning code, and a
list of what is allowed would break on the next library. What no kernel of today defines is refused as well, so a
call added tomorrow is not allowed by accident.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass

from runner.image.seal import bpf

AF_UNIX = 1
# linux/sched.h, all namespaces clone(2) can make. CLONE_NEWTIME shares bits with the exit signal and works with
# clone3 and unshare only, both refused.
NEW_NAMESPACES = 0x7E020000
# asm-generic/ioctls.h: push characters into a terminal's input, as if its owner had typed them.
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
X32_BIT = 0x40000000  # x86-64 only: the x32 ABI, another numbering of the same calls


@dataclass(frozen=True)
class Architecture:
    """One machine: its AUDIT_ARCH value, the numbers it assigns, and the numbers of the calls named here."""

    name: str
    audit: int
    own: range  # numbered its own way; above it only COMMON is assigned
    numbers: Mapping[str, int]
    x32: bool


# Calls refused with EPERM. One group per way out.
REFUSED: dict[str, tuple[str, ...]] = {
    "asks the kernel to open sockets and files out of the filter's sight": (
        "io_uring_setup", "io_uring_enter", "io_uring_register",
    ),
    "reads, writes or takes descriptors from another process": (
        "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "process_madvise",
        "process_mrelease", "kcmp", "move_pages", "migrate_pages",
    ),
    "programs or watches the kernel": (
        "bpf", "perf_event_open", "userfaultfd", "uprobe", "uretprobe", "fanotify_init", "lookup_dcookie", "syslog",
        "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "acct", "reboot",
        "swapon", "swapoff", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "sethostname",
        "setdomainname", "vhangup", "iopl", "ioperm", "modify_ldt",
    ),
    "keeps secrets in the kernel that other processes can read": ("keyctl", "add_key", "request_key"),
    "makes or enters namespaces, where it would hold every capability": ("unshare", "setns"),
    "changes what paths mean": (
        "mount", "umount2", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "open_tree_attr",
        "mount_setattr", "pivot_root", "chroot",
    ),
    "opens files without their paths": ("open_by_handle_at", "name_to_handle_at"),
}  # fmt: skip

# Numbers from 424 on are the same on every architecture (Linux commit 0d6040d46817, "arch: add split IPC system
# calls where needed", and after). 470 is listns, Linux 6.19.
_COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443, "process_mrelease": 448,
    "open_tree_attr": 467,
}  # fmt: skip
COMMON = range(424, 471)

# arch/x86/entry/syscalls/syscall_64.tbl
X86_64 = Architecture(
    name="x86_64",
    audit=0xC000003E,
    own=range(0, 337),
    x32=True,
    numbers=_COMMON
    | {
        "ioctl": 16, "socket": 41, "socketpair": 53, "clone": 56, "ptrace": 101, "syslog": 103, "vhangup": 153,
        "modify_ldt": 154, "pivot_root": 155, "chroot": 161, "acct": 163, "settimeofday": 164, "mount": 165,
        "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171,
        "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "lookup_dcookie": 212, "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249,
        "keyctl": 250, "migrate_pages": 256, "unshare": 272, "move_pages": 279, "perf_event_open": 298,
        "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313,
        "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "uretprobe": 335, "uprobe": 336,
    },
)  # fmt: skip

# include/uapi/asm-generic/unistd.h and scripts/syscall.tbl, which arm64 follows
ARM64 = Architecture(
    name="aarch64",
    audit=0xC00000B7,
    own=range(0, 295),
    x32=False,
    numbers=_COMMON
    | {
        "lookup_dcookie": 18, "ioctl": 29, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51,
        "vhangup": 58, "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105,
        "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142,
        "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "socket": 198, "socketpair": 199,
        "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "swapon": 224, "swapoff": 225,
        "migrate_pages": 238, "move_pages": 239, "perf_event_open": 241, "fanotify_init": 262,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
        "kexec_file_load": 294,
    },
)  # fmt: skip

ARCHITECTURES: dict[str, Architecture] = {arch.name: arch for arch in (X86_64, ARM64)}


def refused(arch: Architecture) -> dict[str, int]:
    """Name and number of every call of the lists above that the architecture has."""
    names = [name for group in REFUSED.values() for name in group]
    return {name: arch.numbers[name] for name in names if name in arch.numbers}


def program(arch: Architecture, *, network: bool) -> tuple[bpf.Instruction, ...]:
    """The filter. `network` leaves socket families alone (a team with `network: project`); all else stays."""
    steps = [
        bpf.load(bpf.ARCH_OFFSET),
        bpf.when(bpf.JUMP_EQUAL, arch.audit, None, "kill"),
        bpf.load(bpf.NUMBER_OFFSET),
    ]
    if arch.x32:
        steps.append(bpf.when(bpf.JUMP_AT_LEAST, X32_BIT, "kill"))
    steps += [
        bpf.when(bpf.JUMP_AT_LEAST, COMMON.stop, "unknown"),
        bpf.when(bpf.JUMP_AT_LEAST, COMMON.start, "named"),
        bpf.when(bpf.JUMP_AT_LEAST, arch.own.stop, "unknown"),
    ]
    checks = {"clone": "clone", "clone3": "unknown", "ioctl": "ioctl"}
    if not network:
        checks |= {"socket": "family", "socketpair": "family"}
    decided = {arch.numbers[name]: label for name, label in checks.items()}
    decided |= dict.fromkeys(refused(arch).values(), "refuse")
    for index, (number, label) in enumerate(sorted(decided.items())):
        steps.append(bpf.Step(bpf.JUMP_EQUAL, number, label, label=None if index else "named"))
    steps += [
        bpf.give(bpf.ALLOW, label="allow"),
        bpf.load(bpf.argument_low_word(0), label="clone"),
        bpf.when(bpf.JUMP_ANY_BIT, NEW_NAMESPACES, "refuse", "allow too"),
        bpf.load(bpf.argument_low_word(1), label="ioctl"),
        *(bpf.when(bpf.JUMP_EQUAL, request, "refuse") for request in TERMINAL_INJECTION),
        bpf.give(bpf.ALLOW, label="allow too"),
        bpf.load(bpf.argument_low_word(0), label="family"),
        bpf.when(bpf.JUMP_EQUAL, AF_UNIX, "allow unix", "refuse"),
        bpf.give(bpf.ALLOW, label="allow unix"),
        bpf.give(bpf.ERRNO | errno.EPERM, label="refuse"),
        # clone3 passes its flags in memory, which a filter cannot read: without it libc falls back to clone.
        bpf.give(bpf.ERRNO | errno.ENOSYS, label="unknown"),
        bpf.give(bpf.KILL_PROCESS, label="kill"),
    ]
    return bpf.assemble(steps)
