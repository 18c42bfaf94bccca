"""SRV-06, what is left: names of another project's things in arguments that no channel has judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.facts.configuration import foreign_project
from policies.facts.resource import Res
from policies.facts.types import entry
from policies.facts.world import World

UNMODELLED = "SRV-06"

_FULL_NAME = re.compile(
    r"(?:(?:https?:)?//[\w.-]+\.googleapis\.com/(?:[a-z]+/v\d\w*/)?)?projects/[^/]+/[A-Za-z]+/\S+"
)
# Families whose rules name other projects by design, and are judged whole.
_JUDGED = re.compile(r"_iam_|google_(?:org_policy|access_context_manager|iam|tags|folder|organization)_")
# Text, images (bytes that come in, CMP-04) and networks, which whatever runs on them is judged by (NET-22).
_OTHERWISE = re.compile(
    r"(?:^|\.)(?:labels|annotations|description|display_name|filter|documentation|image|source_image|network|subnetwork)\b"
)


def unseen(world: World, judged: Iterable[Evidence]) -> Iterator[Leak]:
    """Arguments of modelled types that name a thing of another project, on resources that no finding of ``judged`` is
    about and no control of it was read from."""
    failing: set[str] = set()
    controls: set[tuple[str, str]] = set()
    for item in judged:
        if isinstance(item, Leak):
            failing.update((item.address, *(step.address for step in item.path)))
        elif isinstance(item, Control):
            controls.add((item.address, item.attribute))
    for res in world.resources:
        if res.mode != "managed" or not res.type.startswith("google_") or _JUDGED.search(res.type):
            continue
        row = entry(res.type)
        if row is None or row.kind == "harmless" or res.address in failing:
            continue
        for attribute, name in _names(res.values, ""):
            project = foreign_project(world, name)
            if (
                project is not None
                and (res.address, attribute) not in controls
                and not _OTHERWISE.search(attribute)
            ):
                yield _leak(res, attribute, name, project)


def _names(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if "projects/" in value and _FULL_NAME.fullmatch(value):
            yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _names(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _names(inner, f"{path}[{index}]")


def _leak(res: Res, attribute: str, name: str, project: str) -> Leak:
    return Leak(
        "undecided", res.subject,
        f"`{res.address}` names {name} of project {project} in {attribute}, an argument that no channel judges: what goes "
        f"there is not known.",
        (Step(res.subject, f"project {project}", f"{attribute} names it", res.address, attribute),),
        f"leave {attribute} of {res.address} to this project", res.address, attribute,
    )  # fmt: skip
