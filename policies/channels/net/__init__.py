"""Family NET: VPC egress, routing and topology."""

from policies.channels.net import (
    egress_rules,
    endpoints,
    inbound,
    internet,
    ipv6,
    proxies,
    routing,
    sites,
    tenants,
    traffic_copies,
)

__all__ = [
    "egress_rules",
    "endpoints",
    "inbound",
    "internet",
    "ipv6",
    "proxies",
    "routing",
    "sites",
    "tenants",
    "traffic_copies",
]
