"""Sets of packets, as a firewall sees them: remote address, IP protocol and destination port.

A set is a tuple of cells. Each cell is a rectangle of services (protocols times ports) with the addresses that go with
it; the services of two cells never overlap, so subtraction and intersection are exact and stay small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.facts.network.addresses import EVERYTHING, NOTHING, Addresses

PROTOCOLS = {
    "icmp": 1, "ipip": 4, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132,
}  # fmt: skip
_NAMES = {number: name for name, number in PROTOCOLS.items()}
WITH_PORTS = (6, 17, 132)
_ALL_PROTOCOLS = 2**256 - 1
_LAST_PORT = 65535
TCP = 1 << 6


@dataclass(frozen=True, slots=True)
class Services:
    """A rectangle: a bit per IP protocol number, and the ports ``first`` to ``last``. A protocol without ports
    always takes all of them."""

    protocols: int
    first: int = 0
    last: int = _LAST_PORT

    def meet(self, other: Services) -> Services | None:
        both = self.protocols & other.protocols
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Services(both, first, last) if both and first <= last else None

    def without(self, other: Services) -> Iterator[Services]:
        """What is left, in at most three rectangles. ``other`` must meet ``self``."""
        if rest := self.protocols & ~other.protocols:
            yield Services(rest, self.first, self.last)
        both = self.protocols & other.protocols
        if self.first < other.first:
            yield Services(both, self.first, other.first - 1)
        if other.last < self.last:
            yield Services(both, other.last + 1, self.last)

    def __str__(self) -> str:
        if self.protocols == _ALL_PROTOCOLS:
            name = "every protocol"
        elif self.protocols.bit_count() > 4:
            missing = [name for number, name in sorted(_NAMES.items()) if not self.protocols >> number & 1]
            name = f"every protocol but {', '.join(missing)}" if missing else "other protocols"
        else:
            numbers = [n for n in range(256) if self.protocols >> n & 1]
            name = ", ".join(_NAMES.get(n, f"protocol {n}") for n in numbers)
        if (self.first, self.last) == (0, _LAST_PORT):
            return name
        return f"{name} {self.first}" if self.first == self.last else f"{name} {self.first}-{self.last}"


ANY_SERVICE = Services(_ALL_PROTOCOLS)


@dataclass(frozen=True, slots=True)
class Packets:
    """An immutable set of packets."""

    cells: tuple[tuple[Services, Addresses], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.cells)

    def __and__(self, other: Packets) -> Packets:
        found: list[tuple[Services, Addresses]] = []
        for services, addresses in self.cells:
            for theirs, also in other.cells:
                both = services.meet(theirs)
                if both is not None and (shared := addresses & also):
                    found.append((both, shared))
        return Packets(tuple(found))

    def __sub__(self, other: Packets) -> Packets:
        left = list(self.cells)
        for theirs, gone in other.cells:
            left = [piece for cell in left for piece in _minus(cell, theirs, gone)]
        return Packets(tuple(left))

    def __or__(self, other: Packets) -> Packets:
        return Packets(self.cells + (other - self).cells)

    def within(self, addresses: Addresses) -> Packets:
        """Only what goes to or comes from ``addresses``."""
        return Packets(tuple((s, both) for s, a in self.cells if (both := a & addresses)))

    def of(self, services: Services) -> Packets:
        """Only packets of ``services``."""
        return Packets(tuple((both, a) for s, a in self.cells if (both := s.meet(services))))

    @property
    def addresses(self) -> Addresses:
        """Every address of the set."""
        found = NOTHING
        for _, addresses in self.cells:
            found |= addresses
        return found

    @property
    def protocols(self) -> int:
        """Every protocol of the set, a bit each."""
        bits = 0
        for services, _ in self.cells:
            bits |= services.protocols
        return bits

    def has(self, address: int, protocol: int, port: int) -> bool:
        """Whether one packet is in the set."""
        return any(
            s.protocols >> protocol & 1 and s.first <= port <= s.last and address in a for s, a in self.cells
        )

    def __str__(self) -> str:
        """The services of the set as a phrase: ``tcp 443, icmp``."""
        ports: dict[int, list[tuple[int, int]]] = {}
        for services, _ in self.cells:
            for number in range(256):
                if services.protocols >> number & 1:
                    ports.setdefault(number, []).append((services.first, services.last))
        whole = 0
        names: list[str] = []
        for number, spans in sorted(ports.items()):
            merged = _merge(spans)
            if merged == [(0, _LAST_PORT)]:
                whole |= 1 << number
            else:
                names += [str(Services(1 << number, first, last)) for first, last in merged]
        if whole:
            names.insert(0, str(Services(whole)))
        return ", ".join(names[:4]) + (" and more" if len(names) > 4 else "")


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _minus(
    cell: tuple[Services, Addresses], theirs: Services, gone: Addresses
) -> Iterable[tuple[Services, Addresses]]:
    services, addresses = cell
    both = services.meet(theirs)
    if both is None or not addresses & gone:
        yield cell
        return
    if kept := addresses - gone:
        yield both, kept
    for rest in services.without(theirs):
        yield rest, addresses


def packets(services: Iterable[Services], addresses: Addresses) -> Packets:
    """Packets of any of ``services`` to or from ``addresses``."""
    if not addresses:
        return NO_PACKETS
    found: list[Services] = []
    for new in services:
        pieces = [new]
        for old in found:
            pieces = [
                part for piece in pieces for part in (piece.without(old) if piece.meet(old) else (piece,))
            ]
        found += pieces
    return Packets(tuple((s, addresses) for s in found))


NO_PACKETS = Packets()
ALL_PACKETS = Packets(((ANY_SERVICE, EVERYTHING),))


def protocol_bits(name: str) -> int | None:
    """The bits of a protocol as firewall rules write it (a name, a number or ``all``), None where it is none."""
    text = name.strip().lower()
    if text == "all":
        return _ALL_PROTOCOLS
    number = PROTOCOLS.get(text)
    if number is None and text.isascii() and text.isdigit() and len(text) <= 3:
        number = int(text)
    return 1 << number if number is not None and number < 256 else None


def port_range(text: str) -> tuple[int, int] | None:
    """``443`` or ``8000-8999`` as first and last, None where it is neither."""
    first, dash, last = text.strip().partition("-")
    if not (first.isascii() and first.isdigit() and len(first) <= 5):
        return None
    if dash and not (last.isascii() and last.isdigit() and len(last) <= 5):
        return None
    low, high = int(first), int(last) if dash else int(first)
    return (low, high) if low <= high <= _LAST_PORT else None
