"""``python -m stacks.validate [TREE]``: every stack validated and planned with the real providers, against no cloud.

A copy of each stack gets an override: a local backend, and remote states fed from a file written here. Terraform finds
its providers where it always does (the registry, or a filesystem mirror of its configuration file). Nothing is applied
and no state is kept. A stack with ``kubernetes_manifest`` is planned against the API server that KUBECONFIG names, or
that of ``make cluster``; without one that answers its plan is a named skip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from stacks.api_server import kubeconfig, provider_arguments

ORDER = ("foundation", "cluster", "guardrails")
# What stands in for outputs only a deployed stack knows: an address nobody answers at.
PLACEHOLDER = "127.0.0.1:1"


def main(arguments: list[str]) -> int:
    """0: every stack is valid and plans; 1: one is not; 2: the question was wrong; 3: a part is missing, named."""
    tree = Path(arguments[0] if arguments else "cdktf.out")
    stacks = _stacks(tree)
    if not stacks:
        print(f"{tree}: no stacks here; synthesize first with: make synth", file=sys.stderr)
        return 2
    if not shutil.which("terraform"):
        print(
            "skipped: no terraform on PATH; install it from https://developer.hashicorp.com/terraform",
            file=sys.stderr,
        )
        return 3
    failed = 0
    reached = kubeconfig()
    connection = provider_arguments(reached) if reached else None
    with tempfile.TemporaryDirectory() as folder:
        for stack in stacks:
            begun = time.monotonic()
            copy = Path(folder) / stack.name
            override = _copy(stack, copy, connection)
            done = _terraform(copy, "init", "-input=false")
            if done.returncode:
                print(f"skipped: terraform finds no providers\n{done.stderr.strip()}", file=sys.stderr)
                return 3
            answer, problem = _judge(copy, override)
            failed += bool(problem)
            print(f"{stack.name}: {answer} ({time.monotonic() - begun:.1f} s)", flush=True)
            if problem:
                print(problem, file=sys.stderr, flush=True)
    return 1 if failed else 0


def _stacks(tree: Path) -> list[Path]:
    found = {path.parent.name: path.parent for path in tree.glob("stacks/*/cdk.tf.json")}
    return [found.pop(name) for name in ORDER if name in found] + [found[name] for name in sorted(found)]


def _judge(copy: Path, override: dict[str, Any]) -> tuple[str, str]:
    """(what is true of the stack, what Terraform said where it is not valid or does not plan)."""
    done = _terraform(copy, "validate")
    if done.returncode:
        return "not valid", done.stderr
    manifests = "kubernetes_manifest" in json.loads((copy / "cdk.tf.json").read_text()).get("resource", {})
    if manifests and "provider" not in override:
        return (
            "valid; not planned: it asks an API server and none answers: make cluster, or set KUBECONFIG",
            "",
        )
    done = _terraform(copy, "plan", "-refresh=false", "-input=false", "-lock=false", "-out=plan")
    if done.returncode:
        return "does not plan", done.stderr
    changes = json.loads(_terraform(copy, "show", "-json", "plan").stdout).get("resource_changes", [])
    return f"valid; plans {len(changes)} resources", ""


def _copy(stack: Path, copy: Path, connection: dict[str, str] | None) -> dict[str, Any]:
    """The stack and its override, written; the override."""
    copy.mkdir()
    tree = json.loads((stack / "cdk.tf.json").read_text())
    tree.pop("import", None)  # an import asks Google whether the thing is there
    (copy / "cdk.tf.json").write_text(json.dumps(tree))
    override: dict[str, Any] = {"terraform": {"backend": {"local": {"path": str(copy / "own.tfstate")}}}}
    if "kubernetes" not in tree.get("provider", {}):
        connection = None
    states = tree.get("data", {}).get("terraform_remote_state", {})
    if states:
        override["data"] = {"terraform_remote_state": {}}
    for name in states:
        state = copy / f"{name}.tfstate"
        state.write_text(json.dumps(_state(stack.parent / name, connection)))
        override["data"]["terraform_remote_state"][name] = {
            "backend": "local",
            "config": {"path": str(state)},
        }
    if connection:
        override["provider"] = {"kubernetes": [connection]}
    (copy / "override.tf.json").write_text(json.dumps(override))
    return override


def _state(referenced: Path, connection: dict[str, str] | None) -> dict[str, Any]:
    """A state whose outputs are those the referenced stack declares, each the address of a cluster or a placeholder."""
    outputs = json.loads((referenced / "cdk.tf.json").read_text()).get("output", {})
    value = connection["host"].removeprefix("https://") if connection else PLACEHOLDER
    return {
        "version": 4,
        "terraform_version": "1.5.0",
        "serial": 1,
        "lineage": "validate",
        "outputs": {name: {"value": value, "type": "string"} for name in outputs},
        "resources": [],
    }


def _terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A token that no one honours: planning asks Google nothing, and the provider insists on having one.
    environment = os.environ | {"GOOGLE_OAUTH_ACCESS_TOKEN": "validate", "TF_IN_AUTOMATION": "1"}
    return subprocess.run(
        ["terraform", arguments[0], "-no-color", *arguments[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
