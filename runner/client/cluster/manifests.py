"""Kubernetes manifests of runs and schedules, from the templates in runner/templates/. No I/O but theirs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloister.declarations import Job, names
from cloister.declarations.fields import memory_bytes
from cloister.declarations.schedule import Schedule
from runner.client.cluster import labels
from runner.client.cluster.place import Place
from runner.image.exits import Exit

TEMPLATES = Path(__file__).parents[2] / "templates"
# Any exit of the runner's own that another attempt would only repeat.
FINAL = sorted(code for code in Exit if code not in (Exit.DONE, Exit.UNAVAILABLE, Exit.PREEMPTED))
REQUIRED_SETTINGS = ("CLOISTER_TEAM", "CLOISTER_NETWORK", "CLOISTER_BUCKET_")
NETWORK_SETTING = "CLOISTER_NETWORK"

AROUND = 3600  # seconds for staging and publishing around the command's timeout
WAITING = 86400  # seconds a run may wait for quota and nodes, preemptions included
KEPT = 3 * 86400  # seconds that a finished Job stays; its record lives on in the team's log bucket
GRACE = 120  # seconds between SIGTERM and SIGKILL for the pod: the command's own, and saving its checkpoint
DISK = {"request": "1Gi", "limit": "50Gi"}  # of the node's disk, for /work, /tmp and logs
CATCH_UP = 12 * 3600  # seconds after its time in which a missed start of a schedule is made up for
HISTORY = 20  # finished runs of a schedule that are kept, for as long as any

# A JSON string of ASCII is a YAML string, but for the pairs JSON writes characters beyond U+FFFF as.
_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


@dataclass(frozen=True)
class Pinned:
    """A job with everything it names by digest. `specification` is the text for CLOISTER_SPEC."""

    place: Place
    job: Job
    specification: str


def run_manifest(pinned: Pinned, run_id: str) -> dict[str, Any]:
    """The Job of one run."""
    name = names.kubernetes_job(pinned.job.name, run_id)
    marks = {**_labels(pinned), labels.RUN: run_id}
    return _render("job.yaml.j2", name=name, labels=marks, run_id=run_id, **_common(pinned))


def schedule_manifest(pinned: Pinned, schedule: Schedule) -> dict[str, Any]:
    """The CronJob of a schedule. It does not say whether it is suspended: people do."""
    return _render(
        "cronjob.yaml.j2",
        name=schedule.name,
        schedule=schedule,
        labels={**_labels(pinned), labels.SCHEDULE: schedule.name},
        run_id=None,
        catch_up=CATCH_UP,
        history=HISTORY,
        **_common(pinned),
    )


def _labels(pinned: Pinned) -> dict[str, str]:
    return {names.TEAM_LABEL: pinned.place.team.team, labels.JOB: pinned.job.name}


def _common(pinned: Pinned) -> dict[str, Any]:
    place, job = pinned.place, pinned.job
    pod_deadline = min(place.longest_run, job.timeout_seconds + AROUND)
    accelerator, gpus = next(iter(job.resources.gpus.items()), (None, 0))
    return {
        "namespace": place.namespace,
        "team": place.team.team,
        "job": job,
        "image": place.image,
        "container": labels.CONTAINER,
        # Kubernetes would put a variable's value in place of $(NAME); JSON has another way to write a dollar.
        "specification": pinned.specification.replace("$", "\\u0024"),
        "parallelism": parallelism(place, job),
        "pod_deadline": pod_deadline,
        "deadline": pod_deadline * (job.retries + 1) + WAITING,
        "grace": GRACE,
        "kept": KEPT,
        "final": [int(code) for code in FINAL],
        "settings": [
            (name, not name.startswith(REQUIRED_SETTINGS))
            for name in names.PLATFORM_VARIABLES
            if name != NETWORK_SETTING or job.network != "sealed"  # without it the runner seals
        ],
        "config_map": names.CONFIG_MAP,
        "service_account": names.KUBERNETES_SERVICE_ACCOUNT,
        "priority_class": names.priority_class(accelerator),
        "accelerator": accelerator,
        "gpus": gpus,
        "disk": DISK,
        "team_label": names.TEAM_LABEL,
        "dedicated": place.team.isolation == "dedicated",
    }


def parallelism(place: Place, job: Job) -> int:
    """How many shards run at once: what the team's quota has room for, and never none."""
    quota, asked = place.team.quota, job.resources
    fits = [quota.cpu / asked.cpu, memory_bytes(quota.memory) / memory_bytes(asked.memory)]
    fits += [quota.gpus.get(gpu, 0) / count for gpu, count in asked.gpus.items()]
    return max(1, min(job.shards, int(min(fits))))


def _quoted(value: Any) -> str:
    """Any value as YAML that reads back as itself, whatever is in it: no text of a user's is ever YAML."""
    text = json.dumps(value, ensure_ascii=True)
    return _PAIR.sub(lambda pair: f"\\U{ord(_joined(pair[1], pair[2])):08x}", text)


def _joined(high: str, low: str) -> str:
    return bytes.fromhex(high + low).decode("utf-16-be")


def _render(template: str, **values: Any) -> dict[str, Any]:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # YAML, not HTML: every value goes through `quoted`
    )
    templates.filters["quoted"] = _quoted
    loaded: dict[str, Any] = yaml.safe_load(templates.get_template(template).render(**values))
    return loaded
