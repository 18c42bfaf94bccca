"""Service perimeters: random requests against a reading of the documentation that shares no code."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.facts.perimeter.decision import Request, allowed
from policies.facts.perimeter.model import perimeters
from tests.policies.network.worlds import world_of

PROJECTS = ("projects/1", "projects/2", "projects/3")
SERVICES = ("storage.googleapis.com", "bigquery.googleapis.com")
METHODS = ("read", "write")
PEOPLE = ("user:a@x.example", "serviceAccount:s@p.iam.gserviceaccount.com", "")
LEVELS = ("office", "vpn")
PREFIX = "accessPolicies/7/accessLevels/"


def operations() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "service_name": st.sampled_from((*SERVICES, "*")),
            "method_selectors": st.lists(
                st.sampled_from([{"method": m} for m in (*METHODS, "*")]), min_size=1, max_size=2
            ),
        }
    )
    return st.lists(one, min_size=1, max_size=2)


def origin(sources_required: bool) -> st.SearchStrategy[dict[str, Any]]:
    who = st.one_of(
        st.sampled_from(
            [{"identity_type": t} for t in ("ANY_IDENTITY", "ANY_SERVICE_ACCOUNT", "ANY_USER_ACCOUNT")]
        ),
        st.lists(st.sampled_from([p for p in PEOPLE if p]), min_size=1, max_size=2).map(
            lambda p: {"identities": p}
        ),
    )
    source = st.sampled_from(
        [{"access_level": PREFIX + n} for n in LEVELS]
        + [{"access_level": "*"}]
        + [{"resource": p} for p in PROJECTS]
    )
    return st.tuples(who, st.lists(source, min_size=1 if sources_required else 0, max_size=2)).map(
        lambda pair: {**pair[0], "sources": pair[1]}
    )


def ingress() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "ingress_from": origin(False),
            "ingress_to": st.fixed_dictionaries(
                {
                    "resources": st.lists(st.sampled_from((*PROJECTS, "*")), min_size=1, max_size=2),
                    "operations": operations(),
                }
            ),
        }
    )


def egress() -> st.SearchStrategy[dict[str, Any]]:
    start = st.tuples(origin(False), st.booleans()).map(
        lambda pair: {
            **pair[0],
            "source_restriction": "SOURCE_RESTRICTION_ENABLED" if pair[1] else "SOURCE_RESTRICTION_DISABLED",
        }
    )
    return st.fixed_dictionaries(
        {
            "egress_from": start,
            "egress_to": st.fixed_dictionaries(
                {
                    "resources": st.lists(st.sampled_from((*PROJECTS, "*")), min_size=1, max_size=2),
                    "operations": operations(),
                }
            ),
        }
    )


def status(members: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    accessible = st.one_of(
        st.none(),
        st.lists(st.sampled_from((*SERVICES, "RESTRICTED-SERVICES")), max_size=2).map(
            lambda names: {"enable_restriction": True, "allowed_services": names}
        ),
    )
    return st.fixed_dictionaries(
        {
            "resources": st.just(list(members)),
            "restricted_services": st.lists(st.sampled_from(SERVICES), max_size=2, unique=True),
            "access_levels": st.lists(st.sampled_from([PREFIX + n for n in LEVELS]), max_size=1),
            "ingress_policies": st.lists(ingress(), max_size=2),
            "egress_policies": st.lists(egress(), max_size=2),
            "vpc_accessible_services": accessible,
        }
    )


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    name = "accessPolicies/7/servicePerimeters/"
    split = draw(
        st.sampled_from(
            ((("projects/1",), ()), (("projects/1", "projects/2"), ()), (("projects/1",), ("projects/2",)))
        )
    )
    found: dict[str, Any] = {}
    for label, members in zip(("one", "two"), split, strict=True):
        if members:
            part = draw(st.sampled_from(("status", "status", "spec")))
            found[label] = {"name": name + label, part: draw(status(members))}
    if draw(st.booleans()):
        found["bridge"] = {
            "name": name + "bridge", "perimeter_type": "PERIMETER_TYPE_BRIDGE",
            "status": {"resources": draw(st.lists(st.sampled_from(PROJECTS), min_size=2, max_size=3, unique=True))},
        }  # fmt: skip
    return {"google_access_context_manager_service_perimeter": found}


@st.composite
def requests(draw: st.DrawFn) -> Request:
    return Request(
        draw(st.sampled_from(SERVICES)),
        draw(st.sampled_from(METHODS)),
        tuple(draw(st.lists(st.sampled_from(PROJECTS), min_size=1, max_size=2, unique=True))),
        draw(st.sampled_from(PEOPLE)),
        draw(st.sampled_from((None, *PROJECTS))),
        "",
        frozenset(draw(st.sets(st.sampled_from(LEVELS)))),
    )


def oracle(config: dict[str, Any], request: Request) -> bool:
    perimeters_ = config["google_access_context_manager_service_perimeter"].values()
    bridges = [
        set(p["status"]["resources"])
        for p in perimeters_
        if p.get("perimeter_type") == "PERIMETER_TYPE_BRIDGE"
    ]

    def together(a: str | None, b: str) -> bool:
        return any(a in bridge and b in bridge for bridge in bridges)

    def who(rule: dict[str, Any]) -> bool:
        kind = rule.get("identity_type")
        if kind == "ANY_IDENTITY":
            return True
        if kind:
            return request.identity.startswith("user:" if kind == "ANY_USER_ACCOUNT" else "serviceAccount:")
        return request.identity in rule.get("identities", ())

    def from_where(rule: dict[str, Any]) -> bool:
        for source in rule["sources"]:
            level = source.get("access_level")
            if level == "*" or (level and level.removeprefix(PREFIX) in request.levels):
                return True
            if "resource" in source and source["resource"] == request.client:
                return True
        return False

    def what(rule: dict[str, Any]) -> bool:
        return any(
            op["service_name"] in ("*", request.service)
            and any(m["method"] in ("*", request.method) for m in op["method_selectors"])
            for op in rule["operations"]
        )

    for perimeter in perimeters_:
        if "status" not in perimeter or perimeter.get("perimeter_type") == "PERIMETER_TYPE_BRIDGE":
            continue
        rules = perimeter["status"]
        members = set(rules["resources"])
        inside = request.client in members
        limit = rules["vpc_accessible_services"]
        if inside and limit is not None:
            open_to = set(limit["allowed_services"])
            if "RESTRICTED-SERVICES" in open_to:
                open_to |= set(rules["restricted_services"])
            if request.service not in open_to:
                return False
        if request.service not in rules["restricted_services"]:
            continue
        for resource in set(request.resources) & members:
            if inside or together(request.client, resource):
                continue
            by_level = any(level.removeprefix(PREFIX) in request.levels for level in rules["access_levels"])
            by_rule = any(
                who(r["ingress_from"]) and from_where(r["ingress_from"]) and what(r["ingress_to"])
                and ({"*", resource} & set(r["ingress_to"]["resources"]))
                for r in rules["ingress_policies"]
            )  # fmt: skip
            if not (by_level or by_rule):
                return False
        own = set(request.resources) & members
        for resource in set(request.resources) - members:
            if not inside and not own:
                continue
            ends = [request.client] if inside else []
            if all(together(end, resource) for end in [*ends, *own]):
                continue
            if not any(
                who(r["egress_from"]) and what(r["egress_to"])
                and ({"*", resource} & set(r["egress_to"]["resources"]))
                and (r["egress_from"]["source_restriction"] != "SOURCE_RESTRICTION_ENABLED" or from_where(r["egress_from"]))
                for r in rules["egress_policies"]
            ):  # fmt: skip
                return False
    return True


@settings(max_examples=500, deadline=None)
@given(configurations(), st.lists(requests(), min_size=5, max_size=5))
def test_requests_pass_as_documented(config: dict[str, Any], asked: list[Request]) -> None:
    found = perimeters(world_of(config))
    for request in asked:
        assert allowed(found, request) == oracle(config, request), request


def test_a_dry_run_refuses_nothing() -> None:
    spec = {"resources": ["projects/1"], "restricted_services": list(SERVICES)}
    config = {
        "google_access_context_manager_service_perimeter": {
            "p": {
                "name": "accessPolicies/7/servicePerimeters/p",
                "use_explicit_dry_run_spec": True,
                "spec": spec,
            }
        }
    }
    request = Request(SERVICES[0], "read", ("projects/1",))
    assert allowed(perimeters(world_of(config)), request)
    enforced = {
        "google_access_context_manager_service_perimeter": {
            "p": {"name": "accessPolicies/7/servicePerimeters/p", "status": spec}
        }
    }
    assert not allowed(perimeters(world_of(enforced)), request)
