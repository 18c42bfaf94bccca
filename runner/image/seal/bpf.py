"""Classic BPF, as much of it as a seccomp filter needs: instructions, and an assembler with labels.

Encoding and the layout of the data a filter sees are linux/filter.h's and linux/seccomp.h's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

# Operation codes (linux/bpf_common.h).
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
JUMP_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# Actions (linux/seccomp.h).
ALLOW = 0x7FFF0000
ERRNO = 0x00050000  # the low 16 bits are the error number
KILL_PROCESS = 0x80000000

# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6], all little-endian here.
NUMBER_OFFSET = 0
ARCH_OFFSET = 4


def argument_low_word(index: int) -> int:
    """Offset of the low half of an argument. Arguments the kernel takes as 32 bits are cut to it there too."""
    return 16 + 8 * index


@dataclass(frozen=True)
class Instruction:
    """struct sock_filter."""

    code: int
    jump_true: int
    jump_false: int
    value: int

    def encode(self) -> bytes:
        return struct.pack("<HBBI", self.code, self.jump_true, self.jump_false, self.value)


@dataclass(frozen=True)
class Step:
    """An instruction before assembly: labels instead of offsets. None goes on with the next step."""

    code: int
    value: int
    if_true: str | None = None
    if_false: str | None = None
    label: str | None = None  # this step's own name


def load(offset: int, *, label: str | None = None) -> Step:
    return Step(LOAD_WORD, offset, label=label)


def when(code: int, value: int, then: str | None, otherwise: str | None = None) -> Step:
    return Step(code, value, then, otherwise)


def give(action: int, *, label: str | None = None) -> Step:
    return Step(RETURN, action, label=label)


def assemble(steps: Sequence[Step]) -> tuple[Instruction, ...]:
    """Resolve labels. Classic BPF jumps only forward, at most 255 instructions."""
    places = {step.label: index for index, step in enumerate(steps) if step.label is not None}

    def distance(index: int, target: str | None) -> int:
        if target is None:
            return 0
        offset = places[target] - index - 1
        if not 0 <= offset <= 255:
            raise ValueError(f"jump from {index} to {target} is out of reach")
        return offset

    return tuple(
        Instruction(step.code, distance(i, step.if_true), distance(i, step.if_false), step.value)
        for i, step in enumerate(steps)
    )
