"""What reaches the internet, against a router that forwards one packet at a time.

The oracle chooses the route by longest prefix and priority, asks for an address that comes back, and knows nothing of
sets. The proof may call reachable what a more specific route takes elsewhere (it over-approximates allows), never the
other way round; where every route leads to the internet gateway both agree exactly.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.facts.network.addresses import parse
from policies.facts.network.doors import doors
from policies.facts.network.egress import openings
from tests.policies.network.worlds import world_of

RANGES = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "203.0.113.0/24",
    "203.0.113.7/32",
    "10.9.0.0/16",
    "199.36.153.4/30",
)
REMOTES = ("203.0.113.7", "203.0.113.8", "8.8.8.8", "198.51.100.1")
HOPS = ("gateway", "gateway", "gateway", "ip", "tunnel")
NATS = ("ALL_SUBNETWORKS_ALL_IP_RANGES", "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", "LIST_OF_SUBNETWORKS")


@st.composite
def route(draw: st.DrawFn, number: int, hops: tuple[str, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": f"r{number}", "network": "net", "dest_range": draw(st.sampled_from(RANGES)),
        "priority": draw(st.sampled_from((100, 1000))),
    }  # fmt: skip
    hop = draw(st.sampled_from(hops))
    body.update({"gateway": {"next_hop_gateway": "default-internet-gateway"}, "ip": {"next_hop_ip": "10.0.0.9"},
                 "tunnel": {"next_hop_vpn_tunnel": "t"}}[hop])  # fmt: skip
    if draw(st.integers(0, 3)) == 0:
        body["tags"] = [draw(st.sampled_from(("a", "b")))]
    return body


@st.composite
def configurations(draw: st.DrawFn, hops: tuple[str, ...]) -> dict[str, Any]:
    interface: dict[str, Any] = {"subnetwork": "sub"}
    if draw(st.booleans()):
        interface["access_config"] = [{}]
    found: dict[str, Any] = {
        "google_compute_network": {
            "net": {
                "name": "net", "auto_create_subnetworks": False,
                "delete_default_routes_on_create": draw(st.sampled_from((None, False, True, True))),
            }
        },
        "google_compute_subnetwork": {
            "sub": {"name": "sub", "network": "net", "region": "europe-west1", "ip_cidr_range": "10.0.0.0/24"},
            "other": {"name": "other", "network": "net", "region": "europe-west1", "ip_cidr_range": "10.1.0.0/24"},
        },
        "google_compute_route": {f"r{n}": draw(route(n, hops)) for n in range(draw(st.integers(0, 4)))},
        "google_compute_instance": {
            "vm": {"name": "vm", "zone": "europe-west1-b", "tags": [draw(st.sampled_from(("a", "c")))], "network_interface": [interface]}
        },
    }  # fmt: skip
    if draw(st.booleans()):
        ranges = draw(st.sampled_from(NATS))
        nat: dict[str, Any] = {
            "name": "nat", "router": "router", "region": "europe-west1", "source_subnetwork_ip_ranges_to_nat": ranges,
            "type": draw(st.sampled_from((None, "PUBLIC", "PRIVATE"))),
            "endpoint_types": draw(st.sampled_from((None, ["ENDPOINT_TYPE_VM"], ["ENDPOINT_TYPE_SWG"]))),
        }  # fmt: skip
        if ranges == "LIST_OF_SUBNETWORKS":
            nat["subnetwork"] = [
                {
                    "name": draw(st.sampled_from(("sub", "other"))),
                    "source_ip_ranges_to_nat": ["ALL_IP_RANGES"],
                }
            ]
        found["google_compute_router"] = {
            "router": {"name": "router", "region": "europe-west1", "network": "net"}
        }
        found["google_compute_router_nat"] = {"nat": nat}
    return found


def forwards(config: dict[str, Any], remote: str) -> bool:
    """Whether one packet of the VM reaches ``remote`` on the internet and its answer comes back."""
    vm = config["google_compute_instance"]["vm"]
    nat = config.get("google_compute_router_nat", {}).get("nat")
    translated = (
        nat is not None
        and nat["type"] in (None, "PUBLIC")
        and nat["endpoint_types"] in (None, ["ENDPOINT_TYPE_VM"])
        and ("subnetwork" not in nat or nat["subnetwork"][0]["name"] == "sub")
    )
    if "access_config" not in vm["network_interface"][0] and not translated:
        return False
    candidates = [
        (ipaddress.ip_network(r["dest_range"]).prefixlen, -r["priority"], "next_hop_gateway" in r)
        for r in config["google_compute_route"].values()
        if ipaddress.ip_address(remote) in ipaddress.ip_network(r["dest_range"])
        and ("tags" not in r or set(r["tags"]) & set(vm["tags"]))
    ]
    if config["google_compute_network"]["net"]["delete_default_routes_on_create"] is not True:
        candidates.append((0, -1000, True))
    if not candidates:
        return False
    best = max(candidates)[:2]
    return any(gateway for prefix, priority, gateway in candidates if (prefix, priority) == best)


def reaches(config: dict[str, Any], remote: str) -> bool:
    block = parse(remote)
    assert block is not None
    return any(o.way is not None and bool(o.way.remote & block) for o in openings(world_of(config)))


@settings(max_examples=200, deadline=None)
@given(configurations(HOPS))
def test_what_leaves_is_never_missed(config: dict[str, Any]) -> None:
    ways = [o.way for o in openings(world_of(config))]
    for remote in REMOTES:
        if forwards(config, remote):
            assert any(way is not None for way in ways), remote


@settings(max_examples=200, deadline=None)
@given(configurations(("gateway",)))
def test_routes_to_the_gateway_are_exact(config: dict[str, Any]) -> None:
    assert any(reaches(config, remote) for remote in REMOTES) == any(forwards(config, r) for r in REMOTES)


@st.composite
def google_configurations(draw: st.DrawFn) -> dict[str, Any]:
    allowed = draw(
        st.lists(
            st.sampled_from(("199.36.153.4/30", "199.36.153.8/30", "34.126.0.0/18", "142.250.0.0/15")),
            unique=True,
        )
    )
    routed = draw(
        st.lists(
            st.sampled_from(("199.36.153.4/30", "199.36.153.8/30", "34.126.0.0/18", "0.0.0.0/0")), unique=True
        )
    )
    interface: dict[str, Any] = {"subnetwork": "sub"}
    if draw(st.booleans()):
        interface["access_config"] = [{}]
    return {
        "google_compute_network": {"net": {"name": "net", "auto_create_subnetworks": False, "delete_default_routes_on_create": True}},
        "google_compute_subnetwork": {
            "sub": {"name": "sub", "network": "net", "region": "europe-west1", "ip_cidr_range": "10.0.0.0/24",
                    "private_ip_google_access": draw(st.booleans())}
        },
        "google_compute_route": {
            f"r{n}": {"name": f"r{n}", "network": "net", "dest_range": dest, "next_hop_gateway": "default-internet-gateway"}
            for n, dest in enumerate(routed)
        },
        "google_compute_firewall": {
            "deny": {"name": "deny", "network": "net", "direction": "EGRESS", "priority": 65534, "deny": [{"protocol": "all"}]},
            "allow": {"name": "allow", "network": "net", "direction": "EGRESS", "priority": 1000,
                      "destination_ranges": allowed or ["10.0.0.0/24"], "allow": [{"protocol": "tcp", "ports": ["443"]}]},
        },
        "google_compute_instance": {"vm": {"name": "vm", "zone": "europe-west1-b", "network_interface": [interface]}},
    }  # fmt: skip


DOORS = {
    "restricted": "199.36.153.4",
    "private": "199.36.153.8",
    "direct path": "34.126.0.1",
    "public": "142.250.0.1",
}


@settings(max_examples=200, deadline=None)
@given(google_configurations())
def test_google_doors(config: dict[str, Any]) -> None:
    """A door: a route to it, a rule that lets tcp 443 pass, and Private Google Access or an external address."""
    found = {door.kind for door in doors(world_of(config))}
    subnet = config["google_compute_subnetwork"]["sub"]
    may_call = (
        subnet["private_ip_google_access"]
        or "access_config" in config["google_compute_instance"]["vm"]["network_interface"][0]
    )
    allow = config["google_compute_firewall"]["allow"]["destination_ranges"]
    for kind, example in DOORS.items():
        address = ipaddress.ip_address(example)
        routes = [r["dest_range"] for r in config["google_compute_route"].values()]
        if kind == "direct path":
            routes = [
                dest for dest in routes if dest != "0.0.0.0/0"
            ]  # no door of its own behind a wide route
        routed = any(address in ipaddress.ip_network(dest) for dest in routes)
        passes = any(address in ipaddress.ip_network(dest) for dest in allow)
        assert (kind in found) == (routed and passes and may_call), kind
