"""CRC32C, which Cloud Storage keeps for every object, computed in pieces and put together.

`combine` lets ranges of a large object be checked while they arrive in parallel, without reading the file again.
"""

from __future__ import annotations

import base64

import google_crc32c  # a part of google-cloud-storage

_POLYNOMIAL = 0x82F63B78  # Castagnoli, reflected (RFC 3720, appendix B.4)


def extend(crc: int, data: bytes) -> int:
    """The checksum of what `crc` covered followed by `data`."""
    return int(google_crc32c.extend(crc, data))


def encode(crc: int) -> str:
    """As the JSON API writes it: base64 of four big-endian bytes."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _multiply(a: int, b: int) -> int:
    """Product of two polynomials modulo the CRC's, bit-reflected (bit 31 is the constant term)."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def combine(first: int, second: int, second_length: int) -> int:
    """The checksum of A+B from the checksums of A and B and the length of B in bytes."""
    shift, power = 1 << 31, 1 << 23  # x^0 and x^8: one byte of zeroes appended to A
    while second_length:
        if second_length & 1:
            shift = _multiply(shift, power)
        power = _multiply(power, power)
        second_length >>= 1
    return _multiply(shift, first) ^ second
