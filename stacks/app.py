"""The app: from a tree's declarations to its synthesized stacks, with a line of progress for each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from cloister.declarations import Declarations, names
from stacks import cdk
from stacks.base import Stack, new_stack
from stacks.cluster import STACK as CLUSTER
from stacks.cluster import build_cluster
from stacks.foundation import build_foundation
from stacks.guardrails import build_guardrails
from stacks.team import build_team

OUTPUT = "cdktf.out"


def synthesize(declared: Declarations, out: Path, progress: Callable[[str], None]) -> None:
    """Write every stack to `out`, in deploy order."""
    app = cdk.App(outdir=str(out))
    seconds: dict[str, float] = {}

    def build(name: str, content: Callable[[Stack], None], after: list[Stack]) -> Stack:
        started = time.monotonic()
        stack = new_stack(app, name, declared)
        content(stack)
        for earlier in after:
            stack.scope.add_dependency(earlier.scope)
        seconds[name] = time.monotonic() - started
        return stack

    foundation = build("foundation", build_foundation, [])
    cluster = build(CLUSTER, build_cluster, [foundation])
    guardrails = build("guardrails", build_guardrails, [cluster])
    for name, team in declared.teams.items():
        build(names.team_stack(name), lambda stack, team=team: build_team(stack, team), [guardrails])
    started = time.monotonic()
    app.synth()
    for name, taken in seconds.items():
        progress(f"{name:<24}{_resources(out, name):>5} resources  {taken:.1f} s")
    progress(
        f"{'written':<24}{sum(_resources(out, name) for name in seconds):>5} resources  {time.monotonic() - started:.1f} s"
    )


def _resources(out: Path, name: str) -> int:
    stack = json.loads((out / "stacks" / name / "cdk.tf.json").read_text())
    return sum(len(instances) for instances in stack.get("resource", {}).values())
