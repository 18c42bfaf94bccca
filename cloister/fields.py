"""The fields of a team's file that onboarding fills: what each is for, in the words of flags and questions alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Field:
    """One field. `place` is where it stands in the file, `default` what it is where nobody says otherwise."""

    place: str
    help: str  # the flag's line
    why: str  # what a person should know before answering
    default: Any = None


FIELDS: dict[str, Field] = {
    "name": Field(
        "team",
        "The team's name.",
        "The namespace, the buckets and the log bucket are named after it, and it cannot be changed later.",
    ),
    "members": Field(
        "members",
        "Who submits jobs and reads logs: group:NAME@DOMAIN.",
        "They submit jobs and read logs; nobody reads data. A group is better than a person: who is in it\n"
        "  changes without a pull request.",
    ),
    "network": Field(
        "network",
        "sealed, or project for teams whose code must call Google APIs itself.",
        "sealed: the team's code gets files and no network at all. project: its code may call Google APIs;\n"
        "  what then rests on trust is said on the report's first page.",
        "sealed",
    ),
    "cpu": Field(
        "quota.cpu",
        "CPUs of all the team's pods together.",
        "A job that asks for more than is free waits.",
        16,
    ),
    "memory": Field(
        "quota.memory",
        "Memory of all the team's pods together.",
        "Four times the CPUs, in Gi, is what the standard machines have.",
        "64Gi",
    ),
    "gpus": Field(
        "quota.gpus",
        "GPUs of all the team's pods together; once for each type.",
        "Which and how many at once, as nvidia-l4=4; separate several by spaces, - for none.",
        (),
    ),
    "max_run_hours": Field(
        "quota.max_run_hours",
        "The longest run.",
        "A run that takes longer is ended; it can go on from its last checkpoint.",
        24,
    ),
    "isolation": Field(
        "isolation",
        "shared or dedicated nodes.",
        "shared: the team's pods run beside other teams' on the same nodes. dedicated: on nodes of its own,\n"
        "  which cost money while they stand empty.",
        "shared",
    ),
    "monthly": Field(
        "budget",
        "A monthly budget.",
        "A whole amount a month; alerts at 50, 90 and 100 %. Nothing is stopped by it. - for none.",
    ),
    "currency": Field(
        "budget.currency",
        "The budget's currency.",
        "The billing account's own, as EUR.",
        "EUR",
    ),
    "metaflow": Field(
        "metaflow",
        "Configure Metaflow for the team.",
        "The team's flows run inside the boundary with `cloister flow`; it can be switched on later.",
        False,
    ),
}
HEADER = """# The team owns this file; onboarding is one pull request with it.
# yaml-language-server: $schema=../docs/schemas/team.json
"""


def content(answers: dict[str, Any]) -> dict[str, Any]:
    """The file's content from one answer per field."""
    quota = {key: answers[key] for key in ("cpu", "memory", "gpus", "max_run_hours")}
    made: dict[str, Any] = {
        "team": answers["name"],
        "members": answers["members"],
        "network": answers["network"],
        "quota": {key: value for key, value in quota.items() if value != {}},
        "isolation": answers["isolation"],
        "metaflow": answers["metaflow"],
    }
    if answers["monthly"] is not None:
        made["budget"] = {"monthly": answers["monthly"], "currency": answers["currency"]}
    return made


def as_yaml(mapping: dict[str, Any]) -> str:
    """One line per key, nested mappings in braces: how the shipped files are written."""
    lines = []
    for key, value in mapping.items():
        written = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
        lines.append(f"{key}: {written.removesuffix('...' + chr(10)).rstrip()}")
    return "\n".join(lines) + "\n"


def gpus_of(pairs: tuple[str, ...]) -> dict[str, int]:
    """`TYPE=COUNT` pairs as the quota's mapping. Raises ValueError with the pair that is none."""
    gpus: dict[str, int] = {}
    for pair in pairs:
        kind, _, count = pair.partition("=")
        if not kind or not (count.isascii() and count.isdecimal()):
            raise ValueError(pair)
        gpus[kind] = int(count)
    return gpus
