"""A small evaluator of ValidatingAdmissionPolicies, for machines without an API server.

It evaluates a policy's variables and validations with a CEL evaluator of its own. Kubernetes' extensions
(`authorizer`, quantities) are not there; policies that use them are tried on a real API server only.
"""

from __future__ import annotations

from typing import Any

import cel

WORKLOADS = {
    "Pod": "pods",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "Deployment": "deployments",
    "DaemonSet": "daemonsets",
    "StatefulSet": "statefulsets",
    "ReplicaSet": "replicasets",
    "ReplicationController": "replicationcontrollers",
    "PodTemplate": "podtemplates",
}


def compiles(expression: str) -> None:
    """Raise ValueError where the expression is not CEL."""
    cel.compile(expression)


def refusals(
    policy: dict[str, Any],
    namespace_labels: dict[str, str],
    obj: dict[str, Any],
    old: dict[str, Any] | None = None,
) -> list[str]:
    """Messages of the validations that do not hold; an expression that fails counts as one (`failurePolicy: Fail`)."""
    context: dict[str, Any] = {
        "object": obj,
        "oldObject": old,
        "request": {"operation": "UPDATE" if old else "CREATE", "kind": {"kind": obj["kind"]}},
        "namespaceObject": {"metadata": {"labels": namespace_labels}},
        "variables": {},
    }
    spec = policy["spec"]
    if not all(_evaluate(condition["expression"], context) for condition in spec.get("matchConditions", [])):
        return []
    for variable in spec.get("variables", []):
        context["variables"][variable["name"]] = _evaluate(variable["expression"], context)
    return [
        rule["message"] for rule in spec["validations"] if _evaluate(rule["expression"], context) is not True
    ]


def _evaluate(expression: str, context: dict[str, Any]) -> Any:
    try:
        return cel.evaluate(expression, context)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        return error


def selected(binding: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a binding's namespace selector takes in a namespace with these labels."""
    for term in binding["spec"]["matchResources"]["namespaceSelector"].get("matchExpressions", []):
        value, values = labels.get(term["key"]), term.get("values", [])
        holds = {
            "Exists": value is not None,
            "DoesNotExist": value is None,
            "In": value in values,
            "NotIn": value not in values,
        }[term["operator"]]
        if not holds:
            return False
    return True
