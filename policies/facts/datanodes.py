"""The data nodes: what holds bytes of data, and the names conditions know it by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from policies.expressions.values import Unknown
from policies.facts.conditions import TYPES, Place, holds, read
from policies.facts.ownership import parent
from policies.facts.resource import Res
from policies.facts.rights import DATA
from policies.facts.world import World, fact

# Resource type: (its name's attribute, the name a condition knows it by, what it is, what lies in it).
_NODES: dict[str, tuple[str, str, str, tuple[tuple[str, str], ...]]] = {
    "google_storage_bucket": ("name", "projects/_/buckets/{}", "bucket", (("/objects/", "object"), ("/managedFolders/", "folder"))),
    "google_bigquery_dataset": ("dataset_id", "projects/{project}/datasets/{}", "dataset", (("/tables/", "table"),)),
    "google_secret_manager_secret": ("secret_id", "projects/{number}/secrets/{}", "secret", (("/versions/", "version"),)),
    "google_secret_manager_regional_secret": ("secret_id", "projects/{number}/locations/{location}/secrets/{}", "secret", (("/versions/", "version"),)),
    "google_pubsub_topic": ("name", "projects/{project}/topics/{}", "topic", ()),
    "google_compute_disk": ("name", "projects/{project}/zones/{location}/disks/{}", "disk", ()),
    "google_compute_region_disk": ("name", "projects/{project}/regions/{location}/disks/{}", "disk", ()),
    "google_logging_project_bucket_config": ("bucket_id", "projects/{project}/locations/{location}/buckets/{}", "log bucket", (("/views/", "log view"),)),
}  # fmt: skip

SERVICES = {
    "google_storage_bucket": "storage",
    "google_bigquery_dataset": "bigquery",
    "google_secret_manager_secret": "secretmanager",
    "google_secret_manager_regional_secret": "secretmanager",
    "google_pubsub_topic": "pubsub",
    "google_compute_disk": "compute",
    "google_compute_region_disk": "compute",
    "google_logging_project_bucket_config": "logging",
}


@fact
def data_nodes(world: World) -> tuple[Res, ...]:
    """Every bucket, dataset, secret, topic, disk and log bucket of the snapshot."""
    return tuple(world.of(*_NODES))


def data_node(world: World, res: Res) -> Res | None:
    """The data node a resource is, or is a part of: the topic of a subscription, the dataset of a table."""
    if res.type in _NODES:
        return res
    above = parent(world, res)
    return data_node(world, above) if above is not None and above is not res else None


def condition_name(world: World, res: Res) -> str | None:
    """The ``resource.name`` of a data node, None where it is not known."""
    attribute, template, _, _ = _NODES[res.type]
    name = res.get(attribute)
    location = res.get("location", res.get("zone", res.get("region", "-")))
    if not isinstance(name, str) or isinstance(location, Unknown):
        return None
    number = str(world.boundary.project_number)
    return template.replace("{}", name).format(project=world.project, number=number, location=location)


def places(res: Res, name: str, literals: tuple[str, ...]) -> Iterator[Place]:
    """What a condition may be asked about a node: itself, and things in it, among them those the literals name."""
    _, _, kind, inner = _NODES[res.type]
    yield Place(name, *TYPES[kind])
    for segment, inner_kind in inner:
        below = [f"{name}{segment}zqx", *(text for text in literals if text.startswith(f"{name}{segment}"))]
        below += [f"{text}zqx" for text in below]
        for text in literals:
            below += [
                f"{name}{segment}{text}",
                f"{name}{segment}{text}/zqx",
                f"{name}{text}",
                f"{name}{segment}zqx{text}",
            ]
        yield from (Place(text, *TYPES[inner_kind]) for text in below)


def reached_under(world: World, condition: str | Unknown | None) -> list[Res]:
    """The data nodes that an allow on the whole project reaches under a condition; all where it cannot be decided."""
    reading = read(condition)
    if reading.kind == "never":
        return []
    if reading.kind != "narrows":
        return list(data_nodes(world))
    keys, names = _names(world)
    if reading.anchored:
        candidates = {res.address: (name, res) for name, res in _near(keys, names, reading.literals)}
        candidates |= {res.address: ("", res) for res in _nameless(world)}
        pairs = list(candidates.values())
    else:
        pairs = [*names, *(("", res) for res in _nameless(world))]
    return [
        res
        for name, res in pairs
        if not name or any(holds(condition, place) for place in places(res, name, reading.literals))
    ]


@fact
def _names(world: World) -> tuple[list[str], list[tuple[str, Res]]]:
    """Named data nodes in the order of their names, and these names."""
    named = [(name, res) for res in data_nodes(world) if (name := condition_name(world, res))]
    named.sort(key=lambda pair: pair[0])
    return [name for name, _ in named], named


@fact
def _nameless(world: World) -> list[Res]:
    return [res for res in data_nodes(world) if condition_name(world, res) is None]


def _near(
    keys: list[str], names: list[tuple[str, Res]], literals: tuple[str, ...]
) -> Iterator[tuple[str, Res]]:
    """Nodes whose name begins with a literal, or with whose name a literal begins."""
    for literal in literals:
        at = bisect_left(keys, literal)
        while at < len(keys) and keys[at].startswith(literal):
            yield names[at]
            at += 1
        for end in (*(i for i, letter in enumerate(literal) if letter == "/"), len(literal)):
            at = bisect_left(keys, literal[:end])
            if at < len(keys) and keys[at] == literal[:end]:
                yield names[at]


def serves(permissions: frozenset[str] | None, res: Res) -> bool:
    """Whether permissions are about the service of a data node."""
    service = SERVICES[res.type]
    return permissions is None or any(p.split(".", 1)[0] == service and p in DATA for p in permissions)
