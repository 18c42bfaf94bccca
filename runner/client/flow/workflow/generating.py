"""What the real Metaflow makes of a flow for Argo Workflows, on this machine alone.

Metaflow imports the flow and uploads its code package before it prints the template. Here it meets an object store of
this machine under the team's bucket's name, an empty home and no credential of anybody's: nothing is uploaded before
what it made has been looked at, and the package's address in the template is the one it will have.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloister.declarations import Declarations, Team, names
from runner.client.flow import own_metaflow
from runner.client.flow.own_metaflow import OwnMetaflow
from runner.client.flow.packaging import Flow
from runner.client.local import PATIENCE, reach_loopback_directly
from runner.client.object_store import ObjectStore
from runner.client.processes import dies_with_us
from runner.image.store import Credentials, Store

API = "argoproj.io/v1alpha1"
CRON = "metaflow/cron"  # the annotation in which Metaflow hands itself the schedule
DEPLOYED = "metaflow/deployment_timestamp"
MADE_WITH = ("--no-auto-emit-argo-events", "--no-enable-error-msg-capture")
_TOKEN = "__PLACEHOLDER_PRODUCTION_TOKEN__"  # as Metaflow prints it where it asks no cluster
_DRAWN = re.compile(
    r"metaflow[.]plugins[.]argo[.]set_parameters ([a-z]{10}) "
)  # a file's name, another each time
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")
# Ends far away, so that Google's client asks nobody for another one.
_NOBODY = {
    "type": "authorized_user",
    "client_id": "none",
    "client_secret": "none",
    "refresh_token": "none",
    "token": "none",
    "expiry": "2999-01-01T00:00:00Z",
}


class NotGenerated(Exception):
    """Why Metaflow made nothing of the flow: its own words, in one line."""


@dataclass(frozen=True)
class Generated:
    """What Metaflow made: the objects for the cluster, and those for the team's `artifacts` bucket by name."""

    template: dict[str, Any]
    cron: dict[str, Any] | None
    stored: Mapping[str, bytes]

    @property
    def name(self) -> str:
        return str(self.template["metadata"]["name"])

    @property
    def manifests(self) -> list[dict[str, Any]]:
        return [self.template, *([] if self.cron is None else [self.cron])]


def generate(
    flow: Flow,
    declarations: Declarations,
    team: Team,
    config: str,
    words: Sequence[str],
    options: Sequence[str],
    say: Callable[[str], None],
) -> Generated:
    """Let Metaflow generate. `words` are the flow's own, `options` those of `argo-workflows create`.

    Raises NotGenerated, NotBuilt and NotStarted.
    """
    bucket = names.bucket(declarations.boundary.project, team.team, "artifacts")
    reach_loopback_directly()
    with ObjectStore() as embedded, own_metaflow.started(flow, team, config, say) as metaflow:
        embedded.make_bucket({"name": bucket})
        template = _template(flow, metaflow, embedded.url, words, options)
        store = Store(embedded.url, Credentials(embedded.url, ""), PATIENCE)
        stored = {each.name: store.read(bucket, each.name) or b"" for each in store.list(bucket, "")}
    return Generated(template, _cron(template), stored)


def _template(
    flow: Flow, metaflow: OwnMetaflow, store: str, words: Sequence[str], options: Sequence[str]
) -> dict[str, Any]:
    credentials = metaflow.home / "credentials.json"
    credentials.write_text(json.dumps(_NOBODY), encoding="utf-8")
    variables = {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        **metaflow.variables,
        "HOME": str(metaflow.home),
        "STORAGE_EMULATOR_HOST": store,
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    done = subprocess.run(
        [*metaflow.command, *words, "argo-workflows", "create", "--only-json", *MADE_WITH, *options],
        cwd=flow.path.parent,
        env=variables,
        capture_output=True,
        text=True,
        preexec_fn=dies_with_us(),
    )
    if done.returncode:
        raise NotGenerated(_words(done.stderr) or f"Metaflow ended with {done.returncode}")
    # The flow's own prints come before: the template is what follows the last line that only opens a brace.
    start = done.stdout.rfind("\n{\n") + 1
    try:
        text = done.stdout[start:]
        for drawn in _DRAWN.findall(text):
            text = text.replace(drawn, "parameters.sh")
        # The token says to whom the results belong; within the team that is the workflow, whoever deployed it.
        token = json.loads(text)["metadata"]["name"]
        template: dict[str, Any] = _pruned(json.loads(text.replace(_TOKEN, token)))
    except (ValueError, KeyError, TypeError):
        raise NotGenerated(f"Metaflow printed no template: {done.stdout[-200:].strip()!r}") from None
    return template


def _pruned(value: Any) -> Any:
    """Without nulls, which say nothing here: Metaflow writes every field that its models know."""
    if isinstance(value, dict):
        return {name: _pruned(item) for name, item in value.items() if item is not None}
    return [_pruned(item) for item in value] if isinstance(value, list) else value


def _cron(template: dict[str, Any]) -> dict[str, Any] | None:
    """The CronWorkflow that Metaflow makes beside the template when it deploys, with less history kept.

    Each run is a Workflow object with its pods' parameters; Metaflow would keep 10,000 of them.
    """
    metadata = template["metadata"]
    if CRON not in metadata["annotations"]:
        return None
    schedule = json.loads(metadata["annotations"][CRON])
    return {
        "apiVersion": API,
        "kind": "CronWorkflow",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels", {}),
        },
        "spec": {
            "suspend": False,
            "schedules": [schedule["schedule"]],
            "timezone": schedule["tz"],
            "concurrencyPolicy": "Allow",
            "startingDeadlineSeconds": 3540,
            "successfulJobsHistoryLimit": 10,
            "failedJobsHistoryLimit": 10,
            "workflowSpec": {"workflowTemplateRef": {"name": metadata["name"]}},
        },
    }


def _words(stderr: str) -> str:
    """What Metaflow complains of: the lines after its heading, without those that say what went well."""
    lines = [line.strip() for line in stderr.splitlines()]
    wanted = [
        line
        for line in lines
        if line
        and not line.startswith(
            ("Metaflow ", "Validating your flow", "The graph looks good", "Deploying ", "Traceback")
        )
    ]
    return " ".join(wanted[-12:])
