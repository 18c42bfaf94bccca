"""Where a controller of Argo Workflows keeps what its workflows make (K8S-21): its ConfigMap says so, for every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from policies.channels.evidence import Control, Evidence, Step
from policies.channels.k8s.wording import begin, leak
from policies.expressions.values import Unknown
from policies.facts.kubernetes.namespaces import team_of
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.ownership import owner
from policies.facts.resource import Block
from policies.facts.world import World

_PROGRAM = "workflow-controller"
_DEFAULT = "workflow-controller-configmap"
_OPTION = "--configmap"
# Keys of its configuration by which content leaves the cluster, and what each does.
_ELSEWHERE = {
    "persistence": "keeps workflows and their parameters in a database",
    "kubeConfig": "has pods report to another cluster",
    "sso": "has people come by another identity provider",
}


def controllers_keep_nothing_elsewhere(world: World) -> Iterator[Evidence]:
    """Every controller of Argo Workflows has its configuration in the snapshot, and keeps artifacts in its team's bucket
    or nowhere."""
    for workload in workloads(world):
        for container in workload.containers():
            if _is_controller(container):
                yield from _judged(world, workload, container)


def _is_controller(container: Block) -> bool:
    words = [container.get("image"), *_words(container, "command")]
    return any(isinstance(word, str) and _PROGRAM in word for word in words)


def _words(container: Block, name: str) -> list[Any]:
    found = container.get(name)
    return list(found) if isinstance(found, list | tuple) else [found] if isinstance(found, Unknown) else []


def _judged(world: World, workload: Workload, container: Block) -> Iterator[Evidence]:
    arguments = [*_words(container, "command"), *_words(container, "args")]
    if any(isinstance(word, Unknown) for word in arguments):
        yield _unclear(workload, "its arguments are not known")
        return
    named = [str(word) for word in arguments]
    name = next((word.split("=", 1)[1] for word in named if word.startswith(f"{_OPTION}=")), _DEFAULT)
    if _OPTION in named[:-1]:
        name = named[named.index(_OPTION) + 1]
    config = next(
        (
            obj
            for obj in objects(world, "ConfigMap")
            if obj.name == name and obj.namespace == workload.namespace
        ),
        None,
    )
    if config is None:
        yield _unclear(workload, f"the ConfigMap {name} it reads is not in the snapshot")
        return
    read = _read(config)
    if isinstance(read, str):
        yield _unclear(workload, read)
        return
    clean = True
    for finding in _findings(world, workload, config, read):
        clean = False
        yield finding
    if clean:
        yield Control(config.address, "data")


def _read(config: Object) -> Mapping[str, Any] | str:
    """The configuration, or why it is not known."""
    data = config.body.get("data", {})
    if not isinstance(data, Mapping):
        return f"{config} is not known"
    settings: dict[str, Any] = {}
    for key, text in data.items():
        if not isinstance(text, str):
            return f"{key} of {config} is not known"
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            return f"{key} of {config} is not YAML"
        if key != "config":
            settings[key] = value
        elif isinstance(value, Mapping):
            settings |= value
    return settings


def _findings(
    world: World, workload: Workload, config: Object, settings: Mapping[str, Any]
) -> Iterator[Evidence]:
    where = config.address, config.where("data")
    for key, does in _ELSEWHERE.items():
        if settings.get(key):
            sentence = (
                f"{begin(workload)} is a controller of Argo Workflows that {does}, by {key} of {config}"
            )
            step = Step("what workflows hold", f"where {key} says", f"the controller {does}", *where)
            yield leak(
                "open", workload.subject, sentence, (step,), f"remove {key} from {config.address}", *where
            )
    repository = settings.get("artifactRepository")
    if not repository:
        return
    bucket = repository.get("gcs", {}).get("bucket") if isinstance(repository, Mapping) else None
    if bucket is not None and _own(world, workload, bucket):
        return
    place = f"bucket {bucket}" if bucket else "a store that is not Google's"
    sentence = f"{begin(workload)} is a controller of Argo Workflows whose pods keep artifacts in {place}, which is not its team's"
    step = Step("artifacts and logs of workflows", place, "artifactRepository names it", *where)
    yield leak(
        "open",
        workload.subject,
        sentence,
        (step,),
        f"remove artifactRepository from {config.address}",
        *where,
    )


def _own(world: World, workload: Workload, bucket: str) -> bool:
    team = team_of(world, workload.namespace)
    return team is not None and any(
        res.get("name") == bucket and owner(world, res) == team for res in world.of("google_storage_bucket")
    )


def _unclear(workload: Workload, why: str) -> Evidence:
    sentence = (
        f"Where {workload}, a controller of Argo Workflows, keeps what its workflows make is not known: {why}"
    )
    return leak("undecided", workload.subject, sentence, address=workload.address)
