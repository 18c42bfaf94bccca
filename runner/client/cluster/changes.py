"""What a deployment would change in the cluster: a schedule as it is, against the API server's answer to a dry run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.client.cluster.connection import Json

# Where people look for things, for where Kubernetes keeps them; the longest first.
_POD = "jobTemplate.spec.template.spec."
_RUN = f"{_POD}containers.run."
_SHORT = {
    f"{_RUN}env.CLOISTER_SPEC.value.": "",
    f"{_RUN}env.": "",
    _RUN: "",
    _POD: "pod.",
    "jobTemplate.": "job.",
}


@dataclass(frozen=True)
class Change:
    """One value that would differ. None: it is not there."""

    what: str
    before: Any
    after: Any


def changes(before: Json | None, after: Json) -> list[Change]:
    """What differs between two CronJobs as the API server writes them, in what people decide: labels and spec."""
    old, new = (dict(_leaves("", _decided(each))) if each else {} for each in (before, after))
    return [
        Change(_short(what), old.get(what), new.get(what))
        for what in sorted({*old, *new})
        if old.get(what) != new.get(what)
    ]


def _decided(cron_job: Json) -> Json:
    return {**cron_job["spec"], "labels": cron_job["metadata"].get("labels", {})}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value with its path. What has a name is known by it, so that an order that changes is no change."""
    if isinstance(value, str) and path.endswith("CLOISTER_SPEC.value."):
        yield from _leaves(path, json.loads(value))
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(f"{path}{key}.", item)
    elif (
        isinstance(value, list)
        and value
        and all(isinstance(item, Mapping) and "name" in item for item in value)
    ):
        for item in value:
            yield from _leaves(f"{path}{item['name']}.", item)
    else:
        yield path.removesuffix("."), value


def _short(path: str) -> str:
    for long, short in _SHORT.items():
        if path.startswith(long):
            return short + path.removeprefix(long)
    return path
