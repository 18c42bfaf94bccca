"""The stack `foundation`: APIs, network, DNS, keys, identities, registry, central logs."""

from __future__ import annotations

from stacks.base import Stack
from stacks.foundation.apis import enable_apis, wait_for_apis
from stacks.foundation.audit import build_audit, build_boundary_alert
from stacks.foundation.dns import build_dns
from stacks.foundation.firewall import build_firewall
from stacks.foundation.identities import build_node_accounts, build_project_rights
from stacks.foundation.keys import build_keys
from stacks.foundation.metrics import build_metrics
from stacks.foundation.network import build_network
from stacks.foundation.supply import build_supply_chain


def build_foundation(stack: Stack) -> None:
    """Everything the other stacks stand on."""
    services = enable_apis(stack)
    network = build_network(stack)
    nodes = build_node_accounts(stack)
    build_firewall(stack, network, nodes)
    build_dns(stack, network)
    build_project_rights(stack)
    keys = build_keys(stack)
    build_supply_chain(stack, keys)
    build_audit(stack, keys["logging"])
    build_boundary_alert(stack)
    build_metrics(stack)
    wait_for_apis(stack, services)
