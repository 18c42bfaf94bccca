"""NET-02 to NET-05 and NET-24: what firewall rules let out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Failing, Leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.network.addresses import IPV4, IPV6
from policies.facts.network.denies import Failure, decided_by, deny_controls, failures, working_denies
from policies.facts.network.egress import Opening, openings
from policies.facts.network.exits import reached
from policies.facts.network.firewall import attachments, of_unseen_policies
from policies.facts.network.firewall_rules import Rule
from policies.facts.network.flow import positions
from policies.facts.network.networks import networks
from policies.facts.network.nics import nics
from policies.facts.network.packets import TCP, Packets, Services
from policies.facts.network.ranges import VIPS
from policies.facts.world import World

_NOT_TCP = Services(2**256 - 1 - TCP)
_BEYOND_VIPS = (IPV4 | IPV6) - VIPS


def _ending(opening: Opening) -> str:
    """How the packets of an opening go on, as a sentence."""
    who = opening.nic.what if opening.nic is not None else "A program in it"
    if opening.way is None:
        return "No route, address or link leads there now; only that still keeps the data in."
    return f"{who} can send data to {opening.way.steps[-1].target}: {opening.way.steps[-1].because}."


def _status(opening: Opening, unread: bool) -> Failing:
    if unread:
        return "undecided"
    return "open" if opening.way is not None else "weakened"


def _narrowed(opening: Opening, packets: Packets) -> Opening:
    """The opening for some of its packets only, with a way out that serves them."""
    way = opening.way
    if way is not None and not way.remote & packets.addresses:
        way = reached([way], packets.addresses)
    return Opening(opening.network, opening.nic, opening.position, packets, opening.rule, opening.fell, way)


def _undenied(world: World) -> Iterator[tuple[Opening, Failure]]:
    """IPv4 packets that no rule decides, with the reason."""
    for opening in openings(world):
        packets = opening.packets.within(IPV4)
        if opening.rule is None and opening.fell is None and packets:
            for failure in failures(world, _narrowed(opening, packets)):
                yield _narrowed(opening, failure.packets), failure


@channel("NET-02")
def egress_is_denied_unless_a_rule_allows_it(world: World) -> Iterable[Evidence]:
    """In every network a deny of every protocol to any IPv4 address takes whatever no other rule decides."""
    yield from deny_controls(world)
    for opening, failure in _undenied(world):
        if failure.reason == "targets":
            continue  # NET-04 says so
        rule = failure.rule
        if rule is None:
            subject, address, attribute = _network_of(world, opening)
            sentence = f"{failure.because}: {opening.packets} passes to any address."
            fix = f"deny every protocol to 0.0.0.0/0 and ::/0 for every target in network {opening.network}"
        else:
            subject, address, attribute = (
                rule.subject,
                rule.res.address,
                rule.attribute(_FIELD[failure.reason]),
            )
            sentence = f"The deny {rule.subject} {failure.because}: {opening.packets} passes in network {opening.network}."
            fix = f"make {rule.res.address} deny every protocol to 0.0.0.0/0, enabled, for every target"
        yield Leak(
            _status(opening, failure.reason == "unread"), subject, f"{sentence} {_ending(opening)}", opening.path,
            fix, address, attribute,
        )  # fmt: skip
    yield from _unseen_networks(world)


_FIELD = {
    "disabled": "disabled", "narrow": "deny", "unread": "network", "elsewhere": "network",
}  # fmt: skip


def _network_of(world: World, opening: Opening) -> tuple[str, str, str]:
    res = networks(world)[opening.network].res
    return res.subject, res.address, "name"


def _unseen_networks(world: World) -> Iterator[Evidence]:
    """NICs in a network of the project that no stack creates: its rules are not known."""
    for nic in nics(world):
        if nic.network is None or nic.network in networks(world) or nic.network.name == "default":
            continue
        if world.owns_project(nic.network.project):
            yield Leak(
                "undecided", nic.res.subject,
                f"{nic.what} is in network {nic.network}, which no stack of the snapshot creates: its firewall is not known.",
                (), f"create the network in a stack that is checked, or correct {nic.network_at}",
                nic.res.address, nic.network_at,
            )  # fmt: skip


@channel("NET-03")
def no_allow_comes_before_the_deny(world: World) -> Iterable[Evidence]:
    """No rule that is evaluated before the egress deny lets packets to outside addresses pass."""
    yield from deny_controls(world)
    for opening in openings(world):
        rule = opening.rule or opening.fell
        packets = opening.packets.within(_BEYOND_VIPS)
        if rule is None or (opening.rule is not None and rule.broad) or not packets:
            continue
        part = _narrowed(opening, packets)
        if opening.rule is None:
            sentence = (
                f"Rule {rule.subject} says goto_next for {packets} and so takes it past the denies that follow; "
                f"nothing after it denies."
            )
            attribute = "action"
        else:
            sentence = (
                f"Firewall rule {rule.subject} (priority {rule.priority}) allows {packets} to {packets.addresses} and is "
                f"evaluated before any deny."
            )
            attribute = "priority"
        yield Leak(
            _status(part, bool(rule.unread)), rule.subject, f"{sentence}{_unread(rule)} {_ending(part)}", part.path,
            f"remove {rule.res.address}, or narrow it to ranges of the project", rule.res.address,
            rule.attribute(rule.unread[0] if rule.unread else attribute),
        )  # fmt: skip
    for res, argument in of_unseen_policies(world):
        yield Leak(
            "undecided", res.subject,
            f"{res.type} {res.name} is of a firewall policy that no stack of the snapshot creates: what else that one says, "
            f"and where it applies, is not known.",
            (), f"create the policy in a stack that is checked, or correct {argument} of {res.address}", res.address, argument,
        )  # fmt: skip
    yield from _order(world)


def _unread(rule: Rule) -> str:
    return (
        f" Its argument {', '.join(rule.unread)} is not known, so it may be anything." if rule.unread else ""
    )


def _order(world: World) -> Iterator[Evidence]:
    """Whether classic rules could come first: advice, since those of the snapshot are evaluated above."""
    for key, network in networks(world).items():
        if not attachments(world).get(key):
            continue
        attribute = "network_firewall_policy_enforcement_order"
        if isinstance(network.policies_first, Unknown):
            yield Leak(
                "undecided", network.res.subject,
                f"Whether the firewall policies of network {key} come before classic rules is not known.",
                (), f"set {attribute} to BEFORE_CLASSIC_FIREWALL", network.res.address, attribute,
            )  # fmt: skip
        elif network.policies_first:
            yield Control(network.res.address, attribute)
        else:
            text = "a classic allow that somebody adds later would come before the policy's deny"
            yield Advice(f"{text}: BEFORE_CLASSIC_FIREWALL prevents it", network.res.address, attribute)


@channel("NET-04")
def the_deny_covers_every_nic(world: World) -> Iterable[Evidence]:
    """No NIC of a network stands outside the targets of its egress deny."""
    yield from deny_controls(world)
    for opening, failure in _undenied(world):
        rule = failure.rule
        if failure.reason != "targets" or rule is None:
            continue
        attribute = rule.attribute(_target_attribute(rule))
        who = (
            opening.nic.what
            if opening.nic is not None
            else f"A program that is put into network {opening.network}"
        )
        yield Leak(
            _status(opening, bool(rule.unread)), rule.subject,
            f"The egress deny {rule.subject} {failure.because}. {who} is not among its targets, so that "
            f"{opening.packets} passes. {_ending(opening)}",
            opening.path, f"remove {attribute} from {rule.res.address}", rule.res.address, attribute,
        )  # fmt: skip
    for key in positions(world):
        for rule in working_denies(world).get(key, ()):
            if rule.targeted:
                text = (
                    "the deny holds for every NIC of the snapshot, but only because each carries its target"
                )
                yield Advice(text, rule.res.address, rule.attribute(_target_attribute(rule)))


def _target_attribute(rule: Rule) -> str:
    if rule.tags:
        return "target_tags"
    if rule.accounts:
        return "target_service_accounts"
    if rule.secure_tags:
        return "target_secure_tags"
    return "target_resources" if rule.networks else "source_ranges"


@channel("NET-05")
def allows_name_literal_ranges(world: World) -> Iterable[Evidence]:
    """No egress allow names its destinations by region, threat list, domain name, scope or foreign address group."""
    yield from deny_controls(world)
    for opening in openings(world):
        rule = opening.rule
        if rule is None or not rule.broad:
            continue
        yield Leak(
            _status(opening, bool(rule.unread)), rule.subject,
            f"Firewall rule {rule.subject} allows {opening.packets} to {rule.broad}, which any address may be behind: "
            f"another tenant of the same address is reached as well. {_ending(opening)}",
            opening.path, f"name literal ranges of the project in {rule.res.address}", rule.res.address,
            rule.attribute("match"),
        )  # fmt: skip


@channel("NET-24")
def only_tcp_leaves(world: World) -> Iterable[Evidence]:
    """No rule lets another protocol than TCP pass to addresses outside: ICMP, UDP, GRE and ESP carry tunnels."""
    yield from deny_controls(world)
    for opening in openings(world):
        rule = opening.rule
        packets = opening.packets.of(_NOT_TCP)
        if rule is None or rule.broad or not packets:
            continue
        part = _narrowed(opening, packets)
        yield Leak(
            _status(part, bool(rule.unread)), rule.subject,
            f"Firewall rule {rule.subject} allows {packets} to {packets.addresses}, which can carry a tunnel.{_unread(rule)} "
            f"{_ending(part)}",
            part.path, f"allow tcp only in {rule.res.address}", rule.res.address,
            rule.attribute(decided_by(rule)),
        )  # fmt: skip
