"""Address sets against Python sets and the ``ipaddress`` module."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from policies.facts.network.addresses import EVERYTHING, IPV4, IPV6, V6, Addresses, cidrs, parse

# A small universe around the border between the two families, where mistakes would show.
LOW, HIGH = V6 - 12, V6 + 12
POINTS = range(LOW, HIGH + 1)


@st.composite
def sets(draw: st.DrawFn) -> tuple[Addresses, set[int]]:
    found, points = Addresses(), set()
    for first, length in draw(st.lists(st.tuples(st.integers(LOW, HIGH), st.integers(0, 6)), max_size=4)):
        last = min(first + length, HIGH)
        found |= Addresses(((first, last),))
        points |= set(range(first, last + 1))
    return found, points


def points_of(found: Addresses) -> set[int]:
    return {point for point in POINTS if point in found}


@given(sets(), sets())
def test_algebra(left: tuple[Addresses, set[int]], right: tuple[Addresses, set[int]]) -> None:
    (a, pa), (b, pb) = left, right
    assert points_of(a | b) == pa | pb
    assert points_of(a & b) == pa & pb
    assert points_of(a - b) == pa - pb
    assert (a <= b) == (pa <= pb)
    assert a.size == len(pa)
    assert bool(a) == bool(pa)
    assert (a | b) - b == a - b  # canonical: equal sets compare equal


@given(sets())
def test_cidrs_name_the_set(item: tuple[Addresses, set[int]]) -> None:
    found, _ = item
    again = Addresses()
    for text in found.cidrs():
        again |= cidrs(text)
    assert again == found


@given(st.ip_addresses(), st.integers(0, 128))
def test_parse_is_ipaddress(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> None:
    bits = min(bits, address.max_prefixlen)
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    shift = V6 if network.version == 6 else 0
    expected = (int(network.network_address) + shift, int(network.broadcast_address) + shift)
    assert parse(f"{address}/{bits}") == Addresses((expected,))


def test_nonsense_is_no_block() -> None:
    for text in ("", "10.0.0.0/33", "10.0.0", "all", "::/129", "300.0.0.1"):
        assert parse(text) is None


def test_families_do_not_mix() -> None:
    assert not IPV4 & IPV6
    assert IPV4 | IPV6 == EVERYTHING
    assert cidrs("0.0.0.0/1", "128.0.0.0/1") == IPV4
    assert str(EVERYTHING) == "any address"
    assert str(cidrs("10.0.0.0/8")) == "10.0.0.0/8"
