"""DNS: Google's names lead to the restricted addresses, every other name leads nowhere."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.foundation.network import Network
from stacks.google_cloud import GOOGLE_DOMAINS, METADATA, METADATA_NAME, RESTRICTED_VIP_ADDRESSES

_TTL = 300


def build_dns(stack: Stack, network: Network) -> None:
    """A private zone for each of Google's domains and one for the root, which stops public recursion."""
    for domain in GOOGLE_DOMAINS:
        zone = _zone(stack, network, domain)
        for key, name in (("apex", f"{domain}."), ("wildcard", f"*.{domain}.")):
            _address(stack, zone, f"{_key(domain)}_{key}", name, RESTRICTED_VIP_ADDRESSES)
    root = _zone(stack, network, "")
    _address(stack, root, "metadata", METADATA_NAME, (METADATA,))


def _key(domain: str) -> str:
    return domain.replace(".", "_") or "root"


def _zone(stack: Stack, network: Network, domain: str) -> Any:
    # A name of Google's resolves to the restricted addresses, and any other to nothing: no DNS tunnel.
    return cdk.google.DnsManagedZone(
        stack.scope,
        f"zone_{_key(domain)}",
        project=stack.project,
        name=names.dns_zone(stack.platform.name, domain),
        dns_name=f"{domain}.",
        description=f"{domain or 'All other names'}: {'to the restricted addresses' if domain else 'no answer'}",
        visibility="private",
        private_visibility_config={"networks": [{"network_url": network.network.id}]},
    )


def _address(stack: Stack, zone: Any, key: str, name: str, addresses: tuple[str, ...]) -> None:
    # Where a name of a zone leads.
    cdk.google.DnsRecordSet(
        stack.scope,
        f"record_{key}",
        project=stack.project,
        managed_zone=zone.name,
        name=name,
        type="A",
        ttl=_TTL,
        rrdatas=list(addresses),
    )
