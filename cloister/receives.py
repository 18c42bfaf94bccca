"""What a team gets for its one file: the names of everything, and what each is for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from cloister.capacity import beyond, capacity
from cloister.declarations import Declarations, Team, names
from cloister.declarations.terminal import width

_PURPOSES = {
    "code": "its people upload code, and never read it back",
    "data": "its inputs; no person reads them",
    "artifacts": "models and files of its runs; no person reads them",
    "results": "what a release may show to people",
}
_NETWORKS = {
    "sealed": "where its code gets files and no network",
    "project": "where its code may call Google APIs: network is project",
}


def described(declarations: Declarations, name: str) -> dict[str, Any]:
    """A team as the JSON format gives it: what it declared, the names of what it gets, and what will not work."""
    project = declarations.boundary.project
    team = declarations.teams[name]
    declared = team.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    resources: dict[str, Any] = {
        "namespace": names.namespace(name),
        "service_account": names.team_service_account_email(project, name),
        "kubernetes_service_account": names.KUBERNETES_SERVICE_ACCOUNT,
        "buckets": dict(names.buckets(project, name)),
        "log_bucket": names.log_bucket(name),
        "alerts_to": [channel.email for channel in declarations.boundary.trusted.channels],
        "stack": names.team_stack(name),
        **({"services": _services(team)} if team.services else {}),
    }
    notes = [*_unfiltered(declarations, name), *beyond(team, declarations.platform)]
    return {"declared": declared, "resources": resources, "notes": notes}


def _unfiltered(declarations: Declarations, name: str) -> Iterator[str]:
    """A bucket that otherwise answers the network only, and which a release opens to people wherever they are."""
    buckets = dict(names.buckets(declarations.boundary.project, name))
    for release in declarations.teams[name].releases:
        if release.bucket == "artifacts":
            yield (
                f"{buckets['artifacts']} has no IP filter, which the release to {release.to} takes away until"
                f" {release.until}: who may read it does so from any network"
            )


def _services(team: Team) -> dict[str, str]:
    """The services by name, each with the host and port at which its callers find it."""
    return {
        each.name: f"{names.service_host(team.team, each.name)}:{names.SERVER_PORT}" for each in team.services
    }


def lines(declarations: Declarations, name: str) -> Iterator[str]:
    """The same for people, as wide as their terminal."""
    columns = width()
    indent = " " * (19 if columns >= 60 else 4)
    for line in _lines(declarations, name):
        yield from textwrap.wrap(
            line,
            columns,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )


def _lines(declarations: Declarations, name: str) -> Iterator[str]:
    description = described(declarations, name)
    resources = description["resources"]
    yield f"  namespace        {resources['namespace']}, {_NETWORKS[declarations.teams[name].network]}"
    yield f"  service account  {resources['service_account']}, for its jobs only"
    for kind, bucket in resources["buckets"].items():
        yield f"  bucket           {bucket}: {_PURPOSES[kind]}"
    yield f"  logs             {resources['log_bucket']}, a log bucket that its members read"
    for service in declarations.teams[name].services:
        called = ", ".join(caller.namespace for caller in service.callers) or "nobody"
        yield f"  service          {resources['services'][service.name]} of {service.model}, for {called} to call"
    yield f"  quota            {_quota(declarations, name)}"
    told = ", ".join(resources["alerts_to"]) or "nobody: boundary.yaml lists no trusted.channels"
    yield f"  alerts           on its runs and schedules, to {told}; and a dashboard"
    yield f"  budget           {_budget(declarations, name)}"
    if declarations.teams[name].metaflow:
        yield "  metaflow         its configuration in the namespace; flows run with `cloister flow run`"
    if declarations.platform.argo is not None and declarations.teams[name].fans_out:
        yield "  flows            a controller of Argo Workflows; `cloister flow deploy` hands it a flow"
    for note in description["notes"]:
        yield f"  note             {note}"


def _quota(declarations: Declarations, name: str) -> str:
    quota, have = declarations.teams[name].quota, capacity(declarations.platform)
    cpus = f"{quota.cpu} CPUs" + ("" if have.cpus is None else f" of the pools' {have.cpus}")
    gpus = [f"{count} of {have.gpus.get(kind, 0)} {kind}" for kind, count in quota.gpus.items()]
    return ", ".join([cpus, quota.memory, *gpus, f"runs of {quota.max_run_hours} hours at most"])


def _budget(declarations: Declarations, name: str) -> str:
    budget = declarations.teams[name].budget
    if budget is None:
        return "none declared"
    amount = f"{budget.monthly} {budget.currency} a month"
    if declarations.platform.billing_account is None:
        return f"{amount} declared, not watched: platform.yaml names no billing_account"
    return f"{amount}, alerts at 50, 90 and 100 %"
