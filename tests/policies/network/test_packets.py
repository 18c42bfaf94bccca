"""Packet sets against Python sets of packets."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from policies.facts.network.addresses import V6, Addresses
from policies.facts.network.packets import (
    ANY_SERVICE,
    Packets,
    Services,
    packets,
    port_range,
    protocol_bits,
)

# Addresses on both sides of the families' border, protocols with and without ports, the ports' ends.
ADDRESSES = (0, 1, V6 - 1, V6, V6 + 1)
PROTOCOLS = (1, 6, 17, 255)
PORTS = (0, 1, 443, 65535)
UNIVERSE = list(product(ADDRESSES, PROTOCOLS, PORTS))


@st.composite
def services(draw: st.DrawFn) -> Services:
    bits = sum(1 << p for p in draw(st.sets(st.sampled_from(PROTOCOLS), min_size=1)))
    first, last = sorted((draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))))
    return draw(st.sampled_from((ANY_SERVICE, Services(bits), Services(bits, first, last))))


@st.composite
def sets(draw: st.DrawFn) -> tuple[Packets, set[tuple[int, int, int]]]:
    found, points = Packets(), set()
    for _ in range(draw(st.integers(0, 3))):
        chosen = draw(st.lists(services(), min_size=1, max_size=3))
        where = draw(st.sets(st.sampled_from(ADDRESSES), min_size=1))
        addresses = Addresses()
        for point in where:
            addresses |= Addresses(((point, point),))
        found |= packets(chosen, addresses)
        points |= {
            (a, p, port)
            for a, p, port in UNIVERSE
            if a in where and any(s.protocols >> p & 1 and s.first <= port <= s.last for s in chosen)
        }
    return found, points


def points_of(found: Packets) -> set[tuple[int, int, int]]:
    return {packet for packet in UNIVERSE if found.has(*packet)}


@given(sets(), sets())
def test_algebra(
    left: tuple[Packets, set[tuple[int, int, int]]], right: tuple[Packets, set[tuple[int, int, int]]]
) -> None:
    (a, pa), (b, pb) = left, right
    assert points_of(a) == pa
    assert points_of(a | b) == pa | pb
    assert points_of(a & b) == pa & pb
    assert points_of(a - b) == pa - pb
    assert not (a - a)


@given(sets())
def test_views(item: tuple[Packets, set[tuple[int, int, int]]]) -> None:
    found, points = item
    assert {address for address in ADDRESSES if address in found.addresses} == {a for a, _, _ in points}
    assert {p for p in PROTOCOLS if found.protocols >> p & 1} == {p for _, p, _ in points}
    tcp = Services(1 << 6, 443, 443)
    assert points_of(found.of(tcp)) == {x for x in points if x[1] == 6 and x[2] == 443}


def test_protocols_as_rules_write_them() -> None:
    assert protocol_bits("TCP") == protocol_bits("6") == 1 << 6
    assert protocol_bits("all") == 2**256 - 1
    for text in ("", "-1", "256", "tcpp", "٦"):
        assert protocol_bits(text) is None


def test_ports_as_rules_write_them() -> None:
    assert port_range("443") == (443, 443)
    assert port_range("8000-8999") == (8000, 8999)
    for text in ("", "-", "9-8", "65536", "a", "1-", "-1", "1-2-3", "٤"):
        assert port_range(text) is None
