"""The app: from a tree's declarations to its synthesized stacks, and through the gate."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cloister.declarations import DeclarationErrors, Declarations, load, names
from stacks.gate import gate

Progress = Callable[[str], None]


def main(root: Path) -> int:
    """Synthesize the declarations under `root`. 0: proven; 1: the proof fails; 2: a declaration is wrong.

    Progress, mistakes and findings go to stderr, which `cdktf synth` passes on.
    """
    try:
        declared = load(root)
    except DeclarationErrors as errors:
        for mistake in errors.mistakes:
            _say(str(mistake))
        return 2
    out = Path(
        os.environ.get("CDKTF_OUTDIR") or root / "cdktf.out"
    ).absolute()  # the cdktf command line sets it
    synthesize(declared, out, _say)
    return 0 if gate(out, root / "boundary.yaml", _say) else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def synthesize(declared: Declarations, out: Path, progress: Progress) -> None:
    """Write every stack to `out`, in deploy order, with a line of progress for each."""
    # The engine takes seconds to start; mistakes in the declarations are told before.
    started = time.monotonic()
    from stacks import cdk
    from stacks.base import Stack, new_stack
    from stacks.cluster import STACK as CLUSTER
    from stacks.cluster import build_cluster
    from stacks.foundation import build_foundation
    from stacks.guardrails import build_guardrails
    from stacks.perimeter import build_perimeter
    from stacks.team import build_team

    app = cdk.App(outdir=str(out))
    resources: dict[str, int] = {}

    def build(name: str, content: Callable[[Stack], None], after: list[Stack]) -> Stack:
        began = time.monotonic()
        stack = new_stack(app, name, declared)
        content(stack)
        for earlier in after:
            stack.scope.add_dependency(earlier.scope)
        resources[name] = sum(isinstance(child, cdk.TerraformResource) for child in stack.scope.node.children)
        progress(f"{name:<28} {resources[name]:>5} resources  {time.monotonic() - began:.1f} s")
        return stack

    foundation = build("foundation", build_foundation, [])
    cluster = build(CLUSTER, build_cluster, [foundation])
    guardrails = build("guardrails", build_guardrails, [cluster])
    teams = [
        # A team's namespace comes up with every guardrail already in force.
        build(names.team_stack(name), lambda stack, team=team: build_team(stack, team), [guardrails])
        for name, team in declared.teams.items()
    ]
    if foundation.organization is not None:
        # It goes around what stands already; destroyed first, it locks nobody out of the rest.
        build(names.PERIMETER, build_perimeter, [guardrails, *teams])
    app.synth()
    _forget_other_stacks(out, set(resources))
    total = f"{len(resources)} stacks"
    progress(f"{total:<28} {sum(resources.values()):>5} resources  {time.monotonic() - started:.1f} s: {out}")


def _forget_other_stacks(out: Path, current: set[str]) -> None:
    """Remove what an earlier synthesis left of stacks that are no longer declared."""
    for directory in (out / "stacks").iterdir():
        if directory.name not in current:
            shutil.rmtree(directory)
