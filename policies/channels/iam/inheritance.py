"""What comes from above the project."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Residual
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, role, sentence, thing, where
from policies.facts.denies import DENY, attached, denied_to_outsiders
from policies.facts.grants import WIDE, grants
from policies.facts.principals import standing
from policies.facts.rights import BECOME, DATA, INVENTORY, policy_changes
from policies.facts.world import World


@channel("IAM-02")
def nothing_is_inherited(world: World) -> Iterator[Evidence]:
    """No folder and no organisation above the project gives anybody its data."""
    organization = world.boundary.organization
    if organization == "none":
        yield Control("boundary.yaml", "organization")
    elif closed := list(_denied(world)):
        yield from closed
    else:
        above = "the organisation" if organization else "an organisation that the boundary does not name"
        yield Residual(
            f"roles granted on {above} and its folders reach this project, and no plan of the project shows them",
            "attest an effective-policy snapshot, say organization: none, or deny at the project with exceptions",
        )
    for grant in grants(world):
        if grant.kind not in WIDE or grant.kind == "google_project":
            continue
        if not (grant.permits(*DATA, *BECOME, *INVENTORY) or policy_changes(grant.permissions)):
            continue
        trusted = standing(world, grant.member).kind in ("declared", "agent")
        yield grant_leak(
            failing(world, grant, "weakened" if trusted else "open"),
            grant,
            f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)}, so also on every bucket, dataset and "
            f"secret of this project below it ({where(grant)}).",
            f"grant on the one resource that is meant instead of {grant.res.address}",
        )


# What reads the data of each service that may hold it.
_READS = {
    "google_storage_bucket": "storage.objects.get",
    "google_bigquery_dataset": "bigquery.tables.getData",
    "google_secret_manager_secret": "secretmanager.versions.access",
    "google_pubsub_topic": "pubsub.subscriptions.consume",
}


def _denied(world: World) -> Iterator[Control]:
    """The deny policies of the snapshot, where they leave reading what the project holds to the project's own."""
    wanted = {permission for type_, permission in _READS.items() if world.of(type_)}
    if wanted and wanted <= denied_to_outsiders(world):
        yield from (
            Control(res.address, "rules[0].deny_rule") for res in world.of(DENY) if attached(world, res)
        )
