"""What was not read closes nothing: each channel that asked for it is undecided, and residual where nothing could show it.

A channel's verdict hangs on the types it asked for (``policies.facts.asked``), those of which there are none most of all. Each
type belongs to a part; a part that was not read, or not wholly, leaves the channel undecided. A type that the inventory does not
list is no gap where the API it needs is off, and residual where it is on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from audit.listing import above, listed, may_exist, parts, said_under
from audit.model import Part, Seen
from policies.channels.evidence import Evidence, Leak, Residual
from policies.facts.asked import EVERY
from policies.facts.world import World

_FIX: Mapping[Part, tuple[str, str]] = {
    "resources": ("the project's resources", "give --assets of `gcloud asset export --content-type resource`, and its operation"),
    "iam": ("who is granted what", "give --assets of `gcloud asset export --content-type iam-policy`, and its operation"),
    "org-policies": ("the organisation policies in force", "give --assets of `gcloud asset export --content-type org-policy`, and its operation"),
    "access-policies": ("the organisation's perimeters and access levels",
                        "give --assets of `gcloud asset export --organization ID --content-type access-policy`, and its operation"),
    "buckets": ("the project's buckets", "give --buckets, or --assets of `gcloud asset export --content-type resource`"),
    "cluster": ("the objects of the cluster", "give --context or --kubeconfig of the cluster"),
}  # fmt: skip
# What channels are about whatever they happened to ask for, by family or alone. Facts that fill a memory of their own as they
# go ask on behalf of whoever comes first; a test holds this against channels judged one by one.
_ABOUT: Mapping[str, tuple[Part, ...]] = {
    "K8S": ("cluster", "resources"), "TEN": ("cluster", "resources", "iam", "buckets"), "IAM": ("iam", "cluster"), "GCS": ("buckets",),
}  # fmt: skip
_UNSEEN = "the Terraform configuration, which a deployed project does not show"


def needed(channel: str, asked: Iterable[str]) -> set[Part]:
    """The parts a channel's verdict hangs on, by the types it asked for."""
    found: set[Part] = set(_ABOUT.get(channel.partition("-")[0], ()))
    for type_ in asked:
        found.update(parts(type_))
    return found


class Gaps:
    """The gaps of what was read. ``services`` that are on come from the resources."""

    def __init__(self, seen: Seen, world: World) -> None:
        self._world = world
        self._narrowed: dict[Part, str] = {}
        for part in _FIX:
            readings = list(seen.of(part))
            if part == "buckets":
                if "resources" in self._narrowed:
                    self._narrowed[part] = self._narrowed["resources"]
            elif not readings:
                self._narrowed[part] = "not read"
            elif narrowed := next((reading.narrowed for reading in readings if reading.narrowed), ""):
                self._narrowed[part] = narrowed
        if world.boundary.organization == "none":
            self._narrowed.pop("access-policies", None)
        for reading in seen.of("buckets"):
            self._narrowed.pop("buckets", None)
            if reading.narrowed and "iam" in self._narrowed:
                self._narrowed["iam"] += f"; {reading.narrowed}"
        self._read_above = any(reading.of.startswith("organizations/") for reading in seen.of("resources"))
        self._on = frozenset(
            str(item.body.get("service")) for item in seen.live if item.type == "google_project_service"
        )

    def of(self, channel: str, asked: Iterable[str]) -> Iterator[Evidence]:
        """The evidence that a channel is not to be closed by what nobody looked at."""
        family = channel.partition("-")[0]
        if family == "TF":
            yield Residual(
                f"what it is about lies in {_UNSEEN}", "cloister check of the tree that was applied"
            )
            return
        asked = frozenset(asked)
        wanted = needed(channel, asked)
        unlisted: list[str] = []
        for type_ in asked:
            shown = parts(type_)
            if shown == ("resources",) and not type_.startswith(EVERY) and self._unseen(type_, channel):
                unlisted.append(type_)
        for part in (part for part in _FIX if part in wanted and part in self._narrowed):
            what, fix = _FIX[part]
            yield Leak(
                "undecided", part,
                f"This channel hangs on {what}: {self._narrowed[part]}. What was not looked at closes nothing.", fix=fix,
            )  # fmt: skip
        if unlisted:
            names = ", ".join(sorted(type_.removeprefix("google_") for type_ in unlisted))
            yield Residual(
                f"nothing that was read would show {names}: whether there is one was not seen",
                "a look at them by hand, or their services switched off; of what is above the project, an export of the organisation",
            )  # fmt: skip

    def _unseen(self, type_: str, channel: str) -> bool:
        """Whether there may be a resource of a type that nothing of what was read would show, and the channel is to say so."""
        if above(type_):
            alone = self._world.boundary.organization == "none"
            return not alone and not self._read_above and said_under(type_, channel)
        return not listed(type_, self._world) and may_exist(type_, self._on) and said_under(type_, channel)
