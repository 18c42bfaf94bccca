"""Sets of IP addresses as sorted intervals of integers, IPv4 and IPv6 on one number line.

IPv4 addresses keep their value (0 .. 2**32-1); IPv6 addresses follow, shifted by 2**32. Every set operation is one
pass over sorted intervals.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

Interval = tuple[int, int]  # first and last address, both inside

V6 = 2**32
_END = V6 + 2**128


@dataclass(frozen=True, slots=True)
class Addresses:
    """An immutable set of addresses: disjoint, sorted, non-adjacent intervals."""

    intervals: tuple[Interval, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __contains__(self, point: int) -> bool:
        return any(low <= point <= high for low, high in self.intervals)

    def __or__(self, other: Addresses) -> Addresses:
        if not self.intervals or not other.intervals:
            return self if self.intervals else other
        return Addresses(_join(sorted(self.intervals + other.intervals)))

    def __and__(self, other: Addresses) -> Addresses:
        return Addresses(tuple(_meet(self.intervals, other.intervals)))

    def __sub__(self, other: Addresses) -> Addresses:
        if not self.intervals or not other.intervals:
            return self
        return Addresses(tuple(_meet(self.intervals, _gaps(other.intervals))))

    def __le__(self, other: Addresses) -> bool:
        return not self - other

    @property
    def size(self) -> int:
        return sum(high - low + 1 for low, high in self.intervals)

    def __str__(self) -> str:
        """CIDR notation, the first three ranges; a phrase for all addresses and for most of the public ones."""
        if self == EVERYTHING:
            return "any address"
        if self != IPV4 and (self & IPV4).size > 3 * 2**30:
            return "any public address"
        names = list(self.cidrs(4))
        return ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")

    def cidrs(self, most: int | None = None) -> Iterator[str]:
        """The set as CIDR blocks, at most ``most`` of them."""
        count = 0
        for low, high in self.intervals:
            for first, last in _by_family(low, high):
                for network in ipaddress.summarize_address_range(_address(first), _address(last)):
                    yield str(network)
                    count += 1
                    if most is not None and count >= most:
                        return


def _join(intervals: list[Interval]) -> tuple[Interval, ...]:
    joined: list[Interval] = []
    for low, high in intervals:
        if joined and low <= joined[-1][1] + 1:
            if high > joined[-1][1]:
                joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return tuple(joined)


def _meet(left: Iterable[Interval], right: Iterable[Interval]) -> Iterator[Interval]:
    lefts, rights = iter(left), iter(right)
    a, b = next(lefts, None), next(rights, None)
    while a is not None and b is not None:
        low, high = max(a[0], b[0]), min(a[1], b[1])
        if low <= high:
            yield low, high
        if a[1] < b[1]:
            a = next(lefts, None)
        else:
            b = next(rights, None)


def _gaps(intervals: tuple[Interval, ...]) -> Iterator[Interval]:
    start = 0
    for low, high in intervals:
        if start < low:
            yield start, low - 1
        start = high + 1
    if start < _END:
        yield start, _END - 1


def _by_family(low: int, high: int) -> Iterator[Interval]:
    if low < V6 <= high:
        yield low, V6 - 1
        yield V6, high
    else:
        yield low, high


def _address(point: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(point) if point < V6 else ipaddress.IPv6Address(point - V6)


def parse(text: str) -> Addresses | None:
    """An address or a CIDR block (host bits allowed, as Google allows them), None where it is neither."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    low = int(network.network_address) + (V6 if network.version == 6 else 0)
    return Addresses(((low, low + network.num_addresses - 1),))


@cache
def cidrs(*texts: str) -> Addresses:
    """The union of literal blocks. Raises ValueError for one that is none."""
    found = NOTHING
    for text in texts:
        block = parse(text)
        if block is None:
            raise ValueError(f"not an address block: {text}")
        found |= block
    return found


NOTHING = Addresses()
IPV4 = Addresses(((0, V6 - 1),))
IPV6 = Addresses(((V6, _END - 1),))
EVERYTHING = Addresses(((0, _END - 1),))

# Never routed on the internet. Sources: the IANA special-purpose address registries (RFC 6890 and its updates), without
# the blocks for documentation, which stand for somebody's public addresses wherever they are written.
PRIVATE = cidrs(
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/127", "100::/64", "fc00::/7", "fe80::/10",
    "ff00::/8",
)  # fmt: skip
LINK_LOCAL = cidrs("169.254.0.0/16", "fe80::/10")
LOOPBACK = cidrs("127.0.0.0/8", "::1/128")
