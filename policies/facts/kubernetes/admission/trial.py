"""Every attempt of the tables against the policies in force in a namespace: what it admits that it must refuse.

Namespaces that policies cannot tell apart are tried once. What tells them apart is their labels, and their names and
their teams' names where an expression speaks of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cloister.declarations import names
from policies.facts.kubernetes.admission.attempts import Attempt, Filling, attempts
from policies.facts.kubernetes.admission.judge import Refusal, Request, refusal
from policies.facts.kubernetes.admission.language import Allowed
from policies.facts.kubernetes.admission.policies import bindings, literals
from policies.facts.kubernetes.namespaces import NAME, NETWORK, TEAM, Namespace, serves
from policies.facts.world import World, fact

ISOLATION = "cloister.dev/isolation"
LIMIT = "cloister.dev/max-run-seconds"
_ANOTHER = "cloister-another-team"

# The kinds that carry pods, each tried with the attempts that are ``carried``.
_CARRIERS = (
    "Job",
    "CronJob",
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
)
_WORDS = 6  # strings of a policy that a pod is labelled and named with
_CHANGEABLE = ("Pod", "Job", "CronJob")
# Whoever makes pods of a Job: a policy that lets these by is no policy.
_CONTROLLER = {
    "username": "system:serviceaccount:kube-system:job-controller",
    "groups": ["system:serviceaccounts"],
    "uid": "",
    "extra": {},
}
_MEMBER = {"username": "member@team.example", "groups": ["system:authenticated"], "uid": "", "extra": {}}

_NAMES = re.compile(r"request\.namespace|namespaceObject|metadata\.namespace")
_PARTS = re.compile(r"startsWith|endsWith|contains|matches|size|substring|charAt|indexOf|split")


@dataclass(frozen=True, slots=True)
class Miss:
    """An object that is admitted and must not be, or the reverse. ``what``: its name, with what carries it."""

    attempt: Attempt
    what: str
    refused_by: Refusal | None = None


def network(space: Namespace) -> str:
    """``project`` where the namespace's label says so, else ``sealed``, as everything that says nothing is."""
    return "project" if space.labels.get(NETWORK) == "project" else "sealed"


def filling(space: Namespace, runner: str) -> Filling:
    limit = str(space.labels.get(LIMIT, ""))
    team = str(space.labels.get(TEAM, space.team or space.name))
    return Filling(runner, team, _ANOTHER, int(limit) if limit.isdecimal() and limit.isascii() else 43200)


def nobody(check: Mapping[str, Any]) -> bool:
    """The authorizer's answer to somebody without rights."""
    return False


def hostile(world: World, space: Namespace, runner: str, allowed: Allowed, only: str = "") -> Iterator[Miss]:
    """The hostile objects that a namespace admits; ``only`` those about teams of one kind."""
    labels, given = space.labels, filling(space, runner)
    sealed, dedicated = network(space) == "sealed", labels.get(ISOLATION) == "dedicated"
    users = [_MEMBER, _CONTROLLER] if _speaks_of(world, "userInfo") else [_MEMBER]
    for attempt in attempts("hostile"):
        base = _serving_base(attempt, dedicated) if serves(space) else _base(attempt, sealed, dedicated)
        if base is None or (only and attempt.team != only):
            continue
        own_nodes = dedicated and attempt.team != "alone" and "nodeSelector" not in attempt.set
        requests = _requests(attempt, given, base, own_nodes, labels)
        if attempt.carried:
            requests = chain(requests, _disguised(world, attempt, given, base, own_nodes, labels))
        for what, request in requests:
            for user in users:
                asked = Request(request.object, labels, request.old, request.subresource, user)
                if refusal(world, asked, allowed) is None:
                    yield Miss(attempt, what)
                    break


def _serving_base(attempt: Attempt, dedicated: bool) -> str | None:
    """The base of an attempt where models serve: what is hostile in a job is so in a server too."""
    if attempt.team == "serves" or attempt.base == "metaflow":
        return None if attempt.team == "open" else attempt.base
    if attempt.team == "alone" and not dedicated:
        return None
    # What is left out of a job's pod may not be in a server's; a server in place of a job is no attempt here.
    return None if attempt.base == "serving" or None in attempt.set.values() else "serving"


def _base(attempt: Attempt, sealed: bool, dedicated: bool) -> str | None:
    """The base of an attempt in a namespace of jobs, None where it is not tried there."""
    if attempt.team == "serves":
        return None
    if attempt.team == "alone":
        return attempt.base if dedicated else None
    if sealed:
        return None if attempt.team == "open" else attempt.base
    if attempt.sealed_only or (attempt.base != "metaflow" and None in attempt.set.values()):
        return None  # what is left out of one pod may stand elsewhere in another
    return "metaflow"


def _requests(
    attempt: Attempt, given: Filling, base: str, own_nodes: bool, labels: Mapping[str, Any]
) -> Iterator[tuple[str, Request]]:
    made = attempt.manifest(given, base, "", own_nodes)
    yield (
        attempt.name if attempt.kind == "Pod" else f"{attempt.name}, in a {attempt.kind}",
        Request(made, labels),
    )
    if not attempt.carried:
        return
    for kind in _CARRIERS:
        yield f"{attempt.name}, in a {kind}", Request(attempt.manifest(given, base, kind, own_nodes), labels)
    before = _honest(base)
    for kind in _CHANGEABLE:
        old = before.manifest(given, "", kind, own_nodes)
        made = attempt.manifest(given, base, kind, own_nodes)
        if made != old:
            yield f"{attempt.name}, put into a {kind} afterwards", Request(made, labels, old)
    pod = before.manifest(given, "", "Pod", own_nodes)
    extra = {**attempt.manifest(given, base, "Pod", own_nodes)["spec"]["containers"][0], "name": "debug"}
    joined = {**pod, "spec": {**pod["spec"], "ephemeralContainers": [extra]}}
    if "containers" in "".join(attempt.set) and not any("volumeMounts" in path for path in attempt.set):
        yield (
            f"{attempt.name}, in an ephemeral container",
            Request(joined, labels, pod, "ephemeralcontainers"),
        )


def _disguised(
    world: World, attempt: Attempt, given: Filling, base: str, own_nodes: bool, labels: Mapping[str, Any]
) -> Iterator[tuple[str, Request]]:
    """The attempt with labels, annotations and a name that policies speak of."""
    for texts in sorted(
        {b.policy.about_objects for b in bindings(world) if b.policy is not None}, key=sorted
    ):
        words = sorted(text for text in texts if re.fullmatch(r"[\w./-]+", text))[:_WORDS]
        for key in words:
            for value in ("true", *words):
                made = attempt.manifest(given, base, "", own_nodes)
                marks = {key: value}
                metadata = made["metadata"]
                made["metadata"] = {
                    **metadata,
                    "labels": {**metadata["labels"], **marks},
                    "annotations": {**metadata["annotations"], **marks},
                }
                yield f"{attempt.name}, labelled {key}={value}", Request(made, labels)
            made = attempt.manifest(given, base, "", own_nodes)
            made["metadata"] = {**made["metadata"], "name": key}
            yield f"{attempt.name}, named {key}", Request(made, labels)


def _usual(space: Namespace) -> str:
    return "serving" if serves(space) else "sealed" if network(space) == "sealed" else "metaflow"


def _honest(base: str) -> Attempt:
    return Attempt("an honest pod", base)


def honest(world: World, space: Namespace, runner: str, allowed: Allowed) -> Miss | None:
    """The runner's own pod, where the namespace refuses it: then its policies are about something else."""
    dedicated = space.labels.get(ISOLATION) == "dedicated"
    attempt = _honest(_usual(space))
    made = attempt.manifest(filling(space, runner), dedicated=dedicated)
    found = refusal(world, Request(made, space.labels, user=_MEMBER), allowed)
    return None if found is None else Miss(attempt, attempt.name, found)


def named(
    world: World, space: Namespace, runner: str, closed: frozenset[str], allowed: Allowed
) -> Iterator[Miss]:
    """What the policies name and should not: other images they admit for the runner's, and environment variables
    outside the closed list, each tried as a pod of its own."""
    base = _usual(space)
    if base == "metaflow":
        return
    if base == "serving":
        closed = closed | frozenset(names.SERVER_VARIABLES)
    given, labels = filling(space, runner), space.labels
    own_nodes = labels.get(ISOLATION) == "dedicated"
    for text in sorted(
        _texts(world) if closed.isdisjoint(_texts(world)) else _images(world) | _beside(world, closed)
    ):
        change: dict[str, Any] = {}
        if (
            ("/" in text or "@sha256:" in text)
            and text != runner
            and re.fullmatch(r"[A-Za-z0-9][\w./:@-]+", text)
        ):
            change, what = {"containers.0.image": text}, f"an image that is not the runner's ({text})"
        elif re.fullmatch(r"[A-Za-z_]\w*", text) and text not in closed:
            change, what = (
                {"containers.0.env.+": [{"name": text, "value": "x"}]},
                f"the variable {text}, which the runner's closed list does not have",
            )
        if change:
            attempt = Attempt(what, base, set=change)
            request = Request(attempt.manifest(given, dedicated=own_nodes), labels, user=_MEMBER)
            if refusal(world, request, allowed) is None:
                yield Miss(attempt, what)


def _images(world: World) -> frozenset[str]:
    return frozenset(text for text in _texts(world) if "/" in text or "@" in text)


def _beside(world: World, closed: frozenset[str]) -> frozenset[str]:
    """Strings that stand in one expression with names of the closed list, and those written as variables' names are."""
    found = {text for text in _texts(world) if re.fullmatch(r"[A-Z_][A-Z0-9_]*|\w+_proxy", text)}
    for text in (
        text for binding in bindings(world) if binding.policy is not None for text in binding.policy.texts
    ):
        if not closed.isdisjoint(literals(text)):
            found |= literals(text)
    return frozenset(found)


@fact
def _texts(world: World) -> frozenset[str]:
    """Every string that an expression of a policy, or a policy's parameters, name."""
    found: set[str] = set()
    for binding in bindings(world):
        if binding.policy is not None:
            for text in binding.policy.texts:
                found |= literals(text)
        found.update(_strings(binding.params))
    return frozenset(found)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (part for part in re.split(r"[\s,;]+", value) if part)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _speaks_of(world: World, word: str) -> bool:
    return any(
        word in text
        for binding in bindings(world) if binding.policy is not None
        for text in binding.policy.texts
    )  # fmt: skip


def alike(world: World, spaces: list[Namespace]) -> Iterator[list[Namespace]]:
    """Namespaces in groups that no policy tells apart."""
    texts = _texts(world)
    parts = _parts(world)
    groups: dict[Any, list[Namespace]] = {}
    for space in spaces:
        selected = tuple(
            binding.scope.spaces.matches(space.labels) and binding.policy.scope.spaces.matches(space.labels)
            for binding in bindings(world) if binding.policy is not None
        )  # fmt: skip
        groups.setdefault((selected, _likeness(space, texts, parts)), []).append(space)
    yield from groups.values()


def _likeness(space: Namespace, texts: frozenset[str], parts: frozenset[str] | None) -> Any:
    own = {name for name in (space.name, space.team, space.labels.get(TEAM)) if isinstance(name, str)}
    limit = str(space.labels.get(LIMIT, ""))
    if parts is None or own & texts or any(part and any(part in name for name in own) for part in parts):
        return space.name
    labels = []
    for key, value in sorted(space.labels.items()):
        if key == NAME:
            continue
        if key == LIMIT and limit.isdecimal() and int(limit) > 0 and limit not in texts:
            value = "limit"
        labels.append((key, "$team" if isinstance(value, str) and value in own else str(value)))
    return (space.unknown is None, tuple(labels))


@fact
def _parts(world: World) -> frozenset[str] | None:
    """Strings that expressions about a namespace's name compare pieces of it with; None where they measure it in a
    way that names no string, so that every namespace is tried by itself."""
    found: set[str] = set()
    for binding in bindings(world):
        for text in binding.policy.texts if binding.policy is not None else ():
            about = _NAMES.search(text) and not re.search(r"namespaceObject\.metadata\.labels", text)
            if about and _PARTS.search(text):
                texts = literals(text)
                if not texts:
                    return None
                found |= texts
    return frozenset(found)
