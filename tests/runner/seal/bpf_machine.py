"""A classic-BPF machine, as much as seccomp allows filters to use, written from linux/filter.h and its manual."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def execute(code: bytes, number: int, arch: int, arguments: Sequence[int] = ()) -> int:
    """The action of a filter (struct sock_filter bytes) for one system call."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number - (1 << 32) if number >> 31 else number, arch, 0, *padded)
    program = list(struct.iter_unpack("<HBBI", code))
    assert 0 < len(program) <= 4096
    accumulator, counter = 0, 0
    while True:
        operation, jump_true, jump_false, value = program[counter]
        counter += 1
        match operation:
            case 0x20:  # ld [k]
                assert value % 4 == 0 and value + 4 <= len(data)
                accumulator = struct.unpack_from("<I", data, value)[0]
            case 0x15:  # jeq #k
                counter += jump_true if accumulator == value else jump_false
            case 0x25:  # jgt #k
                counter += jump_true if accumulator > value else jump_false
            case 0x35:  # jge #k
                counter += jump_true if accumulator >= value else jump_false
            case 0x45:  # jset #k
                counter += jump_true if accumulator & value else jump_false
            case 0x05:  # ja
                counter += value
            case 0x54:  # and #k
                accumulator &= value
            case 0x06:  # ret #k
                return int(value)
            case _:
                raise AssertionError(f"operation {operation:#x} is none a seccomp filter should need")
