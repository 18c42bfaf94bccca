"""`python -I -m runner.canary.inside API METADATA`: what runs sealed, tries to get out, and writes what it found.

One JSON object: of each try, its outcome and how that is known.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import socket
import sys
from functools import partial

from runner.canary.internet import tcp
from runner.canary.probe import Result, each, escaped, held
from runner.image.seal import kernel, policy

TRIES = {
    "socket": "a socket of each family but AF_UNIX, and to send by it to a Google API",
    "metadata": "to ask the metadata server for the runner's token",
    "io-uring": "io_uring, which opens sockets without a system call for it",
    "runner": "the runner's memory, environment and descriptors",
    "namespaces": "namespaces of its own, in which it would hold every capability",
}
_FAMILIES = {
    "AF_INET": socket.AF_INET,
    "AF_INET6": socket.AF_INET6,
    "AF_NETLINK": socket.AF_NETLINK,
    "AF_PACKET": socket.AF_PACKET,
    "AF_VSOCK": socket.AF_VSOCK,
}
_FILES = ("environ", "mem", "maps", "fd")  # of a process that holds an identity
_HTTPS, _HTTP = 443, 80


def attempts(api: str, metadata: str) -> dict[str, Result]:
    """By the names of TRIES."""
    server, _, port = metadata.partition(":")
    return {
        "socket": each({name: partial(_socket, family, api) for name, family in _FAMILIES.items()}),
        "metadata": tcp(server, int(port or _HTTP)) if server else held("there is none"),
        "io-uring": _call("io_uring_setup", 1, 0),
        "runner": _runner(os.getppid()),
        "namespaces": each(
            {
                name: partial(_call, "unshare", flag)
                for name, flag in (
                    ("user", kernel.CLONE_NEWUSER),
                    ("net", kernel.CLONE_NEWNET),
                    ("mount", kernel.CLONE_NEWNS),
                )
            }
        ),
    }


def _socket(family: int, api: str) -> Result:
    """Opening one is the escape; where it leads is said besides."""
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError as error:
        return held(error.strerror or "refused")
    if family == socket.AF_INET and api:
        return escaped(f"it opens; to {api} port {_HTTPS}: {tcp(api, _HTTPS).how}")
    return escaped("it opens")


def _call(name: str, *arguments: int) -> Result:
    """A system call that the filter refuses; any other error comes from behind it."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = policy.ARCHITECTURES[platform.machine()].numbers[name]
    answer = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(value) for value in arguments))
    code = ctypes.get_errno()
    if answer >= 0:
        return escaped("the kernel does it")
    if code in (errno.EPERM, errno.ENOSYS):
        return held(os.strerror(code))
    return escaped(f"the kernel was asked, and says {os.strerror(code)}")


def _runner(parent: int) -> Result:
    """Files of the process that holds the identity."""
    return each({f"/proc/{parent}/{name}": partial(_open, f"/proc/{parent}/{name}") for name in _FILES})


def _open(path: str) -> Result:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return held(error.strerror or "refused")
    return escaped("it opens")


if __name__ == "__main__":
    found = attempts(sys.argv[1], sys.argv[2])
    print(json.dumps({name: [result.outcome, result.how] for name, result in found.items()}))
