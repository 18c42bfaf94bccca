"""Access levels: whether one narrows where a request comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.network.addresses import IPV4, NOTHING, parse
from policies.facts.network.networks import flag, network_key, networks, strings
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

_WIDEST = 2**16  # addresses: no company's own egress needs more than a /16


@fact
def levels(world: World) -> dict[str, tuple[Res, Block]]:
    """Every access level of the snapshot by its short name, and by its address for references."""
    found: dict[str, tuple[Res, Block]] = {}
    for res in world.of("google_access_context_manager_access_level"):
        found["@" + res.address] = (res, res)
        name = res.get("name")
        if isinstance(name, str):
            found[short(name)] = (res, res)
    for res in world.of("google_access_context_manager_access_levels"):
        for block in res.blocks("access_levels"):
            name = block.get("name")
            if isinstance(name, str):
                found[short(name)] = (res, block)
    return found


def too_wide(world: World, name: str) -> str | None:
    """Why an access level lets more in than it should, None when it is narrow. A level that the snapshot does not
    create is not known to be narrow."""
    if name == "*":
        return "any access level counts"
    found = levels(world).get(name if name.startswith("@") else short(name))
    if found is None:
        return f"access level {short(name)} is not in the snapshot"
    _, block = found
    if block.blocks("custom"):
        return f"access level {short(name)} is a custom expression, which is not judged"
    basic = block.blocks("basic")
    if not basic:
        return f"access level {short(name)} has no conditions"
    conditions = [*basic[0].blocks("conditions"), *_added(world, found[0])]
    if not conditions:
        return f"access level {short(name)} has no conditions"
    reasons = [_condition(world, condition) for condition in conditions]
    combine = basic[0].get("combining_function", "AND")
    # With OR each condition must narrow; with AND one is enough.
    bad = [reason for reason in reasons if reason is not None]
    failing = bad if combine != "AND" else (bad if len(bad) == len(reasons) else [])
    return f"access level {short(name)} {failing[0]}" if failing else None


def _added(world: World, level: Res) -> Iterator[Block]:
    for res in world.of("google_access_context_manager_access_level_condition"):
        value: Any = res.get("access_level")
        target = world.referred(value) if isinstance(value, Unknown) else None
        if target is level or (isinstance(value, str) and short(value) == short(str(level.get("name")))):
            yield res


def _condition(world: World, condition: Block) -> str | None:
    """Why one condition narrows nothing, None when it does. Its attributes all hold."""
    if flag(condition.get("negate"), False) is not False:
        return "negates its conditions"
    ranges, unknown = strings(condition, "ip_subnetworks")
    if ranges or unknown:
        found = NOTHING
        for text in ranges:
            found |= parse(text) or IPV4
        if unknown or (found & IPV4).size > _WIDEST or (found - IPV4).size > 2**80:
            return "takes a very wide range of addresses"
        return None
    if condition.blocks("vpc_network_sources"):
        for source in condition.blocks("vpc_network_sources.vpc_subnetwork"):
            beside = condition if isinstance(condition, Res) else None
            value = source.get("network")
            key = (
                network_key(world, str(value).removeprefix("//compute.googleapis.com/"), beside)
                if beside
                else None
            )
            if key not in networks(world) and f"projects/{world.project}/" not in str(value):
                return "names a network of others"
        return None
    if strings(condition, "members")[0]:
        return None
    if condition.blocks("device_policy"):
        return None
    required = strings(condition, "required_access_levels")[0]
    if required:
        reasons = [too_wide(world, name) for name in required]
        return "requires only levels that are wide" if all(reasons) else None
    if strings(condition, "regions")[0]:
        return "names regions only"
    return "has an empty condition"
