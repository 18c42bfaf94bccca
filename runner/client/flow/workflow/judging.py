"""What in a WorkflowTemplate would leave, or is refused when its pods start: everything that is not named here.

Argo Workflows can do far more than Metaflow asks of it: call addresses, create any object of the cluster, keep
artifacts in foreign buckets, patch its pods. So each level has the list of what it may say; the rest is refused, fields
that a later Argo Workflows or Metaflow invents included. The pods' own rules repeat what admission holds them to, so
that a flow is refused when it is deployed and not at four in the morning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloister.declarations import Declarations, Team, names
from cloister.declarations.mistakes import shown
from runner.client.flow.lint.running import FORBIDDEN

_SPEC = (
    "activeDeadlineSeconds", "arguments", "entrypoint", "hooks", "parallelism", "podMetadata", "priority", "templates",
    "workflowMetadata",
)  # fmt: skip
_TEMPLATE = (
    "activeDeadlineSeconds", "container", "dag", "failFast", "inputs", "metadata", "name", "nodeSelector", "outputs",
    "retryStrategy", "serviceAccountName", "steps", "tolerations", "volumes",
)  # fmt: skip
_TASK = (
    "arguments", "depends", "dependencies", "inline", "name", "template", "when", "withItems", "withParam",
)  # fmt: skip
_CONTAINER = (
    "args", "command", "env", "image", "imagePullPolicy", "name", "resources", "securityContext",
    "terminationMessagePolicy", "volumeMounts",
)  # fmt: skip
_SECURITY = (
    "allowPrivilegeEscalation", "capabilities", "privileged", "readOnlyRootFilesystem", "runAsGroup", "runAsNonRoot",
    "runAsUser", "seccompProfile",
)  # fmt: skip
_VALUE_FROM = ("default", "expression", "parameter", "path")
# What each of these would do, where "not one of ..." would say too little.
_WHY = {
    "onExit": "an exit hook runs when nobody looks; what a run ends with is in its log",
    "http": "the controller itself would call this address",
    "plugin": "a plugin of the controller would run it",
    "resource": "the controller would create objects of the cluster",
    "script": "Metaflow makes containers",
    "podSpecPatch": "it changes pods past what was looked at here",
    "artifacts": "Argo Workflows would keep data where the template says; flows keep theirs in the team's artifacts",
    "templateRef": "it runs a template that nobody looked at here",
    "archiveLocation": "Argo Workflows would keep data where the template says",
    "synchronization": "it reads the cluster's ConfigMaps",
    "daemon": "a daemon outlives its step",
    "sidecars": "a pod of a flow has one container",
    "initContainers": "a pod of a flow has one container",
    "hostNetwork": "the node's network is not the team's",
    "envFrom": "it takes whole ConfigMaps or Secrets into the environment",
    "lifecycle": "the kubelet would run it outside the pod's network",
    "livenessProbe": "the kubelet would run it outside the pod's network",
    "readinessProbe": "the kubelet would run it outside the pod's network",
    "startupProbe": "the kubelet would run it outside the pod's network",
}
_BY_DIGEST = re.compile(r"[^@]+@sha256:[0-9a-f]{64}")
_SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|lib|lib32|lib64|libx32|opt|proc|root|run|sbin|sys|usr|var)(?:/|$)"
)
_OWN_ANNOTATIONS = ("metaflow/", "workflows.argoproj.io/title", "workflows.argoproj.io/description")
_OTHERS_LABELS = re.compile(
    r"(?:[a-z0-9.-]+[.])?(?:cloister[.]dev|argoproj[.]io|kubernetes[.]io|gke[.]io)/.*"
)
_METAFLOWS_LABELS = re.compile(r"app[.]kubernetes[.]io/(?:name|part-of|component|instance|managed-by)")
_TOLERATED = (
    "cloud.google.com/gke-spot", "cloud.google.com/gke-accelerator", "nvidia.com/gpu", names.TEAM_LABEL,
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """What the team's pods are held to."""

    namespace: str
    images: tuple[str, ...]
    longest_run: int  # seconds
    team: str
    dedicated: bool


def of_team(declarations: Declarations, team: Team) -> Rules:
    return Rules(
        names.namespace(team.team),
        tuple(declarations.boundary.trusted.images),
        team.quota.max_run_hours * 3600,
        team.team,
        team.isolation == "dedicated",
    )


def leaves(template: Mapping[str, Any], rules: Rules) -> list[str]:
    """Sentences about a WorkflowTemplate, in the order of its text; none where all of it stays inside."""
    return [*_of_template(template, rules)]


def _of_template(template: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    if template["metadata"].get("namespace") != rules.namespace:
        found = shown(template["metadata"].get("namespace"))
        yield f"metadata.namespace: found {found}, expected {rules.namespace}, the team's own"
    spec = template["spec"]
    yield from _others("spec", spec, _SPEC)
    for level in ("podMetadata", "workflowMetadata"):
        yield from _metadata(f"spec.{level}", spec.get(level, {}))
    for name in spec.get("hooks", {}):
        yield f"spec.hooks.{name}: a hook runs beside the flow's steps and may call other hosts; remove it from the flow"
    for each in spec["templates"]:
        yield from _template(f"template {each.get('name')}", each, rules)


def _template(where: str, template: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    yield from _others(where, template, _TEMPLATE)
    yield from _metadata(where, template.get("metadata", {}))
    for side in ("inputs", "outputs"):
        yield from _parameters(f"{where}: {side}", template.get(side, {}))
    for task in template.get("dag", {}).get("tasks", ()):
        yield from _task(f"{where}: task {task.get('name')}", task, rules)
    yield from _others(f"{where}: dag", template.get("dag", {}), ("failFast", "tasks"))
    for parallel in template.get("steps", ()):
        for task in parallel:
            yield from _task(f"{where}: step {task.get('name')}", task, rules)
    if "container" in template:
        yield from _pod(where, template, rules)


def _metadata(where: str, given: Mapping[str, Any]) -> Iterator[str]:
    yield from _others(f"{where}: metadata", given, ("annotations", "labels"))
    for key in given.get("annotations", {}):
        if not key.startswith(_OWN_ANNOTATIONS):
            yield f"{where}: the annotation {shown(key)} is not Metaflow's; others change networks, sidecars and mounts"
    for key in given.get("labels", {}):
        if _OTHERS_LABELS.fullmatch(key) and not _METAFLOWS_LABELS.fullmatch(key):
            yield f"{where}: the label {shown(key)} is the platform's to give"


def _task(where: str, task: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    yield from _others(where, task, _TASK)
    yield from _parameters(f"{where}: arguments", task.get("arguments", {}))
    if "inline" in task:
        yield from _template(where, task["inline"], rules)


def _parameters(where: str, given: Mapping[str, Any]) -> Iterator[str]:
    yield from _others(where, given, ("parameters",))
    for parameter in given.get("parameters", ()):
        yield from _others(f"{where}: {parameter.get('name')}", parameter.get("valueFrom", {}), _VALUE_FROM)


def _pod(where: str, template: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    account = template.get("serviceAccountName")
    if account != names.KUBERNETES_SERVICE_ACCOUNT:
        expected = f"{names.KUBERNETES_SERVICE_ACCOUNT}, the team's one"
        yield f"{where}: serviceAccountName: found {shown(account)}, expected {expected}"
    limit = template.get("activeDeadlineSeconds")
    if not isinstance(limit, int) or not 0 < limit <= rules.longest_run:
        expected = f"at most {rules.longest_run}, the team's max_run_hours"
        yield f"{where}: activeDeadlineSeconds: found {shown(limit)}, expected {expected}"
    for volume in template.get("volumes", ()):
        kinds = sorted(set(volume) - {"name", "emptyDir"})
        if kinds:
            yield f"{where}: volume {volume.get('name')}: found {', '.join(kinds)}, expected emptyDir; nothing else is mounted"
    yield from _placed(where, template, rules)
    yield from _container(where, template["container"], rules)


def _placed(where: str, template: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    """On which nodes."""
    chosen = template.get("nodeSelector", {})
    if rules.dedicated and chosen.get(names.TEAM_LABEL) != rules.team:
        yield f"{where}: nodeSelector: found no {names.TEAM_LABEL}: {rules.team}, expected it; the team has its own nodes"
    for toleration in template.get("tolerations", ()):
        key = toleration.get("key")
        if key not in _TOLERATED or (key == names.TEAM_LABEL and toleration.get("value") != rules.team):
            expected = "spot nodes, accelerators or the team's own nodes"
            yield f"{where}: tolerations: found {shown(key)}, expected {expected}"


def _container(where: str, container: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    yield from _others(
        where, {name: value for name, value in container.items() if value not in ([], {})}, _CONTAINER
    )
    image = container.get("image")
    if not isinstance(image, str) or not image.startswith(rules.images or ("\0",)):
        trusted = ", ".join(rules.images) or "it trusts none"
        yield f"{where}: image: found {shown(image)}, expected one of the places boundary.yaml trusts: {trusted}"
    elif not _BY_DIGEST.fullmatch(image):
        yield f"{where}: image: found {shown(image)}, expected it by digest, as NAME@sha256:..."
    for variable in container.get("env", ()):
        yield from _variable(where, variable)
    for mount in container.get("volumeMounts", ()):
        path = str(mount.get("mountPath"))
        if (
            (path != "/dev/shm" and _SYSTEM.match(path))
            or ".." in path.split("/")
            or not path.startswith("/")
        ):
            yield f"{where}: volumeMounts: found {shown(path)}, expected a path outside the system's directories"
        if mount.get("mountPropagation", "None") != "None":
            yield f"{where}: volumeMounts: found mountPropagation, expected none"
    for name in ("requests", "limits"):
        if "nvidia.com/gpu" in container.get("resources", {}).get(name, {}):
            yield f"{where}: a GPU pod needs a priority class that Metaflow cannot set; run the step sealed, in a job with gpus"
            break
    yield from _security(where, container.get("securityContext", {}))


def _variable(where: str, variable: Mapping[str, Any]) -> Iterator[str]:
    name = str(variable.get("name"))
    if FORBIDDEN.fullmatch(name):
        yield f"{where}: the variable {shown(name)} decides what is loaded or where data goes; remove it from the flow"
    if name in names.PLATFORM_VARIABLES:
        yield f"{where}: the variable {shown(name)} is the platform's"
    for source in variable.get("valueFrom", {}):
        if source != "fieldRef":
            yield f"{where}: the variable {shown(name)} comes from a {source}, expected a value or a fieldRef"


def _security(where: str, given: Mapping[str, Any]) -> Iterator[str]:
    yield from _others(f"{where}: securityContext", given, _SECURITY)
    held = (
        given.get("allowPrivilegeEscalation") is False
        and not given.get("privileged")
        and "ALL" in given.get("capabilities", {}).get("drop", ())
        and not given.get("capabilities", {}).get("add")
        and given.get("runAsNonRoot") is True
        and given.get("runAsUser") != 0
        and given.get("seccompProfile", {}).get("type") == "RuntimeDefault"
    )
    if not held:
        yield (
            f"{where}: securityContext: expected allowPrivilegeEscalation false, capabilities dropped, runAsNonRoot and the"
            " RuntimeDefault seccomp profile; a step with @kubernetes must give its own, one without gets it"
        )


def _others(where: str, given: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    for name in given:
        if name not in known:
            why = _WHY.get(name, f"expected only {', '.join(known) or 'nothing'}")
            yield f"{where}: found {name}; {why}"
