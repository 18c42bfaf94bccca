"""A flow whose tasks are pods of their own: Metaflow's Kubernetes runtime, configured by the team's stack.

Only for a team whose file says `network: project`. Metaflow itself starts the pods from here, so whoever runs this
needs the members' rights in Kubernetes and, unlike people, the team's artifacts bucket: the team's CI, with the team's
identity.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence

from cloister.declarations import Declarations, Mistake, Team, names
from runner.client.buckets import SYNTHESIZED
from runner.client.flow import own_metaflow
from runner.client.flow.packaging import Flow
from runner.client.processes import dies_with_us

NEEDED = ("google-cloud-storage", "kubernetes")  # by Metaflow's gs datastore and its Kubernetes runtime


def mistakes(declarations: Declarations, team: Team, flow: Flow, option: str) -> Iterator[Mistake]:
    """Why the team's flow cannot have pods of Metaflow's own making, as `option` asks."""
    file = f"teams/{team.team}.yaml"
    if team.network != "project":
        yield Mistake(
            file, 1, f"network: found {team.network}, expected project; a sealed flow runs in one pod"
        )
    elif not team.metaflow:
        yield Mistake(
            file, 1, "metaflow: found false, expected true; the team's stack then configures Metaflow"
        )
    elif configuration(declarations, team) is None:
        stack = declarations.root / SYNTHESIZED / names.team_stack(team.team)
        yield Mistake(
            str(stack), 1, "found no Metaflow configuration, expected the synthesized stack; make synth"
        )
    if flow.lock.is_file():
        lock = flow.lock.read_text(encoding="utf-8", errors="replace")
        for name in NEEDED:
            if not re.search(rf"^{name}\s*==", lock, re.MULTILINE):
                yield Mistake(str(flow.lock), 1, f"found no {name}==..., expected it; {option} needs it")


def configuration(declarations: Declarations, team: Team) -> str | None:
    """Metaflow's config.json as the team's synthesized stack has it."""
    stack = declarations.root / SYNTHESIZED / names.team_stack(team.team) / "cdk.tf.json"
    try:
        maps = json.loads(stack.read_text(encoding="utf-8"))["resource"]["kubernetes_config_map_v1"].values()
        [data] = [each["data"] for each in maps if each["metadata"]["name"] == names.METAFLOW_CONFIG_MAP]
        return str(data["config.json"])
    except (OSError, ValueError, KeyError):
        return None


def run(flow: Flow, team: Team, config: str, what: Sequence[str], say: Callable[[str], None]) -> int:
    """Let Metaflow run the flow; its exit code. `what` is `run` or `resume` and its words. Raises NotBuilt."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("METAFLOW_", "PYTHON"))}
    with own_metaflow.started(flow, team, config, say) as metaflow:
        process = subprocess.Popen(
            [*metaflow.command, *what],
            cwd=flow.path.parent,
            env=kept | metaflow.variables,
            preexec_fn=dies_with_us(),
        )
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal has told Metaflow too: it ends its pods
            return process.wait()
