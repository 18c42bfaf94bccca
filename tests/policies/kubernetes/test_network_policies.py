"""Network policies against a packet-by-packet reading of the specification (catalogue 2.6): which pod may send where."""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.facts.kubernetes.namespaces import namespaces
from policies.facts.kubernetes.network_policies import Policy, Rule, denied, free_pod, policies_of
from policies.facts.kubernetes.selectors import Selector
from tests.policies.kubernetes.test_selectors import LABELS, SELECTORS, selected
from tests.policies.network.worlds import world_of

BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "192.0.2.7/32")
PROBES = ("10.0.0.1", "10.1.2.3", "192.0.2.7", "192.0.2.8", "8.8.8.8")
PEERS = st.one_of(
    st.builds(lambda cidr, without: {"ipBlock": {"cidr": cidr, **({"except": without} if without else {})}},
              st.sampled_from(BLOCKS), st.lists(st.sampled_from(BLOCKS[1:]), max_size=2)),
    st.builds(lambda pods: {"podSelector": pods}, SELECTORS),
    st.builds(lambda spaces, pods: {"namespaceSelector": spaces, "podSelector": pods}, SELECTORS, SELECTORS),
)  # fmt: skip
RULES = st.fixed_dictionaries(
    {}, optional={"to": st.lists(PEERS, max_size=3), "ports": st.just([{"port": 443}])}
)
SPECS = st.fixed_dictionaries(
    {"podSelector": SELECTORS},
    optional={"policyTypes": st.sampled_from([["Egress"], ["Ingress"], ["Ingress", "Egress"]]),
              "egress": st.lists(RULES, max_size=3)},
)  # fmt: skip


def isolates(spec: dict[str, Any], labels: dict[str, str]) -> bool:
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return "Egress" in types and selected(spec["podSelector"], labels)


def sends(specs: list[dict[str, Any]], labels: dict[str, str], address: str) -> bool:
    """Whether a pod may send to an address outside the cluster."""
    mine = [spec for spec in specs if isolates(spec, labels)]
    if not mine:
        return True
    return any(
        not rule.get("to") or any(_holds(peer, address) for peer in rule["to"])
        for spec in mine
        for rule in spec.get("egress", [])
    )


def _holds(peer: dict[str, Any], address: str) -> bool:
    block = peer.get("ipBlock")
    if block is None:
        return False
    point = ipaddress.ip_address(address)
    return point in ipaddress.ip_network(block["cidr"]) and not any(
        point in ipaddress.ip_network(without) for without in block.get("except", [])
    )


def world(specs: list[dict[str, Any]]) -> Any:
    return world_of(
        {
            "kubernetes_namespace": {"a": {"metadata": {"name": "a"}}},
            "kubernetes_manifest": {
                f"p{number}": {
                    "manifest": {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                                 "metadata": {"name": f"p{number}", "namespace": "a"}, "spec": spec}
                }
                for number, spec in enumerate(specs)
            },
        }
    )  # fmt: skip


def said(found: list[tuple[Policy, Selector]], labels: dict[str, str], address: str) -> bool:
    """The answer put together from the facts."""
    mine = [policy for policy, pods in found if policy.isolates_egress and pods.matches(labels)]
    return not mine or any(_reaches(rule, address) for policy in mine for rule in policy.egress)


def _reaches(rule: Rule, address: str) -> bool:
    return int(ipaddress.ip_address(address)) in rule.addresses


@given(st.lists(SPECS, max_size=4), LABELS, st.sampled_from(PROBES))
def test_what_a_pod_may_send(specs: list[dict[str, Any]], labels: dict[str, str], address: str) -> None:
    w = world(specs)
    space = namespaces(w)["a"]
    assert said(policies_of(w, space), labels, address) == sends(specs, labels, address)
    free = free_pod(w, space, "egress")
    if free is None:
        assert any(isolates(spec, labels) for spec in specs)
    else:
        assert not any(isolates(spec, free) for spec in specs)


def _clusterwide(spec: dict[str, Any], enabled: bool = True) -> Any:
    return world_of(
        {
            "google_container_cluster": {"c": {"name": "c", "location": "europe-west1", "datapath_provider": "ADVANCED_DATAPATH",
                                               "enable_cilium_clusterwide_network_policy": enabled}},
            "kubernetes_namespace": {
                "a": {"metadata": {"name": "a", "labels": {"team": "a"}}},
                "b": {"metadata": {"name": "b"}},
            },
            "kubernetes_manifest": {
                "deny": {"manifest": {"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy",
                                      "metadata": {"name": "deny"}, "spec": spec}}
            },
        }
    )  # fmt: skip


DENY = {"egressDeny": [{"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]}]}
OF_TEAMS = {"matchExpressions": [{"key": "k8s:io.cilium.k8s.namespace.labels.team", "operator": "Exists"}]}


def test_a_clusterwide_deny_holds_where_it_selects_and_only_when_enforced() -> None:
    outside = int(ipaddress.ip_address("8.8.8.8"))
    inside = int(ipaddress.ip_address("10.1.1.1"))
    w = _clusterwide({"endpointSelector": OF_TEAMS, **DENY})
    assert outside in denied(w, namespaces(w)["a"])
    assert inside not in denied(w, namespaces(w)["a"])
    assert outside not in denied(w, namespaces(w)["b"])
    assert free_pod(w, namespaces(w)["a"], "egress") is None
    assert free_pod(w, namespaces(w)["a"], "egress", own=True) is not None
    off = _clusterwide({"endpointSelector": OF_TEAMS, **DENY}, enabled=False)
    assert not denied(off, namespaces(off)["a"])
    narrow = _clusterwide({"endpointSelector": {"matchLabels": {"app": "x"}}, **DENY})
    assert not denied(narrow, namespaces(narrow)["a"])


def test_no_default_deny_where_the_policy_says_so() -> None:
    w = _clusterwide({"endpointSelector": {}, **DENY, "enableDefaultDeny": {"egress": False}})
    assert free_pod(w, namespaces(w)["a"], "egress") is not None
    assert denied(w, namespaces(w)["a"])
