"""The kinds of Argo Workflows, where platform.yaml has it: the API server keeps them, and each team's controller reads them.

The schemas take anything, as Argo Workflows' own minimal ones do. What a template may say is `cloister flow deploy`'s to
look at, and what its pods may be is admission's to hold.
"""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack

GROUP, VERSION = "argoproj.io", "v1alpha1"
# Kinds and plurals that the controller of one namespace lists, and whether their status is written apart.
KINDS = (
    ("Workflow", "workflows", False),
    ("WorkflowTemplate", "workflowtemplates", False),
    ("CronWorkflow", "cronworkflows", False),
    ("WorkflowTaskResult", "workflowtaskresults", False),
    ("WorkflowTaskSet", "workflowtasksets", True),
    ("WorkflowArtifactGCTask", "workflowartifactgctasks", True),
)


def controller_arguments(executor: str) -> list[str]:
    """The controller's arguments, which admission holds its pods to."""
    log = names.ARGO_LOG_OPTIONS
    return ["--namespaced", "--configmap", names.ARGO, "--executor-image", executor, *log]


def build_argo_kinds(stack: Stack) -> None:
    """A CustomResourceDefinition for each."""
    for kind, plural, apart in KINDS:
        # A kind of Argo Workflows', of any content.
        cdk.kubernetes.Manifest(stack.scope, f"argo_{plural}", manifest=definition(kind, plural, apart))


def definition(kind: str, plural: str, apart: bool) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind; `apart`: its status is a resource of its own."""
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    if apart:
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [version],
        },
    }
