"""A stack's Kubernetes objects beside those of other tests: on the API server that tests share, under names of a run's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stacks.api_server import provider_arguments


def led_there(stack: dict[str, Any], kubeconfig: str, run: str) -> dict[str, Any]:
    """The stack with its kubernetes provider at that server. What is the whole cluster's gets `run` before its name.

    Only the names of objects change, and never what a policy says: it judges everybody's namespaces.
    """
    stack["provider"]["kubernetes"] = [provider_arguments(Path(kubeconfig))]
    del stack["data"]  # the address and the token of the real one
    for type_, instances in stack["resource"].items():
        for arguments in instances.values() if type_.startswith("kubernetes_") else ():
            metadata = arguments.get("manifest", arguments)["metadata"]
            if "namespace" not in metadata:
                metadata["name"] = f"{run}-{metadata['name']}"
            elif not metadata["namespace"].startswith("${"):  # that of another stack
                metadata["namespace"] = f"{run}-{metadata['namespace']}"
            policy = arguments.get("manifest", {}).get("spec", {})
            if "policyName" in policy:
                policy["policyName"] = f"{run}-{policy['policyName']}"
            if arguments.get("role_ref", {}).get("kind") == "ClusterRole":
                arguments["role_ref"]["name"] = f"{run}-{arguments['role_ref']['name']}"
    return stack
