"""Objects somebody may try to create in a team's namespace: honest ones that must pass, hostile ones that must not.

They are data (``policies/data/admission``): a base pod and one change to it. ``$runner``, ``$team``, ``$other`` (another
team), ``$deadline``, ``$longest`` and ``$longer`` (seconds) stand for what the namespace at hand has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FOREVER = {
    "Deployment": "apps/v1", "DaemonSet": "apps/v1", "StatefulSet": "apps/v1", "ReplicaSet": "apps/v1",
    "ReplicationController": "v1",
}  # fmt: skip
_USUAL_DEADLINE = 7200


@dataclass(frozen=True, slots=True)
class Filling:
    """What a namespace has. ``limit``: the longest a pod of the team may run, in seconds."""

    runner: str
    team: str
    other: str = "another-team"
    limit: int = 43200

    def values(self) -> dict[str, Any]:
        return {
            "$runner": self.runner, "$team": self.team, "$other": self.other, "$longest": self.limit,
            "$longer": self.limit + 1, "$deadline": min(self.limit, _USUAL_DEADLINE),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """One object. ``base``: sealed, metaflow or serving; ``team``: fakespot (sealed), open (``network: project``), alone
    (dedicated nodes) or serves (where a team's models serve); ``kind``: what carries the pod; ``set``: dotted paths of the pod's spec (numbers index lists, ``+``
    appends, None removes); ``says``: a pattern of the refusal. ``sealed_only``: a team on the network may do it.
    ``carried``: it is tried in every kind of carrier and on update too."""

    name: str
    base: str
    team: str = "fakespot"
    kind: str = "Pod"
    set: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    says: str = ""
    sealed_only: bool = False
    carried: bool = False

    def manifest(
        self, filling: Filling, base: str = "", kind: str = "", dedicated: bool = False
    ) -> dict[str, Any]:
        """The object; ``base`` and ``kind`` in place of its own, on the team's own nodes where ``dedicated``."""
        values = filling.values()
        spec: dict[str, Any] = _filled(pod(base or self.base), values)
        if dedicated:
            own = {
                "key": "cloister.dev/team",
                "operator": "Equal",
                "value": filling.team,
                "effect": "NoSchedule",
            }
            spec |= {"nodeSelector": {"cloister.dev/team": filling.team}, "tolerations": [own]}
        for path, value in self.set.items():
            _put(spec, path.split("."), _filled(value, values))
        labels = {"app": "case", **_filled(self.labels, values)}
        whole = {"metadata": {"labels": labels, "annotations": dict(self.annotations)}, "spec": spec}
        return _carried(kind or self.kind, whole)


@cache
def attempts(name: str) -> tuple[Attempt, ...]:
    """The attempts of ``honest`` or ``hostile``."""
    return tuple(Attempt(**item) for item in _load(name))


@cache
def pod(base: str) -> Mapping[str, Any]:
    """The spec of a base pod, ``sealed``, ``metaflow`` or ``serving``."""
    found: dict[str, Any] = _load(base)
    return found


def _load(name: str) -> Any:
    text = files("policies.data").joinpath(f"admission/{name}.yaml").read_text()
    return yaml.load(text, Loader=_LOADER)


def _put(target: Any, path: list[str], value: Any) -> None:
    """Set a value at a path; None removes the key, ``+`` as the last step appends to a list."""
    key = path[0]
    if len(path) == 1:
        if value is None:
            target.pop(key)
        elif isinstance(target, list):
            target[int(key)] = value
        else:
            target[key] = value
    elif path[1:] == ["+"]:
        target.setdefault(key, []).extend(value)
    else:
        _put(target[int(key)] if isinstance(target, list) else target.setdefault(key, {}), path[1:], value)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A copy with what stands for something replaced by it."""
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return values.get(value, value) if isinstance(value, str) else value


def _carried(kind: str, template: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "case", **template["metadata"]}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    if kind == "PodTemplate":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "template": template}
    if kind in ("Job", "CronJob"):
        job: dict[str, Any] = {"template": template}
        if kind == "CronJob":
            job = {"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": job}
    template["spec"].pop("activeDeadlineSeconds", None)  # these run for ever, and Kubernetes says so first
    template["spec"]["restartPolicy"] = "Always"
    selector: Any = {"app": "case"}
    if kind != "ReplicationController":
        selector = {"matchLabels": selector}
    spec = {"selector": selector, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = "case"
    return {"apiVersion": _FOREVER[kind], "kind": kind, "metadata": metadata, "spec": spec}
