"""Why packets that should meet an egress deny do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policies.facts.evidence import Control
from policies.facts.network.addresses import IPV4
from policies.facts.network.egress import Opening
from policies.facts.network.firewall import applies, attachments, classic_rules, policies
from policies.facts.network.firewall_rules import UNSURE, Rule
from policies.facts.network.flow import network_layers, positions
from policies.facts.network.networks import Key
from policies.facts.network.packets import Packets
from policies.facts.world import World, fact

Reason = Literal["disabled", "targets", "narrow", "unread", "elsewhere", "none"]


TARGETS = frozenset({"target_tags", "target_service_accounts", "name", "target_resources"})


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """``rule``: the deny that does not hold, None when there is none at all. ``packets``: what it lets by.
    ``because``: a clause that goes on "the deny ...", or a sentence where there is no deny."""

    reason: Reason
    rule: Rule | None
    packets: Packets
    because: str


def egress_denies(world: World, network: Key) -> Iterator[Rule]:
    """Every egress deny of the layers of a network, disabled ones too."""
    for layer in network_layers(world)[network]:
        for rule in layer.rules:
            if rule.action == "deny" and not rule.ingress:
                yield rule


@fact
def working_denies(world: World) -> dict[Key, tuple[Rule, ...]]:
    """By network, the egress denies that hold for every NIC of it and take any IPv4 address of some service."""
    return {
        network: tuple(
            rule
            for rule in egress_denies(world, network)
            if rule.remote.addresses >= IPV4 and all(applies(rule, at) for at in kinds)
        )
        for network, kinds in positions(world).items()
    }


def deny_controls(world: World) -> Iterator[Control]:
    """The egress denies that hold for every NIC of some network."""
    for rules in working_denies(world).values():
        for rule in rules:
            yield Control(rule.res.address, rule.attribute(decided_by(rule)))


def decided_by(rule: Rule) -> str:
    """The argument that makes a rule an allow or a deny."""
    return next((name for name in ("allow", "deny") if rule.res.get(name) is not None), "action")


def failures(world: World, opening: Opening) -> list[Failure]:
    """Why nothing denies the packets of an opening that no rule decides. The packets of the answers cover it."""
    found: list[Failure] = []
    left = opening.packets
    unread: Rule | None = None
    for rule in egress_denies(world, opening.network):
        hit = left & rule.remote
        if rule.unread and not set(rule.unread) <= TARGETS:
            unread = unread or rule
            continue
        if not hit or applies(rule, opening.position):
            continue
        if rule.disabled:
            found.append(Failure("disabled", rule, hit, "is disabled"))
        else:
            found.append(Failure("targets", rule, hit, f"applies only to {target_phrase(rule)}"))
        left -= hit
    if left and unread is not None:
        because = f"cannot be read, for its argument {', '.join(unread.unread)} is not known"
        found.append(Failure("unread", unread, left, because))
    elif left:
        found.append(_rest(opening, left, world))
    return found


def target_phrase(rule: Rule) -> str:
    """Whom a targeted rule speaks of."""
    names = sorted(rule.tags | rule.accounts | rule.secure_tags)
    if UNSURE in names:
        return "targets that are not known"
    if names:
        kind = "tag" if rule.tags else "service account" if rule.accounts else "secure tag"
        return f"{kind} {', '.join(names)}"
    return "some networks" if rule.networks else f"the sources {rule.local}"


def _rest(opening: Opening, left: Packets, world: World) -> Failure:
    holding = [
        rule
        for rule in egress_denies(world, opening.network)
        if applies(rule, opening.position) and rule.remote
    ]
    public = [rule for rule in holding if rule.remote.addresses.size > 2**20]
    if public:
        widest = max(public, key=lambda rule: (rule.remote.addresses.size, rule.remote.protocols.bit_count()))
        return Failure("narrow", widest, left, f"takes {widest.remote} to {widest.remote.addresses} only")
    for rule, why in _elsewhere(world, opening.network):
        if left & rule.remote or rule.unread:
            return Failure("elsewhere", rule, left, why)
    return Failure("none", None, left, f"Network {opening.network} has no egress deny")


def _elsewhere(world: World, network: Key) -> Iterator[tuple[Rule, str]]:
    """Egress denies that are written and are not of this network."""
    attached = {id(item.policy) for group in attachments(world).values() for item in group}
    for policy in policies(world).values():
        for rule in policy.rules:
            if rule.action == "deny" and not rule.ingress and id(policy) not in attached:
                name = policy.res.subject if policy.res is not None else "its policy"
                yield rule, f"does nothing: policy {name} is associated with no network"
    for key, rules in classic_rules(world).items():
        for rule in rules:
            if rule.action == "deny" and not rule.ingress and key != network:
                yield rule, f"is a rule of {f'network {key}' if key else 'a network that is not known'}"
