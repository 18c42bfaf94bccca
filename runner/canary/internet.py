"""Straight out: TCP, UDP and ICMP to an address of the internet, and to the addresses of Google's that are no way in.

An answer is needed to know that something got out. Datagrams that leave and are never answered cannot be told from
datagrams that were dropped.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from runner.canary import tunnel
from runner.canary.probe import MARK, PATIENCE, Probe, Result, escaped, held, refusal
from runner.canary.settings import Settings

_HTTPS, _DNS = 443, 53
# Echo request and reply: ICMP's and ICMPv6's own protocol numbers and types.
_ICMP = {socket.AF_INET: (socket.IPPROTO_ICMP, 8), socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128)}
_OPEN, _V6 = ("NET-02", "NET-06", "NET-07", "K8S-07"), ("NET-08",)


def probes(settings: Settings) -> Iterator[Probe]:
    """By both families, where the settings name an address of it."""
    for suffix, address, channels in (
        ("", settings.internet, _OPEN),
        ("-v6", settings.internet_v6, _V6),
    ):
        if not address:
            continue
        name = tunnel.marked(settings.outside_name)
        yield Probe(
            f"internet-tcp{suffix}",
            channels,
            f"TCP to {address} port {_HTTPS}",
            partial(tcp, address, _HTTPS),
        )
        yield Probe(
            f"internet-udp{suffix}",
            (*channels, "DNS-05"),
            f"a query to the resolver {address} over UDP",
            partial(udp, address, _DNS, tunnel.query(name)),
        )
        yield Probe(
            f"internet-dns-tcp{suffix}",
            (*channels, "DNS-05"),
            f"TCP to the resolver {address}",
            partial(tcp, address, _DNS),
        )
        yield Probe(
            f"internet-icmp{suffix}", (*channels, "NET-24"), f"ping {address}", partial(ping, address)
        )
    if settings.private_vip:
        yield Probe(
            "private-vip",
            ("API-04",),
            f"TCP to {settings.private_vip} port {_HTTPS}, which serves more than the restricted APIs",
            partial(tcp, settings.private_vip, _HTTPS),
        )


def tcp(address: str, port: int) -> Result:
    """Connect; being connected is the escape, and the mark is sent for whoever looks on."""
    try:
        with socket.create_connection((address, port), timeout=PATIENCE) as connection:
            with suppress(OSError):
                connection.sendall(MARK)
            return escaped(f"connected from {connection.getsockname()[0]} to {address} port {port}")
    except OSError as error:
        return refusal(error)


def udp(address: str, port: int, datagram: bytes) -> Result:
    """Send, and wait for any answer."""
    return _answered(_family(address), socket.SOCK_DGRAM, 0, (address, port), datagram)


def ping(address: str) -> Result:
    """An echo request with the mark, by the socket that needs no capability."""
    family = _family(address)
    protocol, echo = _ICMP[family]
    body = struct.pack("!BBHHH", echo, 0, 0, 0, 1) + MARK
    # The kernel fills in the identifier and, for ICMPv6, the checksum; for ICMP it does both.
    return _answered(family, socket.SOCK_DGRAM, protocol, (address, 0), body)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _answered(family: int, kind: int, protocol: int, address: tuple[str, int], data: bytes) -> Result:
    try:
        with socket.socket(family, kind, protocol) as sender:
            sender.settimeout(PATIENCE)
            sender.connect(address)
            sender.send(data)
            answer = sender.recv(4096)
            return escaped(f"{address[0]} answered with {len(answer)} bytes")
    except TimeoutError:
        return held(f"sent, and no answer in {PATIENCE:.0f} s")
    except OSError as error:
        return refusal(error)
