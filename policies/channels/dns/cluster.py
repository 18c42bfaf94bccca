"""DNS-05: resolvers that a cluster, a pod or a firewall rule puts beside the network's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.channels.evidence import Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.network_policies import policies
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.workloads import workloads
from policies.facts.network.addresses import LINK_LOCAL, LOOPBACK, Addresses, cidrs, parse
from policies.facts.network.denies import decided_by, deny_controls
from policies.facts.network.egress import Opening, openings
from policies.facts.network.networks import inside
from policies.facts.network.packets import PROTOCOLS, Services
from policies.facts.network.passage import passage
from policies.facts.network.ranges import VIPS
from policies.facts.resource import Block
from policies.facts.world import World

# Resolvers that answer everyone. Source: their operators' documentation.
PUBLIC_RESOLVERS = cidrs(
    "8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "9.9.9.9", "149.112.112.112", "208.67.222.222",
    "208.67.220.220", "94.140.14.14", "94.140.15.15", "76.76.2.0", "76.76.10.0", "4.2.2.1", "4.2.2.2", "64.6.64.6",
    "185.228.168.9", "77.88.8.8", "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111",
    "2606:4700:4700::1001", "2620:fe::fe",
)  # fmt: skip
_PORTED = 1 << PROTOCOLS["tcp"] | 1 << PROTOCOLS["udp"]


@channel("DNS-05")
def pods_ask_the_networks_resolver_only(world: World) -> Iterable[Evidence]:
    """No stub domain, upstream or nameserver of a pod outside, and no firewall rule for resolvers of others."""
    yield from _config_maps(world)
    yield from _pods(world)
    yield from _rules(world)
    yield from _network_policies(world)
    yield from deny_controls(world)


def _asked(
    world: World, subject: str, address: str, attribute: str, sentence: str, servers: list[Any]
) -> Iterator[Leak]:
    """A leak for name servers that are not inside. ``servers``: as written."""
    known, unknown = _outside(world, servers)
    if unknown:
        yield Leak(
            "undecided", subject, f"{sentence} name servers that are not known.", (), f"remove {attribute} from {address}",
            address, attribute,
        )  # fmt: skip
    if known:
        reach = Addresses()
        for name in known:
            reach |= parse(name) or Addresses()
        through = passage(world, None, reach)
        names = ", ".join(known)
        step = Step("a pod's query", names, sentence.rstrip(), address, attribute)
        status: Failing = "open" if through.out else "weakened"
        yield Leak(
            status, subject, f"{sentence} {names}: data leaves in the names. {through.sentence}",
            (step, *through.steps) if through.out else (), f"remove {attribute} from {address}", address, attribute,
        )  # fmt: skip


def _outside(world: World, servers: list[Any]) -> tuple[list[str], bool]:
    """Name servers beyond what is inside, and whether some are not known."""
    known: list[str] = []
    unsure = False
    for server in servers:
        if isinstance(server, Unknown):
            unsure = True
            continue
        text = str(server).strip().split("#")[0]
        host = text.rsplit(":", 1)[0] if text.count(":") == 1 else text
        block = parse(host)
        if block is None:
            unsure = unsure or bool(host)
        elif not block <= inside(world) | LINK_LOCAL | LOOPBACK:
            known.append(host)
    return known, unsure


_MAPS = ("kube-dns", "coredns", "node-local-dns", "coredns-custom")


def _config_maps(world: World) -> Iterator[Leak]:
    for obj in objects(world, "ConfigMap"):
        if obj.name not in _MAPS:
            continue
        data = obj.body.get("data")
        if isinstance(data, Unknown):
            yield Leak(
                "undecided", obj.subject, f"Config map {obj.name} sets the cluster's resolver, and what it says is not known.",
                (), f"remove {obj.address}", obj.address, obj.where("data"),
            )  # fmt: skip
        elif isinstance(data, Mapping):
            for key, value in data.items():
                sentence = f"Config map {obj.name} makes the cluster's resolver ask"
                yield from _asked(
                    world, obj.subject, obj.address, obj.where(f"data.{key}"), sentence, _servers(key, value)
                )


def _servers(key: str, value: Any) -> list[Any]:
    """The name servers that an entry of a resolver's config map names."""
    if isinstance(value, Unknown):
        return [value]
    if key in ("stubDomains", "upstreamNameservers"):
        try:
            parsed = json.loads(value)
        except (ValueError, TypeError, RecursionError):
            return [Unknown("not JSON")]
        if isinstance(parsed, dict):
            return [
                item for group in parsed.values() for item in (group if isinstance(group, list) else [group])
            ]
        return parsed if isinstance(parsed, list) else [Unknown("not a list")]
    words = str(value).replace("{", " ").replace("}", " ").split()
    found: list[Any] = []
    for index, word in enumerate(words):
        if word in ("forward", "proxy"):
            found += [
                w.removeprefix("tls://").removeprefix("dns://")
                for w in words[index + 2 : index + 6]
                if _is_address(w)
            ]
    return found


def _is_address(word: str) -> bool:
    return parse(word.removeprefix("tls://").removeprefix("dns://").split(":")[0]) is not None


def _pods(world: World) -> Iterator[Leak]:
    for workload in workloads(world):
        servers = workload.spec.get("dnsConfig.nameservers")
        if servers is None:
            continue
        listed = list(servers) if isinstance(servers, list | tuple) else [servers]
        attribute = workload.at(workload.spec, "dnsConfig.nameservers")
        sentence = f"Pods of {workload.subject} ask"
        yield from _asked(world, workload.subject, workload.address, attribute, sentence, listed)


def _rules(world: World) -> Iterator[Leak]:
    """Firewall rules that speak of name resolution to addresses outside."""
    for opening in openings(world):
        rule = opening.rule
        if rule is None or rule.broad or not _names_resolvers(opening):
            continue
        end = "Nothing leads there now; only that still keeps the data in."
        if opening.way is not None:
            end = f"A query leaves to {opening.way.steps[-1].target}."
        yield Leak(
            "open" if opening.way is not None else "weakened", rule.subject,
            f"Firewall rule {rule.subject} allows {opening.packets} to {opening.packets.addresses}, name servers of others: data leaves in "
            f"the names, past the network's own zones. {end}",
            opening.path, f"remove {rule.res.address}", rule.res.address,
            rule.attribute(decided_by(rule)),
        )  # fmt: skip


def _network_policies(world: World) -> Iterator[Leak]:
    """Network policies that let pods ask resolvers outside."""
    ours = inside(world) | LINK_LOCAL | LOOPBACK | VIPS
    for policy in policies(world):
        blocks = {block.path: block for block in policy.obj.body.blocks("spec.egress")}
        for rule in policy.egress if policy.counts else ():
            beyond = rule.addresses - ours
            block = blocks.get(rule.path)
            if not beyond or not (beyond <= PUBLIC_RESOLVERS or (block is not None and _dns_ports(block))):
                continue
            through = passage(world, None, beyond)
            attribute = policy.obj.where(rule.path)
            step = Step(
                "a pod",
                str(beyond),
                f"network policy {policy.obj.name} lets it",
                policy.obj.address,
                attribute,
            )
            yield Leak(
                "open" if through.out else "weakened", policy.obj.subject,
                f"Network policy {policy.obj.name} lets pods ask name servers at {beyond}: data leaves in the names. {through.sentence}",
                (step, *through.steps) if through.out else (), f"remove {attribute} from {policy.obj.address}",
                policy.obj.address, attribute,
            )  # fmt: skip


def _dns_ports(block: Block) -> bool:
    """Whether a rule speaks of name resolution only."""
    ports = [str(port.get("port")) for port in block.blocks("ports")]
    return bool(ports) and all(port in ("53", "853") for port in ports)


def _names_resolvers(opening: Opening) -> bool:
    """Whether an opening is for DNS: by its ports, or because all it reaches are resolvers."""
    if opening.packets.addresses and opening.packets.addresses <= PUBLIC_RESOLVERS:
        return bool(opening.packets.of(Services(_PORTED)))
    ports = {(s.first, s.last) for s, _ in opening.packets.cells if s.protocols & _PORTED}
    return bool(ports) and all(first in (53, 853) and last == first for first, last in ports)
