"""Namespaces: their labels, their teams, and the Pod Security level their pods must meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.ownership import owner
from policies.facts.resource import Res
from policies.facts.world import World, fact

Level = Literal["privileged", "baseline", "restricted", "unknown"]

ENFORCE = "pod-security.kubernetes.io/enforce"
NAME = "kubernetes.io/metadata.name"  # set by the API server, on every namespace, to its name
TEAM = "cloister.dev/team"
NETWORK = "cloister.dev/network"
CLASS = "cloister.dev/class"

# Namespaces of the cluster itself: only the platform and Google write there.
SYSTEM = frozenset(
    {"kube-system", "kube-public", "kube-node-lease", "gke-managed-system", "gke-managed-cim", "gmp-system",
     "gmp-public", "gke-managed-volumepopulator", "gke-gmp-system", "istio-system", "anthos-identity-service"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Namespace:
    """``obj`` None: the snapshot does not create it. ``labels`` hold ``Unknown`` where a value is not known;
    ``unknown`` is set where whole labels are not. ``address`` and ``attribute`` name where the labels stand."""

    name: str
    obj: Object | None
    labels: Mapping[str, Any]
    unknown: Unknown | None
    team: str | None
    address: str
    attribute: str

    @property
    def enforce(self) -> Level:
        """The Pod Security level that admission enforces; without a label none (privileged)."""
        value = self.labels.get(ENFORCE)
        if value is None:
            return "unknown" if self.unknown is not None else "privileged"
        return value if value in ("privileged", "baseline", "restricted") else "unknown"

    @property
    def contained(self) -> bool:
        """Whether Pod Security refuses pods that could break out of their container."""
        return self.enforce in ("baseline", "restricted")


def serves(space: Namespace) -> bool:
    """Whether models serve in a namespace, and no jobs run: admission holds its pods to another form."""
    return space.labels.get(CLASS) == "serving"


@fact
def namespaces(world: World) -> dict[str, Namespace]:
    """The namespaces the snapshot creates, by name."""
    patches: dict[str, list[Res]] = {}
    for res in world.of("kubernetes_labels"):
        if res.get("kind") == "Namespace" and isinstance(name := res.get("metadata.name"), str):
            patches.setdefault(name, []).append(res)
    found: dict[str, Namespace] = {}
    for obj in objects(world, "Namespace"):
        if isinstance(obj.name, str):
            found[obj.name] = _namespace(world, obj.name, obj, patches.pop(obj.name, []))
    for name, changes in patches.items():
        found[name] = _namespace(world, name, None, changes)
    return found


def namespace(world: World, name: str) -> Namespace:
    """A namespace by name: as created, or as one that nothing is known of."""
    found = namespaces(world).get(name)
    return found if found is not None else Namespace(name, None, {NAME: name}, None, None, "", "")


def _namespace(world: World, name: str, obj: Object | None, patches: list[Res]) -> Namespace:
    labels: dict[str, Any] = {}
    unknown: Unknown | None = None
    address, attribute = "", ""
    if obj is not None:
        address, attribute = obj.address, obj.where("metadata.labels")
    for given, where in [
        *([(obj.labels, (obj.address, obj.where("metadata.labels")))] if obj is not None else []),
        *((patch.get("labels", {}), (patch.address, "labels")) for patch in patches),
    ]:
        if isinstance(given, Unknown):
            unknown = given
        else:
            labels |= {key: value for key, value in given.items() if value is not None}
            if ENFORCE in given or not address:
                address, attribute = where
    team = (owner(world, obj.res) if obj is not None else None) or _label(labels)
    return Namespace(name, obj, {**labels, NAME: name}, unknown, team, address, attribute)


def _label(labels: Mapping[str, Any]) -> str | None:
    for key in (TEAM, "team"):
        value = labels.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def team_of(world: World, name: str | Unknown | None) -> str | None:
    """The team whose namespace this is, None for the platform's and for what cannot be known."""
    return namespace(world, name).team if isinstance(name, str) else None
