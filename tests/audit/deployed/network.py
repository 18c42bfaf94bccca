"""Networks, their firewall and their names."""

from __future__ import annotations

from policies.facts.resource import Res
from tests.audit.deployed.answers import Answering
from tests.audit.deployed.words import COMPUTE, PROJECT, data_of, known


class Networks(Answering):
    """Networks, their firewall and their names."""

    def _compute_network(self, res: Res) -> None:
        name = res.values["name"]
        self.add("compute.googleapis.com/Network", f"projects/{PROJECT}/global/networks/{name}", {
            "kind": "compute#network", "id": "8123", "creationTimestamp": "2026-01-01T00:00:00Z", "name": name,
            "selfLink": f"{COMPUTE}/projects/{PROJECT}/global/networks/{name}", "autoCreateSubnetworks": False, "mtu": 1460,
            "subnetworks": [f"{COMPUTE}/projects/{PROJECT}/regions/europe-west1/subnetworks/{name}-nodes"],
            "routingConfig": {"routingMode": "REGIONAL"}, "enableUlaInternalIpv6": False,
            "networkFirewallPolicyEnforcementOrder": "BEFORE_CLASSIC_FIREWALL",
        })  # fmt: skip

    def _compute_subnetwork(self, res: Res) -> None:
        data = data_of(res, "logConfig")
        region = data.pop("region")
        data["network"] = f"{COMPUTE}/projects/{PROJECT}/global/networks/ml"
        data["region"] = f"{COMPUTE}/projects/{PROJECT}/regions/{region}"
        data["secondaryIpRanges"] = data.pop("secondaryIpRange")
        data["logConfig"]["enable"] = True
        data |= {
            "gatewayAddress": "10.10.0.1",
            "fingerprint": "x",
            "purpose": "PRIVATE",
            "enableFlowLogs": True,
            "kind": "compute#subnetwork",
        }
        self.add(
            "compute.googleapis.com/Subnetwork",
            f"projects/{PROJECT}/regions/{region}/subnetworks/{data['name']}",
            data,
        )

    def _compute_route(self, res: Res) -> None:
        data = known(dict(res.values))
        data["network"] = f"{COMPUTE}/projects/{PROJECT}/global/networks/ml"
        data["nextHopGateway"] = f"{COMPUTE}/projects/{PROJECT}/global/gateways/{data['nextHopGateway']}"
        self.add("compute.googleapis.com/Route", f"projects/{PROJECT}/global/routes/{data['name']}", data)

    def _compute_network_firewall_policy(self, res: Res) -> None:
        name = res.values["name"]
        implied = [
            {"priority": 2147483647 - number, "action": "goto_next", "direction": direction, "match": {key: [everywhere], "layer4Configs": [{"ipProtocol": "all"}]},
             "ruleTupleCount": 2, "kind": "compute#firewallPolicyRule"}
            for number, (direction, key, everywhere) in enumerate(
                [("EGRESS", "destIpRanges", "0.0.0.0/0"), ("INGRESS", "srcIpRanges", "0.0.0.0/0"),
                 ("EGRESS", "destIpRanges", "::/0"), ("INGRESS", "srcIpRanges", "::/0")]
            )
        ]  # fmt: skip
        self.add("compute.googleapis.com/FirewallPolicy", f"projects/{PROJECT}/global/firewallPolicies/{name}", {
            "kind": "compute#firewallPolicy", "id": "77", "name": name, "shortName": name, "description": res.values.get("description"),
            "rules": implied, "associations": [], "ruleTupleCount": 40, "selfLink": f"{COMPUTE}/projects/{PROJECT}/global/firewallPolicies/{name}",
        })  # fmt: skip

    def rules(self) -> None:
        for res in self.world.of("google_compute_network_firewall_policy_rule"):
            rule = data_of(res, "match")
            for field in ("firewallPolicy", "project"):
                rule.pop(field, None)
            rule |= {"kind": "compute#firewallPolicyRule", "ruleTupleCount": 2}
            self.asset(f"firewallPolicies/{res.values['firewall_policy']}")["rules"].append(rule)
        for res in self.world.of("google_compute_network_firewall_policy_association"):
            policy = self.asset(f"firewallPolicies/{res.values['firewall_policy']}")
            policy["associations"].append(
                {
                    "name": res.values["name"],
                    "attachmentTarget": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml",
                    "firewallPolicyId": "77",
                    "shortName": res.values["firewall_policy"],
                }
            )

    def _dns_managed_zone(self, res: Res) -> None:
        name = res.values["name"]
        data = data_of(res, "privateVisibilityConfig")
        for network in data["privateVisibilityConfig"]["networks"]:
            network |= {
                "kind": "dns#managedZonePrivateVisibilityConfigNetwork",
                "networkUrl": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml",
            }
        data |= {
            "kind": "dns#managedZone",
            "id": "5",
            "creationTime": "2026-01-01T00:00:00Z",
            "nameServers": ["ns-gcp-private.googledomains.com."],
            "cloudLoggingConfig": {"kind": "dns#managedZoneCloudLoggingConfig"},
        }
        path = f"projects/{PROJECT}/managedZones/{name}"
        self.add("dns.googleapis.com/ManagedZone", path, data)
        for type_, text in (
            (
                "SOA",
                "ns-gcp-private.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300",
            ),
            ("NS", "ns-gcp-private.googledomains.com."),
        ):
            self.add(
                "dns.googleapis.com/ResourceRecordSet",
                f"{path}/rrsets/{data['dnsName']}/{type_}",
                {
                    "kind": "dns#resourceRecordSet",
                    "name": data["dnsName"],
                    "type": type_,
                    "ttl": 21600,
                    "rrdatas": [text],
                    "signatureRrdatas": [],
                },
            )

    def _dns_record_set(self, res: Res) -> None:
        data = {key: res.values[key] for key in ("name", "type", "ttl", "rrdatas")} | {
            "kind": "dns#resourceRecordSet",
            "signatureRrdatas": [],
        }
        self.add(
            "dns.googleapis.com/ResourceRecordSet",
            f"projects/{PROJECT}/managedZones/{res.values['managed_zone']}/rrsets/{data['name']}/{data['type']}",
            data,
        )
