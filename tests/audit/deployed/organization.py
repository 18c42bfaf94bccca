"""What an organisation sets: policies, denies, the perimeter."""

from __future__ import annotations

import copy
import re

from policies.facts.resource import Res
from tests.audit.deployed.answers import Answering
from tests.audit.deployed.words import known, one


class Above(Answering):
    """What an organisation sets: policies, denies, the perimeter."""

    def _org_policy_policy(self, res: Res) -> None:
        spec = known(copy.deepcopy(dict(res.values["spec"][0])))
        for rule in spec.get("rules", []):
            if "values" in rule:
                rule["values"] = rule["values"][0]
            for flag in ("enforce", "allowAll", "denyAll"):
                if flag in rule:
                    rule[flag] = str(rule[flag]).upper() == "TRUE"
        name = res.values["name"]
        self.add(
            "orgpolicy.googleapis.com/Policy",
            name,
            {"name": name, "spec": spec | {"etag": "x", "updateTime": "2026-01-01T00:00:00Z"}},
        )

    def _iam_deny_policy(self, res: Res) -> None:
        rules = [one(rule, "denyRule", "denyRule.denialCondition") for rule in known(res.values["rules"])]
        name = f"policies/{res.values['parent']}/denypolicies/{res.values['name']}"
        self.add(
            "iam.googleapis.com/PolicyV2",
            name,
            {"name": name, "uid": "u", "kind": "DenyPolicy", "rules": rules, "etag": "x"},
        )

    def _access_context_manager_service_perimeter(self, res: Res) -> None:
        data = {
            re.sub(r"(?<=[a-z])([A-Z])", lambda m: "_" + m[1].lower(), key): value
            for key, value in copy.deepcopy(dict(res.values)).items()
        }
        self.access.append(
            {
                "name": f"//cloudresourcemanager.googleapis.com/organizations/{self.organization}",
                "asset_type": "cloudresourcemanager.googleapis.com/Organization",
                "service_perimeter": data,
            }
        )
