"""A flow's objects on the cluster: tried there, its code package stored, then applied; the same twice changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from cloister.declarations import names
from runner.client.cluster.connection import Cluster, Refused
from runner.client.cluster.place import Place
from runner.client.cluster.upload import store
from runner.client.flow.workflow.generating import DEPLOYED, Generated

TEMPLATES, CRONS = "workflowtemplates", "cronworkflows"
_FLOW = "metaflow/flow_name"


@dataclass(frozen=True)
class Applied:
    """What was done to an object: `created`, `changed`, `unchanged` or `deleted`."""

    kind: str
    what: str


def refusals(made: Generated, cluster: Cluster) -> Iterator[str]:
    """What the cluster itself refuses of the pods, asked with a Job of each kind that is not kept.

    A Job, since members may create no pods of their own; admission holds its template to the same. Raises Refused
    where it is not the pod that is refused.
    """
    for each in made.template["spec"]["templates"]:
        if "container" not in each:
            continue
        try:
            cluster.create_job(_job(made, each), dry_run=True)
        except Refused as refused:
            if refused.status not in (403, 422) or "you may not" in str(refused):
                raise
            yield f"template {each['name']}: {refused}"


def apply(made: Generated, place: Place, cluster: Cluster) -> list[Applied]:
    """Store the code package and bring the cluster to the objects. Raises Refused and NotUploaded."""
    before = cluster.workflow_object(TEMPLATES, made.name)
    if before is not None:
        flow = before["metadata"].get("annotations", {}).get(_FLOW)
        ours = made.template["metadata"]["annotations"][_FLOW]
        if flow != ours:
            raise Refused(
                f"a workflow {made.name} of {'the flow ' + flow if flow else 'no flow'} is there already, and this flow is {ours}"
            )
    bucket = names.bucket(place.declarations.boundary.project, place.team.team, "artifacts")
    for name, content in made.stored.items():
        store(bucket, place.declarations.boundary.project, name, content)
    done = [_bring(cluster, TEMPLATES, made.template, before)]
    cron = cluster.workflow_object(CRONS, made.name)
    if made.cron is not None:
        done.append(_bring(cluster, CRONS, made.cron, cron))
    elif cron is not None:
        cluster.delete_workflow_object(CRONS, made.name)
        done.append(Applied("CronWorkflow", "deleted"))
    return done


def _bring(cluster: Cluster, plural: str, manifest: dict[str, Any], before: dict[str, Any] | None) -> Applied:
    kind = manifest["kind"]
    if before is not None and _same(before, manifest):
        return Applied(kind, "unchanged")
    cluster.apply_workflow_object(plural, manifest)
    return Applied(kind, "created" if before is None else "changed")


def _same(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether only the time of the deployment differs."""

    def said(manifest: dict[str, Any]) -> Any:
        spec = deepcopy(manifest["spec"])
        for level in ("workflowMetadata", "podMetadata"):
            spec.get(level, {}).get("annotations", {}).pop(DEPLOYED, None)
        annotations = manifest["metadata"].get("annotations", {})
        return spec, {name: value for name, value in annotations.items() if name != DEPLOYED}

    return bool(said(before) == said(after))


def _job(made: Generated, template: dict[str, Any]) -> dict[str, Any]:
    """A Job of the pod that Argo Workflows will make, as far as the flow decides it."""
    metadata: dict[str, Any] = {"labels": {}, "annotations": {}}
    for given in (made.template["spec"].get("podMetadata", {}), template.get("metadata", {})):
        for level in metadata:
            metadata[level] |= given.get(level, {})
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [{**template["container"], "name": "main"}],
        "serviceAccountName": template["serviceAccountName"],
        "activeDeadlineSeconds": template["activeDeadlineSeconds"],
        "volumes": template.get("volumes", []),
        "nodeSelector": template.get("nodeSelector", {}),
        "tolerations": template.get("tolerations", []),
    }
    name = re.sub(r"[^a-z0-9-]", "-", f"{made.name}-{template['name']}".lower())[:50].strip("-")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{name}-tried"},
        "spec": {"template": {"metadata": metadata, "spec": spec}},
    }
