"""The system-call filter of each architecture, over every number, by a BPF machine of its own."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from runner.image.seal import policy

from .bpf_machine import execute

ALLOW = 0x7FFF0000
EPERM = 0x00050000 | errno.EPERM
ENOSYS = 0x00050000 | errno.ENOSYS
KILL = 0x80000000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
OTHER_AUDIT = (0x40000003, 0x40000028, 0xC00000F3, 0x80000015, 0)  # i386, arm, riscv64, ppc64, none
BEYOND = 1200  # past every number assigned by any architecture here

# Design section 7, by name; what the design calls a family is written out.
DESIGN = {
    *(
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
    ),
    *("pidfd_getfd", "process_madvise", "kcmp", "perf_event_open", "bpf", "userfaultfd", "keyctl", "add_key"),
    *(
        "request_key",
        "unshare",
        "setns",
        "mount",
        "umount2",
        "move_mount",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
    ),
    *("open_tree", "open_tree_attr", "mount_setattr", "pivot_root", "open_by_handle_at"),
}
# Refused beyond the design: kernel surface, other processes' pages, the clock, and the machine itself.
BEYOND_DESIGN = {
    *(
        "process_mrelease",
        "move_pages",
        "migrate_pages",
        "uprobe",
        "uretprobe",
        "fanotify_init",
        "lookup_dcookie",
    ),
    *(
        "syslog",
        "init_module",
        "finit_module",
        "delete_module",
        "kexec_load",
        "kexec_file_load",
        "acct",
        "reboot",
    ),
    *("swapon", "swapoff", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "sethostname"),
    *("setdomainname", "vhangup", "iopl", "ioperm", "modify_ldt", "chroot", "name_to_handle_at"),
}
# What a library needs every day and a list written in haste might refuse.
ORDINARY = {
    *(
        "read",
        "write",
        "openat",
        "mmap",
        "mprotect",
        "futex",
        "execve",
        "wait4",
        "kill",
        "prctl",
        "getrandom",
    ),
    *("sched_setaffinity", "mbind", "set_mempolicy", "get_mempolicy", "memfd_create", "pidfd_open", "pipe2"),
    *(
        "epoll_pwait",
        "eventfd2",
        "shmget",
        "shmat",
        "semop",
        "connect",
        "bind",
        "listen",
        "accept4",
        "sendmsg",
    ),
    *("recvmsg", "statx", "copy_file_range", "landlock_restrict_self", "seccomp", "rseq", "membarrier"),
}


def table(arch: str) -> dict[int, str]:
    rows = (Path(__file__).parent / "syscalls.tsv").read_text(encoding="utf-8").splitlines()
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    return {int(number): name for found, number, name in cells if found == arch}


def code(arch: str, *, network: bool = False) -> bytes:
    return b"".join(i.encode() for i in policy.program(policy.ARCHITECTURES[arch], network=network))


@pytest.mark.parametrize("arch", AUDIT)
def test_every_number(arch: str) -> None:
    names, program = table(arch), code(arch)
    for number in range(BEYOND):
        name = names.get(number)
        if name is None or name == "clone3":
            # Unassigned numbers inside a range the kernel fills are its own to refuse.
            gap = number < policy.ARCHITECTURES[arch].own.stop and name is None
            expected = ALLOW if gap else ENOSYS
        elif name in DESIGN | BEYOND_DESIGN or name in ("socket", "socketpair"):
            expected = EPERM  # sockets here ask for family 0
        else:
            expected = ALLOW
        assert execute(program, number, AUDIT[arch]) == expected, (number, name)


@pytest.mark.parametrize("arch", AUDIT)
def test_the_lists_are_complete(arch: str) -> None:
    names = {name: number for number, name in table(arch).items()}
    assert set(names) >= DESIGN, "the table has every call the design names"
    assert set(names) >= ORDINARY
    assert policy.refused(policy.ARCHITECTURES[arch]) == {
        name: names[name] for name in DESIGN | BEYOND_DESIGN if name in names
    }
    assert all(names[name] == number for name, number in policy.ARCHITECTURES[arch].numbers.items())


@pytest.mark.parametrize("arch", AUDIT)
@pytest.mark.parametrize("name", ["socket", "socketpair"])
def test_only_unix_sockets(arch: str, name: str) -> None:
    number = policy.ARCHITECTURES[arch].numbers[name]
    program, open_program = code(arch), code(arch, network=True)
    # The kernel takes the family as an int, so whatever stands in the high half must not matter.
    for high in (0, 1, 0xFFFFFFFF):
        for family in (*range(64), 0x7FFFFFFF, 0x80000001, 0xFFFFFFFF):
            argument = high << 32 | family
            assert execute(program, number, AUDIT[arch], [argument]) == (ALLOW if family == 1 else EPERM)
            assert execute(open_program, number, AUDIT[arch], [argument]) == ALLOW


@pytest.mark.parametrize("arch", AUDIT)
@pytest.mark.parametrize("network", [False, True])
def test_clone_makes_processes_and_threads_but_no_namespace(arch: str, network: bool) -> None:
    number, program = policy.ARCHITECTURES[arch].numbers["clone"], code(arch, network=network)
    threads = 0x3D0F00  # glibc's pthread_create
    fork = 0x01200011
    for flags in (threads, fork, 0x4111, 0):
        assert execute(program, number, AUDIT[arch], [flags]) == ALLOW
        for bit in (17, 25, 26, 27, 28, 29, 30):  # NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
            for high in (0, 0xFFFFFFFF):
                assert execute(program, number, AUDIT[arch], [high << 32 | flags | 1 << bit]) == EPERM


@pytest.mark.parametrize("arch", AUDIT)
def test_no_terminal_injection(arch: str) -> None:
    number, program = policy.ARCHITECTURES[arch].numbers["ioctl"], code(arch)
    for request, expected in ((0x5412, EPERM), (0x541C, EPERM), (0x5401, ALLOW), (0x5413, ALLOW)):
        for high in (0, 1, 0xFFFFFFFF):
            assert execute(program, number, AUDIT[arch], [1, high << 32 | request]) == expected


@pytest.mark.parametrize("arch", AUDIT)
@pytest.mark.parametrize("network", [False, True])
def test_other_architectures_are_killed(arch: str, network: bool) -> None:
    program = code(arch, network=network)
    others = {*OTHER_AUDIT, *AUDIT.values()} - {AUDIT[arch]}
    for other in others:
        for number in (*range(BEYOND), 0x40000000, 0xFFFFFFFF):
            assert execute(program, number, other) == KILL


def test_x32_is_killed() -> None:
    program = code("x86_64")
    for number in (*range(BEYOND), 0x3FFFFFFF, 0x7FFFFFFF, 0xBFFFFFFF):
        assert execute(program, number | 0x40000000, AUDIT["x86_64"]) == KILL


@pytest.mark.parametrize("arch", AUDIT)
def test_unknown_numbers_never_pass(arch: str) -> None:
    program = code(arch)
    for number in (471, 472, 511, 547, 999, 0x1000, 0x3FFFFFFF):
        assert execute(program, number, AUDIT[arch]) == ENOSYS
