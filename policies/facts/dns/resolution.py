"""Where a query ends, in the order in which a network resolves it (catalogue 2.3).

For a network: alternative name servers, then the response policy, then private zones by longest suffix, then Google's
own names, then public recursion. A tunnel needs arbitrarily many names, so that only fresh names below a suffix matter:
``fresh`` gives one for each suffix that the configuration tells apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policies.facts.dns.zones import (
    ResponseRule,
    Zone,
    below,
    normal,
    response_policies,
    server_policies,
    zones,
)
from policies.facts.network.networks import Key, network_key, networks
from policies.facts.resource import Res
from policies.facts.world import World, fact

End = Literal["answered", "forwarded", "delegated", "peered", "alternative", "public", "google"]

# Names whose authoritative servers are Google's: nobody else sees a query for one.
GOOGLE_NAMES = frozenset((
    "googleapis.com.", "pkg.dev.", "gcr.io.", "google.internal.", "gke.goog.", "run.app.", "cloudfunctions.net.",
    "appspot.com.", "googleusercontent.com.", "google.com.", "gstatic.com.", "pki.goog.", "aiplatform-notebook.app.",
    "ltsapis.goog.", "gateway.dev.", "internal.",
))  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """``by``: the resource that decides, None for the default. ``bypassed``: the response rule that let the query go
    on although another would have answered it. ``network``: whose view decided, after peerings."""

    end: End
    by: Res | None
    bypassed: ResponseRule | None
    network: Key


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What one network sees: zones and rules by their suffix, so that the longest match is found label by label."""

    alternative: Res | None
    exact: dict[str, ResponseRule]
    wildcards: dict[str, list[ResponseRule]]
    unread: ResponseRule | None  # a rule that lets names past without saying which
    zones: dict[str, Zone]


@fact
def _views(world: World) -> dict[Key, _View]:
    return {}


def _view(world: World, network: Key) -> _View:
    cache = _views(world)
    if network not in cache:
        cache[network] = _see(world, network)
    return cache[network]


def _see(world: World, network: Key) -> _View:
    alternative = next(
        (policy.res for policy in server_policies(world) if policy.servers and policy.view.possible(network)),
        None,
    )
    exact: dict[str, ResponseRule] = {}
    wildcards: dict[str, list[ResponseRule]] = {}
    unread: ResponseRule | None = None
    for rule in (r for p in response_policies(world) if p.view.certain(network) for r in p.rules):
        if rule.suffix is None:
            unread = unread if rule.answers else rule
        elif rule.wildcard:
            wildcards.setdefault(rule.suffix, []).append(rule)
        else:
            exact.setdefault(rule.suffix, rule)
    seen: dict[str, Zone] = {}
    for zone in zones(world):
        if zone.suffix is None or zone.private is not True:
            continue
        # A zone that closes names counts only where it is seen for certain, one that opens them where it may be.
        opens = zone.form != "plain"
        visible = zone.view.possible(network) if opens else zone.view.certain(network)
        if visible and (opens or zone.suffix not in seen):
            seen[zone.suffix] = zone
    return _View(alternative, exact, wildcards, unread, seen)


def _upwards(name: str) -> Iterator[str]:
    """A name and every suffix of it, the longest first, the root last."""
    while name not in ("", "."):
        yield name
        name = name.partition(".")[2]
    yield "."


def resolve(world: World, network: Key, name: str, through: tuple[Key, ...] = ()) -> Outcome:
    """Where a query for ``name`` (normal) of a machine in ``network`` ends. ``through``: networks it was peered from."""
    view = _view(world, network)
    if view.alternative is not None:
        return Outcome("alternative", view.alternative, None, network)
    rules = _rules(view, name)
    if rules and rules[0].answers:
        return Outcome("answered", rules[0].res, None, network)
    bypassed = rules[0] if any(rule.answers for rule in rules) else None
    zone = next((view.zones[suffix] for suffix in _upwards(name) if suffix in view.zones), None)
    if zone is None:
        end: End = "google" if any(suffix in GOOGLE_NAMES for suffix in _upwards(name)) else "public"
        return Outcome(end, None, bypassed, network)
    if zone.form == "peering":
        target = network_key(world, zone.res.get("peering_config.target_network.network_url"), zone.res)
        if target is None or target in (*through, network) or target not in networks(world):
            return Outcome("peered", zone.res, bypassed, network)
        found = resolve(world, target, name, (*through, network))
        return (
            found if found.end in ("answered", "google") else Outcome("peered", zone.res, bypassed, network)
        )
    if zone.form != "plain":
        return Outcome("forwarded", zone.res, bypassed, network)
    delegated = next((record for suffix, record in zone.delegated if below(name, suffix)), None)
    if delegated is not None:
        return Outcome("delegated", delegated, bypassed, network)
    return Outcome("answered", zone.res, bypassed, network)


def _rules(view: _View, name: str) -> list[ResponseRule]:
    """The response rules that match a name, the most specific first."""
    found = [view.exact[name]] if name in view.exact else []
    for suffix in _upwards(name):
        if suffix != name:
            found += view.wildcards.get(suffix, ())
    return [*found, view.unread] if view.unread is not None else found


def fresh(suffix: str) -> str:
    """A name below a suffix that nothing mentions."""
    label = "q-3f9a7c"
    return f"{label}." if suffix == "." else f"{label}.{suffix}"


def suffixes(world: World) -> Iterator[str]:
    """Every suffix that the configuration tells apart, the root first."""
    found = {"."}
    for zone in zones(world):
        found.add(zone.suffix or ".")
        found.update(name for name, _ in zone.delegated)
    for policy in response_policies(world):
        found.update(rule.suffix for rule in policy.rules if rule.suffix is not None)
    yield from sorted(found, key=lambda suffix: (suffix != ".", suffix.count("."), suffix))


def google_name(suffix: str | None) -> bool:
    """Whether every name below a suffix is answered by Google."""
    text = normal(suffix)
    return text is not None and any(above in GOOGLE_NAMES for above in _upwards(text))
