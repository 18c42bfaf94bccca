"""Firewall rules of every kind in one form.

An allow is read as wide as it may be, a deny as narrow: region codes, threat lists, names and network scopes are any
address in an allow and none in a deny; what is not known likewise, and is noted on the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import find
from policies.facts.network.addresses import EVERYTHING, IPV4, NOTHING, Addresses, parse
from policies.facts.network.networks import flag, own_address, strings
from policies.facts.network.packets import (
    ANY_SERVICE,
    WITH_PORTS,
    Packets,
    Services,
    packets,
    port_range,
    protocol_bits,
)
from policies.facts.resource import Block, Res
from policies.facts.world import World

Action = Literal["allow", "deny", "next"]

_PORTED = sum(1 << number for number in WITH_PORTS)
_FIRST, _LAST = 0, 2**31 - 1  # priorities


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. ``at``: the path of its block in ``res``, empty for the resource itself.

    ``remote``: the packets it matches by their far address, protocol and port; ``local``: the near addresses it is
    narrowed to. It applies to every NIC where ``tags``, ``accounts`` and ``secure_tags`` are all empty, else to NICs
    that carry one of them (``UNSURE`` among them: one that is not known). ``networks``: what a hierarchical rule is
    narrowed to, empty for all networks. ``broad``: the class by which it names the far side where that is no literal
    range, a phrase. ``unread``: attributes without a known value. ``disabled``: it exists and does nothing.
    """

    res: Res
    at: str
    ingress: bool
    action: Action
    priority: int
    remote: Packets
    local: Addresses
    tags: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    secure_tags: frozenset[str] = frozenset()
    networks: tuple[Any, ...] = ()
    broad: str = ""
    unread: tuple[str, ...] = ()
    disabled: bool = False

    @property
    def targeted(self) -> bool:
        return bool(self.tags or self.accounts or self.secure_tags or self.networks)

    @property
    def subject(self) -> str:
        """The cloud name of the rule, else of the resource it is in."""
        name = self.res.get("rule_name") if not self.at else None
        return name if isinstance(name, str) and name else self.res.subject

    def attribute(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name


UNSURE = "?"


def identity(value: Any) -> str:
    """A tag, account or secure tag in a form in which two that are the same compare equal, known or not."""
    if not isinstance(value, Unknown):
        return str(value).lower()
    named = value.exact and len(value.refs) == 1 and ".google_" in value.refs[0].replace("/", ".")
    return "@" + value.refs[0].rsplit(".", 1)[0] if named else UNSURE


class _Reading:
    """Reads one rule's arguments with the bias its action asks for, and keeps what was not known."""

    def __init__(self, world: World, block: Block, wide: bool) -> None:
        self.world = world
        self.block = block
        self.wide = wide
        self.unread: list[str] = []

    def ranges(self, name: str) -> Addresses | None:
        """The union of a list of blocks, None when it is absent or empty."""
        known, named = strings(self.block, name)
        unknown = [item for item in named if not own_address(self.world, item)]
        blocks = [parse(text) for text in known]
        if unknown or None in blocks:
            self.unread.append(name)
            if self.wide:
                return EVERYTHING
        elif not known and not named:
            return None
        found = NOTHING
        for block in blocks:
            found |= block or NOTHING
        return found

    def names(self, path: str) -> frozenset[str]:
        known, unknown = strings(self.block, path)
        found = {identity(item) for item in (*known, *unknown)}
        if UNSURE in found:
            self.unread.append(path)
        return frozenset(found)

    def services(self, blocks: Iterable[Block], protocol: str) -> list[Services]:
        return [service for block in blocks for service in self._services(block, protocol)]

    def _services(self, block: Block, name: str) -> Iterator[Services]:
        value = block.get(name)
        bits = protocol_bits(str(value)) if isinstance(value, str | int) else None
        if bits is None:
            self.unread.append(block.at(name))
            if self.wide:
                yield ANY_SERVICE
            return
        known, unknown = strings(block, "ports")
        if not known and not unknown:
            yield Services(bits)
            return
        spans = [port_range(text) for text in known]
        portless = bool(bits & ~_PORTED)  # ports on a protocol that has none
        if unknown or None in spans or portless:
            self.unread.append(block.at("ports"))
            if self.wide:
                yield Services(bits)
                return
        for span in spans:
            if span is not None and not portless:
                yield Services(bits, *span)

    def state(self, default: int) -> tuple[bool, int]:
        """Whether the rule is disabled, and its priority; what is not known counts against safety."""
        disabled = flag(self.block.get("disabled"), False)
        if isinstance(disabled, Unknown):
            self.unread.append("disabled")
            disabled = not self.wide
        value = self.block.get("priority", default)
        try:
            return disabled, int(value)
        except (TypeError, ValueError):
            self.unread.append("priority")
            return disabled, _FIRST if self.wide else _LAST

    def directions(self) -> list[bool]:
        """For each direction the rule has or may have, whether it is ingress."""
        value = self.block.get("direction", "INGRESS")
        if isinstance(value, Unknown):
            self.unread.append("direction")
            return [True, False]
        return [str(value).upper() != "EGRESS"]


def classic(world: World, res: Res) -> Iterator[Rule]:
    """The rules of a ``google_compute_firewall``: one per action and direction."""
    for action in ("allow", "deny"):
        blocks = res.blocks(action)
        if not blocks and not isinstance(res.get(action), Unknown):
            continue
        reading = _Reading(world, res, action == "allow")
        for ingress in reading.directions():
            far, near = ("source_ranges", "destination_ranges")[:: 1 if ingress else -1]
            remote, local = reading.ranges(far), reading.ranges(near)
            if remote is None:
                # The default is any IPv4 address, unless the sources are named as VMs of the network.
                by_name = res.get("source_tags") or res.get("source_service_accounts")
                remote = NOTHING if ingress and by_name is not None else IPV4
            services = reading.services(blocks, "protocol")
            if not blocks:
                reading.unread.append(action)
                services = [ANY_SERVICE] if reading.wide else []
            disabled, priority = reading.state(1000)
            yield Rule(
                res, "", ingress, "allow" if action == "allow" else "deny", priority, packets(services, remote),
                EVERYTHING if local is None else local,
                tags=reading.names("target_tags"), accounts=reading.names("target_service_accounts"),
                unread=tuple(dict.fromkeys(reading.unread)), disabled=disabled,
            )  # fmt: skip


# Ways to name the far side of a policy rule that are no literal ranges.
_CLASSES = {
    "region_codes": "region codes",
    "threat_intelligences": "threat lists",
    "fqdns": "domain names",
}
_SCOPES = ("network_scope", "network_context", "network_type")


def of_policy(world: World, res: Res, block: Block) -> Iterator[Rule]:
    """The rule that ``block`` (the resource itself, or a ``rule`` block of it) makes in a firewall policy.

    ``apply_security_profile_group`` counts as allow: the inspection may let anything pass.
    """
    value = block.get("action")
    action: Action = "deny" if value == "deny" else "next" if value == "goto_next" else "allow"
    matches = block.blocks("match.config") or block.blocks("match")
    match = matches[0] if matches else Block({}, block.at("match"))
    reading, matched = _Reading(world, block, action == "allow"), _Reading(world, match, action == "allow")
    if isinstance(value, Unknown):
        reading.unread.append("action")
    for ingress in reading.directions():
        far, near = ("src", "dest") if ingress else ("dest", "src")
        remote, broad = _far_side(matched, far)
        local = matched.ranges(f"{near}_ip_ranges")
        layers = match.blocks("layer4_configs") + match.blocks("layer4_config")
        services = matched.services(layers, "ip_protocol")
        if not layers:
            matched.unread.append("layer4_configs")
            services = [ANY_SERVICE] if matched.wide else []
        disabled, priority = reading.state(_LAST)
        secure = [_Reading(world, tag, True) for kind in ("target_secure_tags", "target_secure_tag")
                  for tag in block.blocks(kind)]  # fmt: skip
        networks, unknown_networks = strings(block, "target_resources")
        yield Rule(
            res, block.path, ingress, action, priority, packets(services, remote),
            EVERYTHING if local is None else local,
            accounts=reading.names("target_service_accounts"),
            secure_tags=frozenset(name for tag in secure for name in tag.names("name")),
            networks=(*networks, *unknown_networks), broad=broad,
            unread=tuple(dict.fromkeys([*reading.unread, *(f"match.{name}" for name in matched.unread)])),
            disabled=disabled,
        )  # fmt: skip


def _far_side(match: _Reading, far: str) -> tuple[Addresses, str]:
    """The far addresses of a policy rule, and the classes they are named by where they are no literal ranges.

    Several parameters add up, but a network scope narrows the ranges beside it.
    """
    block = match.block
    found = match.ranges(f"{far}_ip_ranges")
    classes = [
        phrase for name, phrase in _CLASSES.items() if block.get(f"{far}_{name}") not in (None, [], ())
    ]
    if classes:
        found = EVERYTHING if match.wide else found or NOTHING
    groups = block.get(f"{far}_address_groups")
    if groups not in (None, [], ()):
        members, known = _address_groups(match.world, groups)
        classes += [] if known else ["address groups that are not in the snapshot"]
        found = (found or NOTHING) | (members if known or not match.wide else EVERYTHING)
    scoped = any(block.get(f"{far}_{name}") not in (None, "", "UNSPECIFIED") for name in _SCOPES)
    if scoped:
        if found is None:
            classes.append("a network scope")
        found = found or (EVERYTHING if found is None else NOTHING) if match.wide else NOTHING
    if found is None:
        by_tag = block.get("src_secure_tags") or block.get("src_secure_tag") or block.get("src_networks")
        named = far == "src" and by_tag is not None
        # Only ingress rules may leave the far side out; Google refuses an egress rule that does.
        found = NOTHING if named or (far == "dest" and not match.wide) else EVERYTHING
    return found, ", ".join(classes)


def _address_groups(world: World, value: Any) -> tuple[Addresses, bool]:
    """The addresses of the groups a rule names, and whether all of them are in the snapshot and known."""
    found, known = NOTHING, True
    for item in value if isinstance(value, list | tuple) else [value]:
        group = find(world, "google_network_security_address_group", item)
        items = group.get("items") if group is not None else None
        for text in items if isinstance(items, list | tuple) else [None]:
            block = parse(text) if isinstance(text, str) else None
            known = known and block is not None
            found |= block or NOTHING
    return found, known
