"""Functions of CIDR ranges."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_interface
from typing import Any

from policies.expressions.convert import to_text, to_whole
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.registry import function

Network = IPv4Network | IPv6Network


def _network(text: Any) -> Network:
    found = to_text(text)
    if "/" not in found or found.count("/") != 1 or not found.rpartition("/")[2].isdigit():
        raise WrongError(f"not a CIDR range: {found[:50]!r}")
    try:
        return ip_interface(found).network
    except ValueError:
        raise WrongError(f"not a CIDR range: {found[:50]!r}") from None


@function("cidrhost", 2)
def cidrhost(prefix: Any, number: Any) -> str:
    network, offset = _network(prefix), to_whole(number)
    position = offset if offset >= 0 else network.num_addresses + offset
    if not 0 <= position < network.num_addresses:
        raise WrongError("cidrhost() beyond the range")
    return str(network[position])


@function("cidrnetmask", 1)
def cidrnetmask(prefix: Any) -> str:
    network = _network(prefix)
    if isinstance(network, IPv6Network):
        raise WrongError("cidrnetmask() of an IPv6 range")
    return str(network.netmask)


@function("cidrsubnet", 3)
def cidrsubnet(prefix: Any, bits: Any, number: Any) -> str:
    network, new, which = _network(prefix), to_whole(bits), to_whole(number)
    length = network.prefixlen + new
    if new < 0 or length > network.max_prefixlen or not 0 <= which < 2**new:
        raise WrongError("cidrsubnet() beyond the range")
    start = int(network.network_address) + (which << (network.max_prefixlen - length))
    return f"{_address(network, start)}/{length}"


@function("cidrsubnets", 1, None)
def cidrsubnets(prefix: Any, *bits: Any) -> list[str]:
    network = _network(prefix)
    position, end = int(network.network_address), int(network.broadcast_address) + 1
    found: list[str] = []
    for new in map(to_whole, bits):
        length = network.prefixlen + new
        if new < 1 or length > network.max_prefixlen:
            raise WrongError("cidrsubnets() beyond the range")
        size = 1 << (network.max_prefixlen - length)
        position = -(-position // size) * size
        if position + size > end:
            raise WrongError("cidrsubnets() beyond the range")
        found.append(f"{_address(network, position)}/{length}")
        position += size
    if len(found) > 1_000:
        raise BeyondError("a list too large")
    return found


def _address(network: Network, number: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number) if isinstance(network, IPv4Network) else IPv6Address(number)
