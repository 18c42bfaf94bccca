"""What admission says to a request: which policy refuses it, and what the others lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.facts.kubernetes.admission.language import Allowed, Error, Untold
from policies.facts.kubernetes.admission.language import Scope as Evaluation
from policies.facts.kubernetes.admission.policies import AdmissionPolicy, Binding, Scope
from policies.facts.kubernetes.namespaces import NAME

_GROUPS = {  # kind: group, resource
    "Pod": ("", "pods"), "PodTemplate": ("", "podtemplates"), "ReplicationController": ("", "replicationcontrollers"),
    "Deployment": ("apps", "deployments"), "DaemonSet": ("apps", "daemonsets"), "ReplicaSet": ("apps", "replicasets"),
    "StatefulSet": ("apps", "statefulsets"), "Job": ("batch", "jobs"), "CronJob": ("batch", "cronjobs"),
    "ConfigMap": ("", "configmaps"), "Namespace": ("", "namespaces"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``labels``: those of its namespace; ``old``: the object before an update."""

    object: Mapping[str, Any]
    labels: Mapping[str, Any]
    old: Mapping[str, Any] | None = None
    subresource: str = ""
    user: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return str(self.object["kind"])

    @property
    def operation(self) -> str:
        return "CREATE" if self.old is None else "UPDATE"

    @property
    def namespace(self) -> str:
        return str(self.labels.get(NAME, ""))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The policy that refuses, and the words it does it with."""

    policy: AdmissionPolicy
    binding: Binding
    message: str


def refusal(found: tuple[Binding, ...], request: Request, allowed: Allowed) -> Refusal | None:
    """The first refusal of a request, None where no policy refuses it for certain."""
    values = _values(request)
    for binding in found:
        policy = binding.policy
        if policy is None or binding.broken or policy.broken:
            continue
        if not (_speaks(policy.scope, request, True) and _speaks(binding.scope, request, False)):
            continue
        message = _refused(policy, binding, values, allowed)
        if message is not None:
            return Refusal(policy, binding, message)
    return None


def _refused(
    policy: AdmissionPolicy, binding: Binding, values: Mapping[str, Any], allowed: Allowed
) -> str | None:
    evaluation = Evaluation({**values, "params": binding.params} if policy.params else values, allowed)
    for condition in policy.conditions:
        holds = evaluation.evaluate(condition.expression)
        if isinstance(holds, Error):
            return f"condition {condition.name} fails"
        if holds is not True:
            return None
    for variable in policy.variables:
        evaluation.define(variable.name, variable.expression)
    for validation in policy.validations:
        answer = evaluation.evaluate(validation.expression)
        if isinstance(answer, Untold):
            continue
        if answer is not True:
            return validation.name or validation.expression
    return None


def _values(request: Request) -> dict[str, Any]:
    group, resource = _GROUPS[request.kind]
    space = {key: value for key, value in request.labels.items() if isinstance(value, str)}
    return {
        "object": request.object,
        "oldObject": request.old,
        "request": {
            "operation": request.operation, "namespace": request.namespace,
            "name": request.object.get("metadata", {}).get("name", ""), "dryRun": False,
            "kind": {"group": group, "version": "v1", "kind": request.kind},
            "resource": {"group": group, "version": "v1", "resource": resource},
            "subResource": request.subresource, "userInfo": request.user,
        },
        "namespaceObject": {"metadata": {"name": request.namespace, "labels": space}},
    }  # fmt: skip


def _speaks(scope: Scope, request: Request, policy: bool) -> bool:
    """Whether a policy or binding speaks of a request for certain."""
    if (policy or scope.rules) and not any(_covers(rule, request) for rule in scope.rules):
        return False
    if any(_covers({**rule, "resourceNames": ()}, request) for rule in scope.excluded):
        return False
    if request.kind == "Namespace":
        return scope.spaces.matches(request.labels) and any(
            scope.objects.matches(labels) for labels in _object_labels(request)
        )
    # Whoever makes the object gives it its labels: a selector of them holds for nobody.
    return scope.objects.everything and scope.spaces.matches(request.labels)


def _object_labels(request: Request) -> Iterator[Mapping[str, Any]]:
    for obj in (request.object, request.old):
        if obj is not None:
            yield obj.get("metadata", {}).get("labels") or {}


def _covers(rule: Mapping[str, Any], request: Request) -> bool:
    group, resource = _GROUPS[request.kind]
    wanted = f"{resource}/{request.subresource}" if request.subresource else resource
    return (
        _among(rule.get("apiGroups"), group)
        and _among(rule.get("apiVersions"), "v1")
        and _among(rule.get("operations"), request.operation)
        and any(_resource(str(given), wanted) for given in rule.get("resources") or ())
        and not rule.get("resourceNames")
        and rule.get("scope", "*") in ("*", "Cluster" if request.kind == "Namespace" else "Namespaced")
    )


def _among(given: Any, wanted: str) -> bool:
    return isinstance(given, list | tuple) and ("*" in given or wanted in given)


def _resource(given: str, wanted: str) -> bool:
    """``*`` is every resource without subresources, ``*/*`` everything, ``pods/*`` and ``*/scale`` as they read."""
    if given in ("*/*", wanted):
        return True
    if given == "*":
        return "/" not in wanted
    name, _, sub = given.partition("/")
    wanted_name, _, wanted_sub = wanted.partition("/")
    if sub == "*":
        return name == wanted_name
    return name == "*" and bool(wanted_sub) and sub == wanted_sub
