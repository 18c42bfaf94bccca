"""Which resources run as which service account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policies.expressions.values import Unknown
from policies.facts import schema
from policies.facts.naming import short
from policies.facts.ownership import owner
from policies.facts.principals import own_accounts, resolved
from policies.facts.resource import Res
from policies.facts.world import World, fact

_NAMES = ("service_account", "service_account_email", "service_account_name", "default_service_account")


@fact
def attached_accounts(world: World) -> tuple[tuple[Res, str, str], ...]:
    """(resource, attribute, address) of every service account of the project that a resource runs as."""
    return tuple(_attached(world))


def _attached(world: World) -> Iterator[tuple[Res, str, str]]:
    types = [type_ for type_ in world.types if type_.startswith("google_") and _runs(type_)]
    for res in world.of(*types):
        for attribute, value in _values(res.values, ""):
            email = account_email(world, value)
            if email in own_accounts(world):
                yield res, attribute, email


@cache
def _runs(type_: str) -> bool:
    """Whether things of a type run as service accounts; a type no schema knows may."""
    if "_iam_" in type_ or type_ in _ABOUT_ACCOUNTS:
        return False
    rows = schema.attributes(type_)
    return not rows or any(path.rsplit(".", 1)[-1] in _NAMES for path in rows)


# Resources that are about an account and do not run as it.
_ABOUT_ACCOUNTS = frozenset(
    {"google_service_account", "google_service_account_key", "google_storage_hmac_key"}
)


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            at = f"{path}.{name}" if path else name
            if name in _NAMES and not isinstance(inner, list | tuple | Mapping):
                yield at, inner
            elif name == "service_account":
                yield from ((f"{at}.email", item.get("email")) for item in _blocks(inner))
            elif isinstance(inner, Mapping | list | tuple):
                yield from _values(inner, at)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _values(item, f"{path}[{index}]")


def _blocks(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list | tuple) else [value]
    return [item for item in found if isinstance(item, Mapping)]


def account_email(world: World, value: Any) -> str:
    """The address an attribute names, by reference or as written; empty where it names none."""
    found = resolved(world, value) if isinstance(value, Unknown) else value
    return short(found).lower().removeprefix("serviceaccount:") if isinstance(found, str) else ""


@fact
def shared_accounts(world: World) -> dict[str, tuple[Res, str]]:
    """Accounts that compute of no single team runs as (nodes, machines, services): address to who runs as it."""
    found: dict[str, tuple[Res, str]] = {}
    for res, attribute, email in attached_accounts(world):
        if owner(world, res) is None:
            found.setdefault(email, (res, attribute))
    return found


def defaults_used(world: World) -> Iterator[tuple[Res, str]]:
    """Nodes and machines that run as the default service account: (resource, attribute)."""
    for res in world.of("google_container_node_pool"):
        if res.get("node_config.service_account") is None:
            yield res, "node_config[0].service_account"
    for res in world.of("google_container_cluster"):
        pools = res.blocks("node_pool")
        bare = res.get("remove_default_node_pool", False) is not True and not pools
        if (
            bare
            and res.get("enable_autopilot", False) is not True
            and res.get("node_config.service_account") is None
        ):
            yield res, "node_config[0].service_account"
    for res in world.of("google_compute_instance", "google_compute_instance_template"):
        if any(block.get("email") is None for block in res.blocks("service_account")):
            yield res, "service_account[0].email"
