"""The stack `guardrails`: what holds every team's namespace, cluster-wide."""

from __future__ import annotations

from stacks.base import Stack, connect_kubernetes
from stacks.channels import notification_channels
from stacks.cluster import ENDPOINT
from stacks.cluster import STACK as CLUSTER
from stacks.guardrails.admission import build_admission
from stacks.guardrails.argo import build_argo_kinds
from stacks.guardrails.canary import build_canary
from stacks.guardrails.network import build_clusterwide_deny
from stacks.guardrails.priority import build_priority_classes
from stacks.guardrails.serving import build_caller_reviews
from stacks.guardrails.watch import build_watch


def build_guardrails(stack: Stack) -> None:
    """Admission policies, the network policy no namespace can widen, the priority classes, what services share, the
    watch and the canary."""
    connect_kubernetes(stack, CLUSTER, ENDPOINT)
    build_admission(stack)
    build_clusterwide_deny(stack)
    build_priority_classes(stack)
    build_caller_reviews(stack)
    channels = notification_channels(stack)
    build_watch(stack, channels)
    build_canary(stack, channels)
    if stack.platform.argo is not None:
        build_argo_kinds(stack)
