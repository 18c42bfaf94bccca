"""What a NIC may send and receive: firewall rules walked in the order in which Google evaluates them (catalogue 2.1).

Hierarchical policies come first, then classic rules and the network's policies in the order the network asks for, then
what is implied: egress passes, ingress does not. Everything is computed on sets of packets; nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.network.addresses import EVERYTHING, Addresses
from policies.facts.network.firewall_rules import UNSURE, Rule, classic, of_policy
from policies.facts.network.networks import Key, network_key, networks
from policies.facts.network.packets import ALL_PACKETS, NO_PACKETS, Packets
from policies.facts.places import project_of
from policies.facts.resource import Res
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True)
class Position:
    """Where a NIC stands as firewalls see it. ``account``, tags: in the form of ``firewall_rules.identity``."""

    tags: frozenset[str] = frozenset()
    account: str = ""
    secure_tags: frozenset[str] = frozenset()
    local: Addresses = EVERYTHING
    region: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Packets that pass, and the rule that lets them: None for what is implied. ``fell``: a goto_next took them out
    of a layer before a later rule of it could deny them."""

    packets: Packets
    rule: Rule | None
    fell: Rule | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """Rules that are evaluated together, in their order. ``region``: only NICs of it, empty for all."""

    rules: tuple[Rule, ...]
    region: str = ""


def applies(rule: Rule, at: Position) -> bool:
    """Whether a rule speaks of this NIC: an allow when it may, a deny only when it does for certain."""
    if rule.disabled:
        return False
    wide = rule.action == "allow"
    if rule.tags or rule.accounts or rule.secure_tags:
        named = (
            not rule.tags.isdisjoint(at.tags)
            or at.account in rule.accounts
            or not rule.secure_tags.isdisjoint(at.secure_tags)
        )
        unsure = UNSURE in rule.tags | rule.accounts | rule.secure_tags or UNSURE in (*at.tags, at.account)
        if not named and not (wide and unsure):
            return False
        if named and unsure and not wide and not _certain(rule, at):
            return False
    return bool(rule.local & at.local) if wide else at.local <= rule.local


def _certain(rule: Rule, at: Position) -> bool:
    return bool(
        (rule.tags & at.tags) - {UNSURE}
        or (at.account != UNSURE and at.account in rule.accounts)
        or (rule.secure_tags & at.secure_tags) - {UNSURE}
    )


def passes(layers: Sequence[Layer], at: Position, ingress: bool, each: bool = False) -> list[Piece]:
    """Every packet that passes in one direction, with the rule that decides it.

    Pieces do not overlap, unless ``each``: then every allow has all that no deny before it takes, as if no other allow
    had decided it already, so that each rule that lets something pass can be named.
    """
    pieces: list[Piece] = []
    undecided = undenied = ALL_PACKETS
    fallen: list[tuple[Packets, Rule]] = []
    for layer in layers:
        if layer.region and at.region and layer.region != at.region:
            continue
        skipped = NO_PACKETS
        skipped_each = NO_PACKETS
        for rule in layer.rules:
            if rule.ingress != ingress or not applies(rule, at):
                continue
            if layer.region and not at.region and rule.action != "allow":
                continue  # a NIC whose region is not known may not be in the policy's
            hit = (undenied if each else undecided) & rule.remote
            if rule.action == "allow":
                if hit:
                    pieces.append(Piece(hit, rule, _fell(hit, fallen)))
            else:
                if rule.action == "next":
                    skipped |= undecided & rule.remote
                    skipped_each |= undenied & rule.remote
                    fallen.append((hit, rule))
                undenied -= rule.remote
            undecided -= rule.remote
        undecided |= skipped
        undenied |= skipped_each
    if not ingress and undecided:
        pieces.append(Piece(undecided, None, _fell(undecided, fallen)))
    return pieces


def _fell(packets: Packets, fallen: Iterable[tuple[Packets, Rule]]) -> Rule | None:
    return next((rule for skipped, rule in fallen if skipped & packets), None)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A firewall policy of any level. ``res``: None where the snapshot does not create it."""

    res: Res | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Attachment:
    """A policy on a network. ``region``: empty for a global policy."""

    policy: Policy
    region: str = ""


_RULES = {  # rule type: the argument that names its policy
    "google_compute_firewall_policy_rule": "firewall_policy",
    "google_compute_network_firewall_policy_rule": "firewall_policy",
    "google_compute_region_network_firewall_policy_rule": "firewall_policy",
    "google_compute_organization_security_policy_rule": "policy_id",
}
_POLICIES = (
    "google_compute_firewall_policy", "google_compute_firewall_policy_with_rules",
    "google_compute_network_firewall_policy", "google_compute_network_firewall_policy_with_rules",
    "google_compute_region_network_firewall_policy", "google_compute_region_network_firewall_policy_with_rules",
    "google_compute_organization_security_policy",
)  # fmt: skip


def _level(type_: str) -> str:
    for level in ("region_network", "network", "organization_security"):
        if f"_{level}_" in type_:
            return level
    return "hierarchical"


def _policy_name(world: World, value: Any, level: str) -> tuple[str, str]:
    """A policy by its level and name, or by its address where its name is known only after it exists."""
    if isinstance(value, Unknown):
        target = world.referred(value)
        return (level, _own_name(target)) if target is not None else (level, UNSURE)
    project = project_of(str(value))
    if project is not None and not world.owns_project(project):
        return level, str(value)  # somebody else's, though it may be called as one of ours
    return level, str(value).rsplit("/", 1)[-1]


def _own_name(res: Res) -> str:
    name = res.get("name")
    return name if isinstance(name, str) else "@" + res.address


@fact
def policies(world: World) -> dict[tuple[str, str], Policy]:
    """Every firewall policy of the snapshot with its rules in order."""
    rules: dict[tuple[str, str], list[Rule]] = {}
    for type_, argument in _RULES.items():
        for res in world.of(type_):
            key = _policy_name(world, res.get(argument), _level(type_))
            rules.setdefault(key, []).extend(of_policy(world, res, res))
    found: dict[tuple[str, str], Policy] = {}
    for type_ in _POLICIES:
        for res in world.of(type_):
            key = (_level(type_), _own_name(res))
            own = [rule for block in res.blocks("rule") for rule in of_policy(world, res, block)]
            found[key] = Policy(res, tuple(sorted(own + rules.pop(key, []), key=lambda rule: rule.priority)))
    for key, left in rules.items():
        found[key] = Policy(None, tuple(sorted(left, key=lambda rule: rule.priority)))
    return found


# Associations, with the argument that names the policy: those of networks, and with what names the holder those above.
_OF_NETWORKS = {
    "google_compute_network_firewall_policy_association": "firewall_policy",
    "google_compute_region_network_firewall_policy_association": "firewall_policy",
}
_ABOVE = {
    "google_compute_firewall_policy_association": ("firewall_policy", "attachment_target"),
    "google_compute_organization_security_policy_association": ("policy_id", "attachment_id"),
}


def _policy_of(world: World, res: Res, argument: str) -> Policy:
    """The policy that a rule or an association names; an empty one where the snapshot knows nothing of it."""
    key = _policy_name(world, res.get(argument), _level(res.type))
    return policies(world).get(key) or Policy(None, ())


@fact
def attachments(world: World) -> dict[Key | None, list[Attachment]]:
    """Network firewall policies by the network they are associated with; None for one that is not known."""
    found: dict[Key | None, list[Attachment]] = {}
    for type_, argument in _OF_NETWORKS.items():
        for res in world.of(type_):
            region = res.get("region") if _level(type_) == "region_network" else None
            key = network_key(world, res.get("attachment_target"), res)
            found.setdefault(key, []).append(
                Attachment(_policy_of(world, res, argument), region if isinstance(region, str) else "")
            )
    return found


@fact
def of_unseen_policies(world: World) -> list[tuple[Res, str]]:
    """Rules and associations, with the argument that names their policy, of policies that no stack creates."""
    above = {type_: argument for type_, (argument, _) in _ABOVE.items()}
    return [
        (res, argument)
        for type_, argument in (_RULES | _OF_NETWORKS | above).items()
        for res in world.of(type_)
        if _policy_of(world, res, argument).res is None
    ]


@fact
def hierarchical(world: World) -> list[tuple[Policy, Res, bool]]:
    """(policy, association, certain) of organisation and folder policies. ``certain``: the attachment is an ancestor
    of the project for certain; where it is not, only what it allows counts."""
    organization = getattr(world.boundary.organization, "id", None)
    found: list[tuple[Policy, Res, bool]] = []
    for type_, (argument, target) in _ABOVE.items():
        for res in world.of(type_):
            to = res.get(target)
            certain = organization is not None and str(to).rsplit("/", 1)[-1] == organization
            found.append((_policy_of(world, res, argument), res, certain))
    return found


@fact
def classic_rules(world: World) -> dict[Key | None, list[Rule]]:
    """Classic rules by network, in the order in which they are evaluated: at equal priority deny comes first."""
    found: dict[Key | None, list[Rule]] = {}
    for res in world.of("google_compute_firewall"):
        key = network_key(world, res.get("network"), res)
        found.setdefault(key, []).extend(classic(world, res))
    for rules in found.values():
        rules.sort(key=lambda rule: (rule.priority, rule.action != "deny"))
    return found


def layers(world: World, network: Key) -> list[Layer]:
    """The layers that decide for a NIC of ``network``, first to last."""
    above = [
        Layer(_narrowed(world, policy.rules, network, certain)) for policy, _, certain in hierarchical(world)
    ]
    classic_layer = [Layer(tuple(_with_unplaced(classic_rules(world), network)))]
    attached = attachments(world).get(network, []) + attachments(world).get(None, [])
    known = set(map(id, attachments(world).get(network, [])))
    levels = [
        _rivals(
            [
                Layer(_sure(item.policy.rules, id(item) in known), item.region)
                for item in attached
                if bool(item.region) is regional
            ]
        )
        for regional in (False, True)
    ]
    settings = networks(world).get(network)
    policies_first = settings is not None and settings.policies_first
    if isinstance(policies_first, Unknown):
        policies_first = False
    own = [*levels[0], *levels[1]]
    return above + (own + classic_layer if policies_first else classic_layer + own)


def _rivals(level: list[Layer]) -> list[Layer]:
    """The layers of one level. Google keeps one global policy of a network, and one a region: where several are
    associated the one that stays may be any, so what each of them allows passes before another one denies it."""
    if len(level) == len({layer.region for layer in level}):
        return level
    permissive = [
        Layer(
            tuple(replace(rule, action="next") if rule.action == "deny" else rule for rule in layer.rules),
            layer.region,
        )
        for layer in level
    ]
    return permissive + level


def _with_unplaced(rules: dict[Key | None, list[Rule]], network: Key) -> list[Rule]:
    """The network's rules, and the allows of rules whose network is not known."""
    unplaced = [rule for rule in rules.get(None, ()) if rule.action == "allow"]
    mine = rules.get(network, [])
    return (
        sorted(mine + unplaced, key=lambda rule: (rule.priority, rule.action != "deny")) if unplaced else mine
    )


def _sure(rules: tuple[Rule, ...], certain: bool) -> tuple[Rule, ...]:
    return rules if certain else tuple(rule for rule in rules if rule.action == "allow")


def _narrowed(world: World, rules: tuple[Rule, ...], network: Key, certain: bool) -> tuple[Rule, ...]:
    """Rules of a hierarchical policy that speak of ``network``."""
    kept: list[Rule] = []
    for rule in _sure(rules, certain):
        keys = [network_key(world, target, rule.res) for target in rule.networks]
        if not keys or network in keys or (None in keys and rule.action == "allow"):
            kept.append(rule)
    return tuple(kept)
