"""What admission says to a request: which policy refuses it, and what the others lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.facts.kubernetes.admission.language import Allowed, Error, Evaluation, Untold
from policies.facts.kubernetes.admission.policies import (
    AdmissionPolicy,
    Binding,
    Scope,
    bindings,
    variables,
)
from policies.facts.kubernetes.namespaces import NAME
from policies.facts.world import World

_GROUPS = {  # kind: group, resource
    "Pod": ("", "pods"), "PodTemplate": ("", "podtemplates"), "ReplicationController": ("", "replicationcontrollers"),
    "Deployment": ("apps", "deployments"), "DaemonSet": ("apps", "daemonsets"), "ReplicaSet": ("apps", "replicasets"),
    "StatefulSet": ("apps", "statefulsets"), "Job": ("batch", "jobs"), "CronJob": ("batch", "cronjobs"),
    "ConfigMap": ("", "configmaps"), "Namespace": ("", "namespaces"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``labels``: those of its namespace; ``old``: the object before an update; ``connects``: it opens a
    connection to ``subresource`` (exec, attach, ...) of the object."""

    object: Mapping[str, Any]
    labels: Mapping[str, Any]
    old: Mapping[str, Any] | None = None
    subresource: str = ""
    user: Mapping[str, Any] = field(default_factory=dict)
    connects: bool = False

    @property
    def kind(self) -> str:
        return str(self.object["kind"])

    @property
    def operation(self) -> str:
        if self.connects:
            return "CONNECT"
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


def refusal(world: World, request: Request, allowed: Allowed) -> Refusal | None:
    """The first refusal of a request, None where no policy refuses it for certain."""
    asked = [
        (binding, binding.policy)
        for binding in bindings(world)
        if binding.policy is not None and not binding.broken
        and _speaks(binding.policy.scope, request, True) and _speaks(binding.scope, request, False)
    ]  # fmt: skip
    if not asked:
        return None
    values = _values(request)
    shared = Evaluation(values, allowed)
    shared.ready(text for _, policy in asked for text in _expressions(policy))
    for binding, policy in asked:
        evaluation = shared
        if binding.params is not None:
            evaluation = Evaluation({**values, "params": binding.params}, allowed)
            evaluation.ready(_expressions(policy))
        message = _refused(world, policy, evaluation)
        if message is not None:
            return Refusal(policy, binding, message)
    return None


def _expressions(policy: AdmissionPolicy) -> Iterator[str]:
    yield policy.together
    yield from (item.expression for item in policy.conditions)


def _refused(world: World, policy: AdmissionPolicy, evaluation: Evaluation) -> str | None:
    for condition in policy.conditions:
        holds = evaluation(condition.expression)
        if isinstance(holds, Error):
            return f"condition {condition.name} fails"
        if holds is not True:
            return None
    answers = evaluation(policy.together)
    if isinstance(answers, Error | Untold):
        answers = evaluation.one_by_one(
            [variables(world).by_name[name] for name in policy.needs],
            [item.expression for item in policy.validations],
        )
    else:
        for _ in policy.needs:
            answers = answers[0]
    for validation, answer in zip(policy.validations, answers, strict=True):
        if answer is not True and not isinstance(answer, Untold):
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
