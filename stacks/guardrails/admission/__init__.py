"""Admission: what a team's pods and settings must look like, as policies the API server itself enforces.

Each policy's rules are in a YAML file beside this one, in the words of a ValidatingAdmissionPolicy's `spec`;
`_workloads.yaml` holds what the policies over pods share. Values that come from the declarations are added as
variables of the policy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.guardrails.argo import controller_arguments

_API = "admissionregistration.k8s.io/v1"
_HERE = Path(__file__).parent
_IN_A_TEAM = {"key": names.TEAM_LABEL, "operator": "Exists"}
_ON_THE_NETWORK = {"key": names.NETWORK_LABEL, "operator": "In", "values": ["project"]}
# A team namespace that says nothing else is sealed.
_SEALED = {"key": names.NETWORK_LABEL, "operator": "NotIn", "values": ["project"]}
# And its pods are jobs where its namespace does not say that models serve there.
_SERVES = {"key": names.CLASS_LABEL, "operator": "In", "values": [names.SERVING]}
_RUNS_JOBS = {"key": names.CLASS_LABEL, "operator": "NotIn", "values": [names.SERVING]}


@dataclass(frozen=True)
class Policy:
    """A policy by the name of its file, and the namespaces it binds.

    `given` are the values its file expects as variables. `over_objects` selects by the object's own labels instead
    of its namespace's, for policies over namespaces themselves.
    """

    name: str
    over_pods: bool
    selects: list[dict[str, Any]]
    given: dict[str, Any] = field(default_factory=dict)
    over_objects: bool = False


def policies(stack: Stack) -> list[Policy]:
    """All of them, with the values of the declarations."""
    argo = stack.platform.argo
    executor = argo.executor if argo is not None else ""
    environment = {
        "platformNames": list(names.PLATFORM_VARIABLES),
        "submitNames": list(names.SUBMIT_VARIABLES),
        "fieldNames": list(names.FIELD_VARIABLES),
    }
    return [
        Policy(
            "pods",
            True,
            [_IN_A_TEAM],
            {
                "serviceAccount": names.KUBERNETES_SERVICE_ACCOUNT,
                "settingsMap": names.CONFIG_MAP,
                "platformNames": environment["platformNames"],
                "standardClass": names.priority_class(),
                "classPrefix": names.priority_class(""),
                "argoController": argo.controller if argo is not None else "",
                "argoExecutor": executor,
                "argoAccount": names.ARGO,
                "argoArguments": controller_arguments(executor),
                "argoLog": list(names.ARGO_LOG_OPTIONS),
                "argoToken": names.ARGO_TOKEN,
                "argoTokenSeconds": names.ARGO_TOKEN_SECONDS,
                "argoVariables": list(names.ARGO_VARIABLES),
            },
        ),
        Policy(
            "sealed",
            True,
            [_IN_A_TEAM, _SEALED, _RUNS_JOBS],
            {
                "runnerImage": stack.platform.images.runner,
                "runnerArguments": list(names.RUNNER_ARGUMENTS),
                **environment,
            },
        ),
        Policy(
            "project",
            True,
            [_IN_A_TEAM, _ON_THE_NETWORK, _RUNS_JOBS],
            {
                "trustedImages": sorted(stack.boundary.trusted.images),
                "argoExecutor": executor,
                "argoToken": names.ARGO_TOKEN,
            },
        ),
        Policy(
            "serving",
            True,
            [_IN_A_TEAM, _SERVES],
            {
                "runnerImage": stack.platform.images.runner,
                "runnerArguments": list(names.RUNNER_ARGUMENTS),
                "serverCommand": list(names.SERVER_COMMAND),
                "serverPort": names.SERVER_PORT,
                "serverNames": list(names.SERVER_VARIABLES),
                "platformNames": environment["platformNames"],
                "submitNames": environment["submitNames"],
                "standardClass": names.priority_class(),
            },
        ),
        Policy("metadata", True, [_IN_A_TEAM]),
        Policy(
            "settings",
            False,
            [_IN_A_TEAM],
            {"settingsMaps": [names.CONFIG_MAP, names.METAFLOW_CONFIG_MAP, names.ARGO]},
        ),
        Policy("namespaces", False, [_IN_A_TEAM], over_objects=True),
        Policy("connections", False, [_IN_A_TEAM]),
    ]


def build_admission(stack: Stack) -> None:
    """Each policy and its binding."""
    for policy in policies(stack):
        # What a team's pods, settings and namespace must look like; the API server refuses the rest.
        created = cdk.kubernetes.Manifest(
            stack.scope, f"policy_{policy.name}", manifest=policy_manifest(policy)
        )
        # Puts the policy in force in every team's namespace, and in no other.
        cdk.kubernetes.Manifest(
            stack.scope,
            f"binding_{policy.name}",
            manifest=binding_manifest(policy),
            depends_on=[created],
        )


def policy_manifest(policy: Policy) -> dict[str, Any]:
    """The ValidatingAdmissionPolicy. Every defaulted field is written out, so that two deploys in a row agree."""
    own = _read(policy.name)
    shared = _read("_workloads") if policy.over_pods else own
    # JSON is CEL for strings and lists of them.
    given = [{"name": name, "expression": json.dumps(value)} for name, value in policy.given.items()]
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            **shared["matchConstraints"],
        },
        "matchConditions": own.get("matchConditions", shared["matchConditions"]),
        "variables": [*given, *(shared["variables"] if policy.over_pods else []), *own["variables"]],
        "validations": own["validations"],
    }
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": names.admission_policy(policy.name)},
        "spec": {key: value for key, value in spec.items() if value or key == "failurePolicy"},
    }


def binding_manifest(policy: Policy) -> dict[str, Any]:
    """The binding that puts a policy in force, by denial, in the namespaces it selects."""
    selector = "objectSelector" if policy.over_objects else "namespaceSelector"
    other = "namespaceSelector" if policy.over_objects else "objectSelector"
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": names.admission_policy(policy.name)},
        "spec": {
            "policyName": names.admission_policy(policy.name),
            "validationActions": ["Deny"],
            "matchResources": {
                "matchPolicy": "Equivalent",
                selector: {"matchExpressions": policy.selects},
                other: {},
            },
        },
    }


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((_HERE / f"{name}.yaml").read_text())
    return loaded
