"""Whether perimeters let a request pass.

A request has a client, an identity, one service and method, and the projects whose resources it touches. For each of
them inside a perimeter that restricts the service, a client outside needs ingress; where a perimeter holds the client or
one of the resources and another lies outside it, egress. Rules are alternatives; the clauses of a rule all hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.facts.perimeter.model import ANY, Config, Perimeter, Rule

RESTRICTED = "RESTRICTED-SERVICES"


@dataclass(frozen=True, slots=True)
class Request:
    """``client``: the project (``projects/<number>``) of the network it comes from, None from the internet; ``network``
    its full name. ``levels``: the access levels it satisfies. ``identity``: empty for none (anonymous, signed URL).
    ``resources``: projects, or external resources (``s3://...``)."""

    service: str
    method: str
    resources: tuple[str, ...]
    identity: str = ""
    client: str | None = None
    network: str = ""
    levels: frozenset[str] = frozenset()


def allowed(perimeters: Iterable[Perimeter], request: Request) -> bool:
    """Whether every perimeter concerned lets the request pass. Dry runs let everything."""
    regular = [(p, p.status) for p in perimeters if p.status is not None and not p.bridge]
    bridges = [p.status for p in perimeters if p.status is not None and p.bridge]
    for perimeter, config in regular:
        del perimeter
        if not _passes(config, bridges, request):
            return False
    return True


def _passes(config: Config, bridges: list[Config], request: Request) -> bool:
    client_inside = request.client is not None and _member(config, request)
    if client_inside and config.accessible is not None and not _accessible(config, request.service):
        return False
    if request.service not in config.restricted:
        return True
    inside = [r for r in request.resources if r in config.members]
    outside = [r for r in request.resources if r not in config.members]
    for resource in inside:
        if client_inside or _bridged(bridges, request.client, resource):
            continue
        if not (
            request.levels & config.levels
            or any(ingress_matches(rule, request, resource) for rule in config.ingress)
        ):
            return False
    if client_inside or inside:
        for resource in outside:
            near = [request.client] if client_inside else []
            if all(_bridged(bridges, own, resource) for own in [*near, *inside]):
                continue
            if not any(egress_matches(rule, request, resource) for rule in config.egress):
                return False
    return True


def _member(config: Config, request: Request) -> bool:
    return request.client in config.members or (request.network != "" and request.network in config.members)


def _accessible(config: Config, service: str) -> bool:
    allowed_services = config.accessible or frozenset()
    return service in allowed_services or (RESTRICTED in allowed_services and service in config.restricted)


def _bridged(bridges: list[Config], one: str | None, other: str) -> bool:
    return any(one in bridge.members and other in bridge.members for bridge in bridges)


def ingress_matches(rule: Rule, request: Request, resource: str) -> bool:
    """Whether an ingress rule lets the request reach ``resource``."""
    return (
        _identity(rule, request)
        and any(
            source.level == ANY
            or (source.level is not None and source.level.rsplit("/", 1)[-1] in request.levels)
            or (source.resource is not None and source.resource in (request.client, request.network))
            for source in rule.sources
        )
        and (ANY in rule.resources or resource in rule.resources)
        and _operation(rule, request)
    )


def egress_matches(rule: Rule, request: Request, resource: str) -> bool:
    """Whether an egress rule lets the request reach ``resource`` outside."""
    if rule.restricted_sources and not any(
        source.level == ANY
        or (source.level is not None and source.level.rsplit("/", 1)[-1] in request.levels)
        or (source.resource is not None and source.resource in (request.client, request.network))
        for source in rule.sources
    ):
        return False
    external = "://" in resource
    named = resource in rule.external if external else ANY in rule.resources or resource in rule.resources
    return _identity(rule, request) and named and _operation(rule, request)


def _identity(rule: Rule, request: Request) -> bool:
    if rule.identity_type == "ANY_IDENTITY":
        return True
    if rule.identity_type == "ANY_SERVICE_ACCOUNT":
        return request.identity.startswith("serviceAccount:")
    if rule.identity_type == "ANY_USER_ACCOUNT":
        return request.identity.startswith("user:")
    return request.identity.lower() in rule.identities


def _operation(rule: Rule, request: Request) -> bool:
    return any(
        operation.service in (ANY, request.service)
        and (ANY in operation.methods or request.method in operation.methods)
        for operation in rule.operations
    )
