"""Pods and what carries them, made from the case files of tests/stacks/admission/."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "admission"
_CARRIERS = {
    "Deployment": "apps/v1",
    "DaemonSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "ReplicationController": "v1",
}


@dataclass(frozen=True)
class Case:
    """One object a team may try to create. `says`: words of the refusal, where it is to be refused."""

    name: str
    base: str
    team: str = "fakespot"
    kind: str = "Pod"
    set: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    says: str = ""

    def object(self, runner: str) -> dict[str, Any]:
        """The Kubernetes object, with `runner` as the runner's image."""
        text = (CASES / f"{self.base}.yaml").read_text()
        spec = yaml.safe_load(text)
        for path, value in self.set.items():
            _put(spec, path.split("."), copy.deepcopy(value))
        spec = _filled(spec, runner)
        metadata = {"labels": {"app": "case", **self.labels}, "annotations": dict(self.annotations)}
        return _carried(self.kind, {"metadata": metadata, "spec": spec})


def cases(name: str) -> list[Case]:
    """The cases of `honest` or `hostile`."""
    return [Case(**case) for case in yaml.safe_load((CASES / f"{name}.yaml").read_text())]


def _put(target: Any, path: list[str], value: Any) -> None:
    """Set a value at a path; None removes the key, `+` as the last step appends to a list."""
    key = path[0]
    if len(path) == 1:
        if value is None:
            target.pop(key)
        elif isinstance(target, list):
            target[int(key)] = value
        else:
            target[key] = value
        return
    if path[1:] == ["+"]:
        target.setdefault(key, []).extend(value)
        return
    # Annotations and the like have dots of their own, so only the first steps are walked.
    _put(target[int(key)] if isinstance(target, list) else target.setdefault(key, {}), path[1:], value)


def _filled(value: Any, runner: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, runner) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, runner) for item in value]
    return runner if value == "$runner" else value


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
    return {"apiVersion": _CARRIERS[kind], "kind": kind, "metadata": metadata, "spec": spec}
