"""Run inside the seal as a job's main.py: tries every way out and writes what came of it to out/found.json.

Each attempt returns what the kernel or the file system answered; an attempt that worked returns "OPEN: ...".
"""
# ruff: noqa: B023, SIM105, SIM115 - every lambda is called where it stands, and the process ends at once

import ctypes
import errno
import json
import mmap
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import tempfile

FACTS = json.load(open("in/facts.json"))
RUNNER = FACTS["runner_pid"] or os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
NUMBERS = {
    **{
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "pidfd_getfd": 438,
        "clone3": 435,
    },
    **{"process_madvise": 440, "fsopen": 430, "open_tree": 428, "mount_setattr": 442, "move_mount": 429},
    **(
        {
            "ptrace": 101,
            "mount": 165,
            "umount2": 166,
            "pivot_root": 155,
            "chroot": 161,
            "clone": 56,
            "unshare": 272,
        }
        | {
            "setns": 308,
            "bpf": 321,
            "perf_event_open": 298,
            "userfaultfd": 323,
            "keyctl": 250,
            "add_key": 248,
        }
        | {"request_key": 249, "kcmp": 312, "process_vm_readv": 310, "process_vm_writev": 311}
        | {"open_by_handle_at": 304, "name_to_handle_at": 303}
        if X86
        else {
            "ptrace": 117,
            "mount": 40,
            "umount2": 39,
            "pivot_root": 41,
            "chroot": 51,
            "clone": 220,
            "unshare": 97,
        }
        | {
            "setns": 268,
            "bpf": 280,
            "perf_event_open": 241,
            "userfaultfd": 282,
            "keyctl": 219,
            "add_key": 217,
        }
        | {"request_key": 218, "kcmp": 272, "process_vm_readv": 270, "process_vm_writev": 271}
        | {"open_by_handle_at": 265, "name_to_handle_at": 264}
    ),
}


def call(name, *arguments):
    """The error name a system call gives, or OPEN."""
    ctypes.set_errno(0)
    result = libc.syscall(
        ctypes.c_long(NUMBERS[name]), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    )
    return f"OPEN: {name} gave {result}" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def answer(action):
    """The error name an action gives, or OPEN with what it returned."""
    try:
        return f"OPEN: {action()!r}"[:200]
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def sockets():
    found = {}
    for family in range(64):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            if family != socket.AF_UNIX:
                found[answer(lambda: socket.socket(family, kind, 0))] = [family, kind]
    return found


def metadata_server():
    found = [answer(lambda: socket.create_connection(tuple(FACTS["metadata"]), 2).recv(10))]
    found.append(answer(lambda: socket.create_connection(("169.254.169.254", 80), 2)))
    return found


def unix_listeners():
    """Connect to a listener of the host that hands a connected TCP socket to whoever comes."""
    found = {}
    for path in FACTS["listeners"]:

        def take():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(2)
                client.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)
                _, fds, _, _ = socket.recv_fds(client, 10, 1)
                return fds

        found[path] = answer(take)
    return found


def runner_memory():
    found = {}
    for pid in {RUNNER, os.getppid(), 1}:
        for name in ("mem", "environ", "maps", "auxv", "stack", "syscall"):
            found[f"{pid} {name}"] = answer(lambda: open(f"/proc/{pid}/{name}", "rb").read(16))
        found[f"{pid} mem write"] = answer(lambda: open(f"/proc/{pid}/mem", "r+b"))
        found[f"{pid} fd"] = answer(lambda: os.listdir(f"/proc/{pid}/fd"))
        found[f"{pid} cwd"] = answer(lambda: os.readlink(f"/proc/{pid}/cwd"))
        found[f"{pid} root"] = answer(lambda: os.listdir(f"/proc/{pid}/root"))
    return found


def other_environments():
    """Settings of the runner, found in any environment this process can read."""
    seen = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            data = open(f"/proc/{pid}/environ", "rb").read()
        except OSError:
            continue
        if b"CLOISTER_SPEC" in data or b"CLOISTER_STORE" in data:
            seen.append(pid)
    return seen


def processes():
    return sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit())


def descriptors():
    listing = os.open("/proc/self/fd", os.O_RDONLY)
    found = {}
    for fd in sorted(int(name) for name in os.listdir(listing)):
        if fd != listing:
            try:
                found[fd] = os.readlink(f"/proc/self/fd/{fd}").partition(":")[0]
            except FileNotFoundError:
                pass
    return found


def identity():
    def become_root():
        os.setresuid(0, 0, 0)
        return os.getuid()

    return {
        "setuid": answer(become_root),
        "setgid": answer(lambda: os.setresgid(0, 0, 0)),
        "setgroups": answer(lambda: os.setgroups([0])),
        "uid": os.getuid(),
        "euid": os.geteuid(),
        "groups": os.getgroups(),
    }


def status(pid="self"):
    wanted = ("NoNewPrivs", "Seccomp", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    lines = (line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    return {name: value.strip() for name, value in lines if name in wanted}


def namespaces():
    new_user = 0x10000000
    found = {f"unshare {flag:#x}": call("unshare", flag) for flag in (new_user, 0x20000, 0x40000000, 0x80)}
    found["clone"] = call("clone", new_user | signal.SIGCHLD, 0, 0, 0, 0)
    found["clone3"] = call("clone3", ctypes.create_string_buffer(88), 88)
    fd = os.open("/proc/self/ns/net", os.O_RDONLY)
    found["setns"] = call("setns", fd, 0)
    os.close(fd)
    return found


def mounts():
    return {
        "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, 0),
        "bind": call("mount", b"/etc", b"/tmp", b"", 0x1000, 0),
        "umount2": call("umount2", b"/proc", 2),
        "pivot_root": call("pivot_root", b".", b"."),
        "chroot": call("chroot", b"/tmp"),
        "fsopen": call("fsopen", b"tmpfs", 0),
        "open_tree": call("open_tree", -100, b"/", 1),
        "move_mount": call("move_mount", -100, b"/", -100, b"/tmp", 0),
        "mount_setattr": call("mount_setattr", -100, b"/", 0, ctypes.create_string_buffer(32), 32),
    }


def kernel_surface():
    ring = ctypes.create_string_buffer(120)
    vector = struct.pack("QQ", ctypes.addressof(ring), 16)
    return {
        "io_uring_setup": call("io_uring_setup", 4, ring),
        "io_uring_enter": call("io_uring_enter", 3, 1, 0, 0, 0),
        "io_uring_register": call("io_uring_register", 3, 0, 0, 0),
        "ptrace attach": call("ptrace", 16, RUNNER, 0, 0),
        "ptrace seize": call("ptrace", 0x4206, RUNNER, 0, 0),
        "ptrace me": call("ptrace", 0, 0, 0, 0),
        "process_vm_readv": call("process_vm_readv", RUNNER, vector, 1, vector, 1, 0),
        "process_vm_writev": call("process_vm_writev", RUNNER, vector, 1, vector, 1, 0),
        "process_madvise": call("process_madvise", 3, vector, 1, 4, 0),
        "kcmp": call("kcmp", os.getpid(), RUNNER, 0, 0, 0),
        "bpf": call("bpf", 5, ring, 120),
        "perf_event_open": call("perf_event_open", ring, 0, -1, -1, 0),
        "userfaultfd": call("userfaultfd", 1),
        "keyctl": call("keyctl", 0, -3, 1),
        "add_key": call("add_key", b"user", b"x", b"y", 1, -3),
        "request_key": call("request_key", b"user", b"x", 0, -3),
        "name_to_handle_at": call("name_to_handle_at", -100, b"/etc/passwd", ring, ring, 0),
        "open_by_handle_at": call("open_by_handle_at", -100, ring, 0),
    }


def take_descriptor():
    found = {}
    for pid in {RUNNER, os.getppid()}:
        try:
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            found[str(pid)] = errno.errorcode[error.errno]
            continue
        for fd in range(8):
            found[f"{pid} {fd}"] = call("pidfd_getfd", pidfd, fd, 0)
    return found


def other_architectures():
    """Exit codes of children that enter the kernel by another door: killed by SIGSYS."""
    if not X86:
        return {}
    x32 = "import ctypes; ctypes.CDLL(None).syscall(0x40000000 | 39); print('OPEN')"
    found = {"x32": subprocess.run([sys.executable, "-c", x32], capture_output=True).returncode}
    # mov eax, 20; int 0x80; ret: getpid by the 32-bit entry
    code = bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3])
    child = os.fork()
    if child == 0:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
        os._exit(0)
    found["i386"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return found


def files():
    found = {
        name: answer(lambda: open(name, "w")) for name in ("/etc/x", "/usr/x", "/sys/x", "/x", "/work/env/x")
    }
    found |= {f"list {name}": answer(lambda: sorted(os.listdir(name))) for name in FACTS["hidden"]}
    found["list /dev/pts"] = answer(lambda: os.listdir("/dev/pts"))
    found["tty"] = answer(lambda: open("/dev/tty"))
    return found


def works():
    """What honest code needs: none of it may be refused."""
    left, right = socket.socketpair()
    left.sendall(b"x")
    import multiprocessing
    import threading

    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    with multiprocessing.Pool(2) as pool:
        squares = pool.map(abs, [-1, -2])
    shell = subprocess.run(["sh", "-c", "echo $((6*7))"], capture_output=True, text=True, check=True).stdout
    tempfile.TemporaryFile(dir="/tmp").write(b"x")
    return [right.recv(1).decode(), squares, shell.strip()]


ATTEMPTS = (
    *(
        descriptors,
        sockets,
        metadata_server,
        unix_listeners,
        runner_memory,
        other_environments,
        processes,
        identity,
    ),
    *(status, namespaces, mounts, kernel_surface, take_descriptor, other_architectures, files, works),
)
if __name__ == "__main__":
    results = {attempt.__name__: attempt() for attempt in ATTEMPTS}
    results["keeper"] = status(1)
    results["environ"] = dict(os.environ)
    results["session"] = [os.getsid(0), os.getpid(), os.getpgrp()]
    results["stdin"] = sys.stdin.read()
    os.makedirs("out", exist_ok=True)
    json.dump(results, open("out/found.json", "w"))
