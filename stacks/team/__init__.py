"""The stacks `team-<name>`: everything a team gets from its one file."""

from __future__ import annotations

from cloister.declarations import Team, names
from stacks.base import Stack, connect_kubernetes
from stacks.cluster import ENDPOINT
from stacks.cluster import STACK as CLUSTER
from stacks.cluster.pools import build_pool
from stacks.repository import build_repository
from stacks.team.alerts import build_alerts
from stacks.team.argo import build_argo
from stacks.team.buckets import build_buckets
from stacks.team.identity import build_identity
from stacks.team.logs import build_logs
from stacks.team.metaflow import build_metaflow
from stacks.team.namespace import build_namespace
from stacks.team.network import build_network_policies
from stacks.team.rights import build_rights, subject_of
from stacks.team.serving import build_serving, serving_account
from stacks.team.watch import build_watch_access


def build_team(stack: Stack, team: Team) -> None:
    """One team. Nothing here is shared, so that its stack is the only one its file changes."""
    connect_kubernetes(stack, CLUSTER, ENDPOINT)
    labels = names.team_labels(team.team)
    account = build_identity(stack, team)
    services = serving_account(stack, team) if team.services else None
    buckets = build_buckets(stack, team, labels, account, services)
    namespace = build_namespace(stack, team, account, buckets)
    build_network_policies(stack, namespace)
    build_rights(stack, team, namespace)
    build_watch_access(stack, team, namespace)
    if team.services:
        build_serving(stack, team, services, buckets)
    build_repository(stack, names.team_repository(team.team), labels)
    if team.isolation == "dedicated":
        for pool in stack.platform.pools:
            build_pool(stack, pool, cluster=names.cluster(stack.platform.name), team=team.team)
    build_logs(stack, team)
    build_alerts(stack, team)
    if team.metaflow:
        build_metaflow(stack, team, namespace, buckets)
    argo = stack.platform.argo
    if argo is not None and team.fans_out:  # sealed pods hold no token and reach no API server
        build_argo(stack, team, argo, namespace, subject_of(team.members))
