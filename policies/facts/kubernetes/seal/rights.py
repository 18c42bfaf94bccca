"""What teams' rights could do to the seal: to its policies, to labels, to the runner's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloister.declarations import names
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.kubernetes.admission.judge import Request, refusal
from policies.facts.kubernetes.admission.language import Allowed
from policies.facts.kubernetes.admission.trial import alike, nobody
from policies.facts.kubernetes.namespaces import NETWORK, Namespace
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.powers import ADMISSION, CONFIG, HOOKS, POWERS, RELABEL
from policies.facts.kubernetes.rbac import Holding, holders
from policies.facts.kubernetes.seal.gap import Gap
from policies.facts.ownership import owner
from policies.facts.world import World, fact


@fact
def of_teams(world: World) -> Allowed:
    """The authorizer's answers to a member of a team with the rights of all of them."""
    held = [h for h, _ in holders(world, *POWERS) if h.subject.teams or h.subject.outside]
    return (lambda check: any(_holds(holding, check) for holding in held)) if held else nobody


def _holds(holding: Holding, check: Mapping[str, Any]) -> bool:
    group, resource, verb = (str(check.get(name, "")) for name in ("group", "resource", "check"))
    if holding.unknown:
        return True
    if holding.rules is None:
        return f"container.{resource}.{verb}" in {name.lower() for name in holding.permissions}
    return any(
        ("*" in rule.groups or group in rule.groups) and ("*" in rule.resources or resource in rule.resources)
        and ("*" in rule.verbs or verb in rule.verbs)
        for rule in holding.rules
    )  # fmt: skip


def undoing(world: World, spaces: list[Namespace]) -> Iterator[Gap]:
    """Teams that may change what the seal is bound to."""
    for holding, held in holders(world, ADMISSION.name, HOOKS.name, RELABEL.name):
        if not (holding.subject.teams or holding.subject.outside) or holding.unknown:
            continue
        if held == (RELABEL.name,) and all(keeps_labels(world, group[0]) for group in alike(world, spaces)):
            continue
        what = " and ".join(POWERS[name].does for name in held)
        sentence = f"{holding.subject.says} may {what} by {holding.role}, and so undo the seal."
        yield Gap(
            holding.res.subject,
            sentence,
            holding.res.address,
            holding.attribute,
            "bind a role without this right",
        )


def keeps_labels(world: World, space: Namespace) -> bool:
    """Whether admission refuses teams to open a namespace by its label."""
    metadata = {"name": space.name, "labels": dict(space.labels)}
    opened = {**metadata, "labels": {**space.labels, NETWORK: "project"}}
    old, new = ({"kind": "Namespace", "metadata": found} for found in (metadata, opened))
    return refusal(world, Request(new, space.labels, old), of_teams(world)) is not None


def settings(world: World, spaces: list[Namespace]) -> Iterator[Gap]:
    """The runner's settings: teams cannot write them, and they name the team's own buckets."""
    writers: dict[str | None, Holding] = {}
    for holding, _ in holders(world, CONFIG.name):
        if holding.subject.teams or holding.subject.outside:
            writers.setdefault(holding.namespace, holding)
    for group in alike(world, spaces) if writers else ():
        kept = keeps_settings(world, group[0])
        for space in group:
            writer = writers.get(space.name, writers.get(None))
            if writer is not None and not kept:
                yield _written(space, writer)
    known = {space.name: space for space in spaces}
    for obj in objects(world, "ConfigMap"):
        if obj.name == names.CONFIG_MAP and isinstance(obj.namespace, str) and obj.namespace in known:
            yield from _values(world, known[obj.namespace], obj)


def _written(space: Namespace, holding: Holding) -> Gap:
    sentence = f"{holding.subject.says} may {CONFIG.does} in namespace {space.name} by {holding.role}, and so tell the runner other buckets and another store."
    fix = "refuse changes of the ConfigMap cloister by an admission policy"
    return Gap(space.name, sentence, holding.res.address, holding.attribute, fix, admission=True)


def keeps_settings(world: World, space: Namespace) -> bool:
    """Whether admission refuses teams to write the ConfigMap that tells the runner its buckets."""
    old = {"kind": "ConfigMap", "metadata": {"name": names.CONFIG_MAP}, "data": {}}
    new = {**old, "data": {"CLOISTER_BUCKET_CODE": "elsewhere"}}
    tries = (Request(new, space.labels, old), Request(new, space.labels))
    return all(refusal(world, request, of_teams(world)) is not None for request in tries)


def _values(world: World, space: Namespace, obj: Object) -> Iterator[Gap]:
    data = obj.body.get("data", {})
    if not isinstance(data, Mapping):
        reason = data.reason if isinstance(data, Unknown) else "they are no map"
        yield Gap(
            space.name,
            f"The runner's settings in namespace {space.name} are not known: {reason}.",
            obj.address,
            obj.where("data"),
        )
        return
    for key, value in data.items():
        said = _told(world, space, str(key), value)
        if said:
            yield Gap(
                space.name,
                f"The runner of namespace {space.name} is told {said}.",
                obj.address,
                obj.where(f"data.{key}"),
            )


def _told(world: World, space: Namespace, key: str, value: Any) -> str:
    """What is wrong with one setting, empty where nothing is."""
    if key.startswith("CLOISTER_BUCKET_"):
        there = place(world, value, "bucket")
        if not there.inside:
            return f"{there.name}, {there.why}"
        other = there.res is None or owner(world, there.res) != space.team
        return f"{there.name}, which is not team {space.team}'s" if other else ""
    if key in ("CLOISTER_STORE", "CLOISTER_METADATA") and value not in (None, ""):
        return f"another store or metadata server: {value if isinstance(value, str) else 'one that is not known'}"
    return ""
