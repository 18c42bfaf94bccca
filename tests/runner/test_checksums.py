"""CRC32C of pieces equals CRC32C of the whole; the oracle is a CRC computed bit by bit from RFC 3720."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from runner.image import checksums


def bitwise(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_known_values() -> None:
    # RFC 3720, appendix B.4
    assert bitwise(bytes(32)) == checksums.extend(0, bytes(32)) == 0x8A9136AA
    assert bitwise(b"\xff" * 32) == checksums.extend(0, b"\xff" * 32) == 0x62A8AB43
    assert checksums.encode(0x8A9136AA) == base64.b64encode(bytes.fromhex("8a9136aa")).decode()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_combine(first: bytes, second: bytes) -> None:
    whole = checksums.combine(bitwise(first), bitwise(second), len(second))
    assert whole == bitwise(first + second) == checksums.extend(checksums.extend(0, first), second)


@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_combine_with_zeroes_is_exact_for_any_length(crc: int, length: int) -> None:
    zeroes = bitwise(bytes(length))
    stepwise = crc
    for _ in range(length):
        stepwise = checksums.combine(stepwise, bitwise(b"\0"), 1)
    assert checksums.combine(crc, zeroes, length) == stepwise
