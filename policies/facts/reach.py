"""Who can read which data, and who can act as whom, as plain pairs: what a change makes reachable is their difference."""

from __future__ import annotations

from dataclasses import dataclass

from policies.expressions.values import Unknown
from policies.facts.grants import Grant, grants
from policies.facts.world import World, fact

# Permissions that return bytes of a data node, by what they are granted on or below.
READS = {
    "storage.objects.get": "objects of bucket",
    "bigquery.tables.getData": "rows of dataset",
    "secretmanager.versions.access": "secret",
    "pubsub.subscriptions.consume": "messages of",
    "pubsub.topics.attachSubscription": "messages of topic",
    "logging.views.access": "logs of",
    "compute.disks.useReadOnly": "disk",
    "compute.snapshots.useReadOnly": "snapshot",
    "artifactregistry.repositories.downloadArtifacts": "artifacts of",
}
ACTS = ("iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.actAs")
WRITES_POLICY = "setIamPolicy"
_EVERYWHERE = ("google_project", "google_folder", "google_organization")


@dataclass(frozen=True, slots=True, order=True)
class Reach:
    """``principal`` can do ``what`` (a phrase that ends in the thing's name)."""

    principal: str
    what: str

    def __str__(self) -> str:
        return f"{self.principal} can {self.what}"


@fact
def reaching(world: World) -> dict[Reach, tuple[Grant, ...]]:
    """Every pair with the grants that make it. Conditions are said, not evaluated: a conditional pair is another pair."""
    found: dict[Reach, list[Grant]] = {}
    for grant in grants(world):
        for pair in _pairs(grant):
            found.setdefault(pair, []).append(grant)
    return {pair: tuple(made) for pair, made in found.items()}


def _pairs(grant: Grant) -> list[Reach]:
    member = (
        grant.member if isinstance(grant.member, str) else f"a member that is not known ({grant.res.address})"
    )
    target = grant.target if isinstance(grant.target, str) else f"what {grant.res.address} names"
    under = ", under a condition" if grant.condition is not None else ""
    if isinstance(grant.role, Unknown) or grant.permissions is None:
        return [Reach(member, f"do anything with {target}, its role is not known{under}")]
    where = f"everything of this kind in {target}" if grant.kind in _EVERYWHERE else target
    found = [
        Reach(member, f"read {thing} {where}{under}")
        for permission, thing in READS.items()
        if grant.permits(permission)
    ]
    if grant.permits(*ACTS):
        found.append(Reach(member, f"act as {where}{under}"))
    if any(permission.endswith(WRITES_POLICY) for permission in grant.permissions):
        found.append(Reach(member, f"grant rights on {where}{under}"))
    return found
