"""Out by names: a query that the resolver could answer only if it asked the internet.

The name lies below a domain that the internet knows (RFC 6761 keeps `example.com` for such uses). Whether it exists there
is no matter: the authority section of a negative answer says whose word it is (RFC 2308), and the platform's own root
zone gives its word for the root and for nothing below.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.canary.probe import PATIENCE, Probe, Result, Untried, escaped, held, refusal
from runner.canary.settings import Settings

RESOLVERS = Path("/etc/resolv.conf")
_A, _SOA, _IN = 1, 6, 1
_CODES = {0: "no such record", 2: "the resolver failed", 3: "no such name", 5: "refused"}


def probes(settings: Settings) -> Iterator[Probe]:
    """Through the resolver that every program here uses."""
    if settings.outside_name:
        name = marked(settings.outside_name)
        yield Probe(
            "dns-tunnel",
            ("DNS-01", "DNS-02", "DNS-03", "DNS-04", "DNS-05"),
            f"the resolver of {RESOLVERS} for {settings.outside_name}, and for a marked name below it",
            lambda: _through_the_resolver((settings.outside_name, name)),
        )


def marked(domain: str) -> str:
    """A name nobody has asked for before, so that no cache answers."""
    return f"cloister-canary-{secrets.token_hex(8)}.{domain}"


def query(name: str) -> bytes:
    """A recursive query for an address record (RFC 1035, 4.1)."""
    header = struct.pack("!HHHHHH", secrets.randbits(16), 0x0100, 1, 0, 0, 0)
    return header + _encoded(name) + struct.pack("!HH", _A, _IN)


def _encoded(name: str) -> bytes:
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _through_the_resolver(names: tuple[str, ...]) -> Result:
    addresses = resolvers(RESOLVERS.read_text(encoding="utf-8"))
    if not addresses:
        raise Untried(f"{RESOLVERS} names no resolver")
    result = held("nothing asked")
    for address in addresses:
        for name in names:
            result = ask(address, name)
            if result.outcome == "escaped":
                return result
    return result


def resolvers(text: str) -> list[str]:
    """The addresses that a resolv.conf names."""
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def ask(resolver: str, name: str, port: int = 53) -> Result:
    """What the resolver knows of a name of the internet's."""
    family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.settimeout(PATIENCE)
            sender.connect((resolver, port))
            sender.send(query(name))
            said = sender.recv(4096)
    except TimeoutError:
        return held(f"{resolver} did not answer")
    except OSError as error:
        return refusal(error)
    answer = parse(said)
    if answer.records:
        return escaped(f"{resolver} answered {name} with {answer.records} records")
    if any(zone for zone in answer.authorities):
        return escaped(f"{resolver} gave the word of {', '.join(answer.authorities)} for {name}")
    return held(f"{resolver}: {_CODES.get(answer.code, f'code {answer.code}')}")


@dataclass(frozen=True)
class Answer:
    """What a message says: its code, how many records answer, and whose word the negative ones are (root: empty)."""

    code: int
    records: int
    authorities: tuple[str, ...]


def parse(message: bytes) -> Answer:
    """Raises Untried where it is no DNS message."""
    try:
        _, flags, questions, answers, authorities, _ = struct.unpack_from("!HHHHHH", message)
        at = 12
        for _ in range(questions):
            _, at = _name(message, at)
            at += 4
        owners = []
        for index in range(answers + authorities):
            owner, at = _name(message, at)
            kind, _, _, length = struct.unpack_from("!HHIH", message, at)
            at += 10 + length
            if index >= answers and kind == _SOA:
                owners.append(owner)
        return Answer(flags & 0xF, answers, tuple(owners))
    except (struct.error, IndexError, UnicodeDecodeError):
        raise Untried("what the resolver sent is no DNS message") from None


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name, and where the message goes on; a pointer may only lead back."""
    labels: list[str] = []
    end = 0
    while length := message[at]:
        if length >= 0xC0:
            end = end or at + 2
            target = struct.unpack_from("!H", message, at)[0] & 0x3FFF
            if target >= at:
                raise IndexError
            at = target
            continue
        labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), end or at + 1
