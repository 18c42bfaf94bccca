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
GOOGLE_NAMES = (
    "googleapis.com.", "pkg.dev.", "gcr.io.", "google.internal.", "gke.goog.", "run.app.", "cloudfunctions.net.",
    "appspot.com.", "googleusercontent.com.", "google.com.", "gstatic.com.", "pki.goog.", "aiplatform-notebook.app.",
    "ltsapis.goog.", "gateway.dev.", "internal.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """``by``: the resource that decides, None for the default. ``bypassed``: the response rule that let the query go
    on although another would have answered it. ``network``: whose view decided, after peerings."""

    end: End
    by: Res | None
    bypassed: ResponseRule | None
    network: Key


@dataclass(frozen=True, slots=True, eq=False)
class _Views:
    """What one network sees, most specific first."""

    alternative: Res | None
    rules: tuple[ResponseRule, ...]
    zones: tuple[Zone, ...]


@fact
def _views(world: World) -> dict[Key, _Views]:
    return {}


def _view(world: World, network: Key) -> _Views:
    cache = _views(world)
    if network not in cache:
        cache[network] = _see(world, network)
    return cache[network]


def _see(world: World, network: Key) -> _Views:
    alternative = next(
        (policy.res for policy in server_policies(world) if policy.servers and policy.view.possible(network)),
        None,
    )
    rules = [
        rule for policy in response_policies(world) if policy.view.certain(network) for rule in policy.rules
    ]
    seen: list[Zone] = []
    for zone in zones(world):
        if zone.suffix is None or zone.private is not True:
            continue
        # A zone that closes names counts only where it is seen for certain, one that opens them where it may be.
        if zone.view.certain(network) or (zone.form != "plain" and zone.view.possible(network)):
            seen.append(zone)
    return _Views(
        alternative,
        tuple(sorted(rules, key=lambda rule: (-_labels(rule.suffix), rule.wildcard))),
        tuple(sorted(seen, key=lambda zone: -_labels(zone.suffix))),
    )


def _labels(suffix: str | None) -> int:
    return 0 if suffix in (None, ".") else str(suffix).count(".")


def resolve(world: World, network: Key, name: str, through: tuple[Key, ...] = ()) -> Outcome:
    """Where a query for ``name`` (normal) of a machine in ``network`` ends. ``through``: networks it was peered from."""
    view = _view(world, network)
    if view.alternative is not None:
        return Outcome("alternative", view.alternative, None, network)
    bypassed: ResponseRule | None = None
    rule = next((rule for rule in view.rules if _matches(rule, name)), None)
    if rule is not None and rule.answers:
        return Outcome("answered", rule.res, None, network)
    if rule is not None:
        bypassed = rule if any(r.answers and _matches(r, name) for r in view.rules) else None
    zone = next((zone for zone in view.zones if below(name, str(zone.suffix))), None)
    if zone is None:
        end: End = "google" if any(below(name, suffix) for suffix in GOOGLE_NAMES) else "public"
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


def _matches(rule: ResponseRule, name: str) -> bool:
    if rule.suffix is None:
        return not rule.answers
    if rule.wildcard:
        return name != rule.suffix and below(name, rule.suffix)
    return name == rule.suffix


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
    yield from sorted(found, key=lambda suffix: (_labels(suffix), suffix))


def google_name(suffix: str | None) -> bool:
    """Whether every name below a suffix is answered by Google."""
    text = normal(suffix)
    return text is not None and any(below(text, known) for known in GOOGLE_NAMES)
