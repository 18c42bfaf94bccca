"""Each team sees its own logs, metrics and inventory."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.attached import shared_accounts
from policies.facts.conditions import read
from policies.facts.datanodes import reached_under
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.log_filters import namespaces_of
from policies.facts.naming import find
from policies.facts.ownership import namespace_team, namespaces, owner, teams_of
from policies.facts.resource import Res
from policies.facts.rights import INVENTORY, LOGS
from policies.facts.world import World

LOG_BUCKET = "google_logging_project_bucket_config"
VIEW = "google_logging_log_view"


@channel("TEN-10")
def each_team_reads_its_own_logs(world: World) -> Iterator[Evidence]:
    """No team reads logs, metrics or traces of the whole project, and its log bucket holds its own entries only."""
    for grant in grants(world):
        teams = teams_of(world, grant.member)
        if grant.permissions is None or grant.permissions.isdisjoint(LOGS):
            continue
        if not teams:
            yield from _shared(world, grant, grant.permissions)
            continue
        if grant.kind in WIDE:
            yield from _wide(world, grant, teams)
        elif grant.kind in (VIEW, LOG_BUCKET):
            yield _view(world, grant, teams)
    for sink in world.of("google_logging_project_sink"):
        yield from _routed(world, sink)
    for cluster in world.of("google_container_cluster"):
        if cluster.blocks("resource_usage_export_config"):
            says = "Cluster {} exports what every namespace uses to one dataset"
            yield fault(cluster, "resource_usage_export_config", says, "weakened")


def _shared(world: World, grant: Grant, permissions: frozenset[str]) -> Iterator[Evidence]:
    """Log entries that an account reads by which compute of several teams runs. Nodes do read metrics: GKE asks for it."""
    held = sorted(LOGS & permissions - {"monitoring.timeSeries.list"})
    if (
        held
        and grant.kind in WIDE
        and str(grant.member).removeprefix("serviceAccount:") in shared_accounts(world)
    ):
        yield grant_leak(
            "open",
            grant,
            f"{sentence(member(grant))}, by which compute of several teams runs, holds {held[0]} on {thing(grant)} "
            f"({role(grant)} at {where(grant)}): it reads what every team's pods log.",
        )


def _wide(world: World, grant: Grant, teams: frozenset[str]) -> Iterator[Evidence]:
    held = sorted(LOGS & (grant.permissions or LOGS))
    if read(grant.condition).kind in ("narrows", "never"):
        nodes = [node for node in reached_under(world, grant.condition) if node.type == LOG_BUCKET]
        if all(owner(world, node) in teams for node in nodes):
            yield Control(grant.res.address, "condition[0].expression")
            return
    yield grant_leak(
        "open",
        grant,
        f"{sentence(member(grant))} of team {', '.join(sorted(teams))} holds {held[0]} on {thing(grant)} ({role(grant)} at "
        f"{where(grant)}): it reads what every team's pods write to logs, metrics and traces.",
        f"grant roles/logging.viewAccessor on the team's own log view instead of {grant.res.address}",
    )


def _view(world: World, grant: Grant, teams: frozenset[str]) -> Evidence:
    bucket = find(world, LOG_BUCKET, grant.res.get("bucket"), grant.res) if grant.kind == VIEW else grant.on
    theirs = owner(world, bucket) if bucket is not None else None
    if theirs is not None and teams == {theirs}:
        return Control(grant.res.address, grant.attribute)
    whose = f"of team {theirs}" if theirs else "that holds entries of every team"
    name = bucket.subject if bucket is not None else str(grant.res.get("bucket"))
    return grant_leak(
        "open",
        grant,
        f"{sentence(member(grant))} of team {', '.join(sorted(teams))} reads log bucket {name}, {whose} ({where(grant)}).",
    )


def _routed(world: World, sink: Res) -> Iterator[Evidence]:
    """Judge what a sink routes to a team's log bucket."""
    destination = sink.get("destination")
    if isinstance(destination, Unknown) or not str(destination).startswith("logging.googleapis.com/"):
        return
    bucket = find(world, LOG_BUCKET, destination, sink)
    team = owner(world, bucket) if bucket is not None else None
    if team is None:
        return
    text = sink.get("filter", "")
    fix = f"filter {sink.address} by resource.labels.namespace_name of the team's namespace"
    if isinstance(text, Unknown):
        says = f"What sink {{}} routes to the log bucket of team {team} is not known"
        yield fault(sink, "filter", says, "undecided", fix)
        return
    routed = namespaces_of(text)
    if routed is None:
        says = f"Sink {{}} routes entries to the log bucket of team {team} that its filter does not tie to a namespace"
        yield fault(sink, "filter", says, "open", fix)
        return
    foreign = next(
        (name for name in namespaces(world) if routed.fits(name) and namespace_team(world, name) != team),
        None,
    )
    if foreign is not None:
        says = f"Sink {{}} routes entries of namespace {foreign} to the log bucket of team {team}"
        yield fault(sink, "filter", says, "open", fix)
    elif routed.loose:
        says = f"Sink {{}} routes entries of any namespace whose name contains the team's to the log bucket of team {team}"
        yield fault(sink, "filter", says, "weakened", fix)
    else:
        yield Control(sink.address, "filter")


@channel("TEN-11")
def each_team_sees_its_own_inventory(world: World) -> Iterator[Evidence]:
    """No team lists or reads the metadata of the whole project, in IAM or from kubelets."""
    for grant in grants(world):
        if grant.kind not in WIDE:
            continue
        teams = teams_of(world, grant.member)
        if grant.permissions is None:
            if teams:
                text = f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)}, which may be to list all of it"
                yield grant_leak("undecided", grant, f"{text} ({where(grant)}).")
            continue
        held = sorted(INVENTORY & grant.permissions)
        if teams and held and not _narrowed(grant):
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))} of team {', '.join(sorted(teams))} holds {held[0]} on {thing(grant)} "
                f"({role(grant)} at {where(grant)}): names, labels and settings of every team are theirs to read.",
                f"replace {role(grant)} in {grant.res.address} by a custom role of what the team needs",
            )
    for res in world.of("google_container_cluster", "google_container_node_pool"):
        for path, value in _switches(res):
            if isinstance(value, Unknown):
                says = "Whether kubelets of {} answer anybody on port 10255 is not known"
                yield fault(res, path, says, "undecided", f"set {path} of {res.address} to FALSE")
            elif str(value).upper() == "TRUE":
                says = "Kubelets of {} answer anybody on the network with every pod's specification, on port 10255"
                yield fault(res, path, says, "open", f"set {path} of {res.address} to FALSE")


def _narrowed(grant: Grant) -> bool:
    return read(grant.condition).kind in ("narrows", "never")


def _switches(res: Res) -> Iterator[tuple[str, object]]:
    for base in (
        "node_config.kubelet_config", "node_pool.node_config.kubelet_config", "node_pool_defaults.node_config_defaults",
        "node_pool_auto_config.node_kubelet_config",
    ):  # fmt: skip
        for block in res.blocks(base):
            name = "insecure_kubelet_readonly_port_enabled"
            yield block.at(name), block.get(name)
