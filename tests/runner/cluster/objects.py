"""Kubernetes objects as the API server writes them, for tests without one."""

from __future__ import annotations

from typing import Any

RUN_ID = "20261125-024011-0123abcd"


def job(**changes: Any) -> dict[str, Any]:
    """A Job of a run that has just been made. `status`, `spec`, `labels`, `annotations`, `name` change it."""
    env = [
        {
            "name": "CLOISTER_SPEC",
            "value": '{"code": "sha256:aa", "run": ["true"], "lock": null, "timeout": 60}',
        },
        {"name": "CLOISTER_SHARDS", "value": str(changes.pop("shards", 1))},
        {"name": "CLOISTER_IMAGE", "value": "registry/runner@sha256:bb"},
        {
            "name": "CLOISTER_TEAM",
            "valueFrom": {"configMapKeyRef": {"name": "cloister", "key": "CLOISTER_TEAM"}},
        },
    ]
    return {
        "metadata": {
            "name": changes.get("name", f"small-{RUN_ID}"),
            "uid": "89abcdef-0000-4000-8000-000000000000",
            "creationTimestamp": "2026-11-25T02:40:11Z",
            "labels": changes.get("labels", {"cloister.dev/job": "small", "cloister.dev/run": RUN_ID}),
            "annotations": changes.get("annotations"),
        },
        "spec": {
            "template": {"spec": {"containers": [{"name": "run", "env": env}]}},
            **changes.get("spec", {}),
        },
        "status": changes.get("status", {}),
    }


def condition(kind: str, reason: str = "", message: str = "", status: str = "True") -> dict[str, str]:
    time = "2026-11-25T02:45:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time}


def pod(name: str = "p1", phase: str = "Failed", **changes: Any) -> dict[str, Any]:
    """A pod of that Job. `exit`, `reason`, `waiting`, `conditions`, `status`, `index`, `minute` change it."""
    minute = changes.get("minute", 41)
    state: dict[str, Any] = {}
    if "exit" in changes:
        state["terminated"] = {
            "exitCode": changes["exit"],
            "reason": changes.get("reason", "Error"),
            "startedAt": f"2026-11-25T02:{minute}:00Z",
            "finishedAt": f"2026-11-25T02:{minute}:30Z",
        }
    elif "waiting" in changes:
        state["waiting"] = changes["waiting"]
    elif phase == "Running":
        state["running"] = {"startedAt": f"2026-11-25T02:{minute}:00Z"}
    annotations = (
        {"batch.kubernetes.io/job-completion-index": str(changes["index"])} if "index" in changes else None
    )
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": f"2026-11-25T02:{minute}:00Z",
            "labels": {"batch.kubernetes.io/job-name": changes.get("job", f"small-{RUN_ID}")},
            "annotations": annotations,
        },
        "spec": {"containers": [{"name": "run", "resources": {"limits": {"memory": "4Gi"}}}]},
        "status": {
            "phase": phase,
            "containerStatuses": [{"name": "run", "state": state}] if state else None,
            "conditions": changes.get("conditions"),
            **changes.get("status", {}),
        },
    }
