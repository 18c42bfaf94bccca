"""Name resolution against a resolver that walks the documented order for one name at a time.

The oracle reads the resources itself and knows nothing of views, outcomes or suffix classes; ``recursion`` is decided by
asking it for many names instead of one fresh name per suffix.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.facts.dns.resolution import fresh, resolve, suffixes
from policies.facts.network.networks import Key
from tests.policies.network.worlds import PROJECT, world_of

SUFFIXES = (".", "com.", "a.com.", "b.a.com.", "internal.example.", "googleapis.com.")
LABELS = ("", "x.", "y.x.", "b.", "a.com.")
NAMES = sorted({label + suffix.lstrip(".") for label, suffix in product(LABELS, SUFFIXES)} - {""})
NETWORKS = ("net", "hub", "lone")


def url(network: str) -> dict[str, str]:
    return {"network_url": f"projects/{PROJECT}/global/networks/{network}"}


@st.composite
def zone(draw: st.DrawFn, number: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": f"z{number}",
        "dns_name": draw(st.sampled_from(SUFFIXES)),
        "visibility": draw(st.sampled_from(("private", "private", "private", "public"))),
        "private_visibility_config": {
            "networks": [url(n) for n in draw(st.sets(st.sampled_from(NETWORKS), max_size=2))]
        },
    }
    kind = draw(st.sampled_from(("plain", "plain", "forwarding", "peering")))
    if kind == "forwarding":
        body["forwarding_config"] = {"target_name_servers": [{"ipv4_address": "203.0.113.53"}]}
    if kind == "peering":
        body["peering_config"] = {"target_network": url(draw(st.sampled_from((*NETWORKS, "theirs"))))}
    return body


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    zones: dict[str, Any] = {}
    taken: set[tuple[str, str]] = set()
    for number in range(draw(st.integers(0, 4))):
        body = draw(zone(number))
        # Google refuses two zones of one name on one network.
        names = {(body["dns_name"], n["network_url"]) for n in body["private_visibility_config"]["networks"]}
        if not names & taken:
            taken |= names
            zones[f"z{number}"] = body
    rules: dict[str, Any] = {}
    for suffix in draw(st.sets(st.sampled_from(SUFFIXES), max_size=3)):
        wildcard = draw(st.booleans()) or suffix == "."
        name = "*." + suffix.lstrip(".") if wildcard else suffix
        body = {"response_policy": "rp", "rule_name": f"r{len(rules)}", "dns_name": name}
        if draw(st.booleans()):
            body["local_data"] = {"local_datas": [{"name": name, "type": "A", "rrdatas": ["0.0.0.0"]}]}
        else:
            body["behavior"] = "bypassResponsePolicy"
        rules[f"r{len(rules)}"] = body
    found: dict[str, Any] = {
        "google_compute_network": {n: {"name": n} for n in NETWORKS},
        "google_dns_managed_zone": zones,
        "google_dns_response_policy": {"rp": {"response_policy_name": "rp", "networks": [url("net")]}},
        "google_dns_response_policy_rule": rules,
    }
    if draw(st.integers(0, 5)) == 0:
        found["google_dns_policy"] = {
            "p": {
                "name": "p",
                "networks": [url(draw(st.sampled_from(NETWORKS)))],
                "alternative_name_server_config": {"target_name_servers": [{"ipv4_address": "8.8.8.8"}]},
            }
        }
    return found


def covers(suffix: str, name: str) -> bool:
    return suffix == "." or name == suffix or name.endswith("." + suffix)


def oracle(config: dict[str, Any], network: str, name: str, trail: tuple[str, ...] = ()) -> str:
    """Where one query ends: answered, public, google, forwarded, peered, alternative."""
    here = url(network)
    if any(here in p["networks"] for p in config.get("google_dns_policy", {}).values()):
        return "alternative"
    if here in config["google_dns_response_policy"]["rp"]["networks"]:
        best: tuple[int, int, dict[str, Any]] | None = None
        for rule in config["google_dns_response_policy_rule"].values():
            wild = rule["dns_name"].startswith("*.")
            suffix = (rule["dns_name"][2:] or ".") if wild else rule["dns_name"]
            matches = (covers(suffix, name) and name != suffix) if wild else name == suffix
            length = 0 if suffix == "." else suffix.count(".")
            if matches and (best is None or (length, not wild) > best[:2]):
                best = (length, not wild, rule)
        if best is not None and "local_data" in best[2]:
            return "answered"
    seen = [
        z for z in config["google_dns_managed_zone"].values()
        if z["visibility"] == "private"
        and here in z["private_visibility_config"]["networks"]
        and covers(z["dns_name"], name)
    ]  # fmt: skip
    if seen:
        chosen = max(seen, key=lambda z: len(z["dns_name"]))
        if "forwarding_config" in chosen:
            return "forwarded"
        if "peering_config" in chosen:
            target = chosen["peering_config"]["target_network"]["network_url"].rsplit("/", 1)[1]
            if target not in NETWORKS or target in (*trail, network):
                return "peered"
            end = oracle(config, target, name, (*trail, network))
            return end if end in ("answered", "google") else "peered"
        return "answered"
    return "google" if covers("googleapis.com.", name) or covers("internal.", name) else "public"


@settings(max_examples=300, deadline=None)
@given(configurations(), st.sampled_from(NETWORKS))
def test_each_name_ends_where_the_documented_order_ends_it(config: dict[str, Any], network: str) -> None:
    world = world_of(config)
    for name in NAMES:
        assert resolve(world, Key(PROJECT, network), name).end == oracle(config, network, name), name


@settings(max_examples=200, deadline=None)
@given(configurations(), st.sampled_from(NETWORKS))
def test_one_fresh_name_for_each_suffix_finds_every_way_out(config: dict[str, Any], network: str) -> None:
    world = world_of(config)
    found = {resolve(world, Key(PROJECT, network), fresh(suffix)).end for suffix in suffixes(world)}
    # Names that nothing mentions, below every suffix and below labels of their own.
    asked = {f"{label}{suffix.lstrip('.')}" for label in ("k7.", "m.k7.", "zz.") for suffix in SUFFIXES}
    ends = {oracle(config, network, name) for name in asked}
    assert {end for end in ends if end not in ("answered", "google")} <= found
