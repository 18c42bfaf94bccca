"""Nobody signs for a service account, and none has an HMAC key."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, guards, member, role, sentence, thing, where
from policies.facts.admission import runtime
from policies.facts.grants import WIDE, grants, grants_by_kind
from policies.facts.orgpolicy import denies_value
from policies.facts.rights import HMAC, SIGN
from policies.facts.world import World
from policies.graph.access import EVERY_ACCOUNT

_ACCOUNTS = frozenset({"google_service_account", *WIDE})


@channel("GCS-04")
def nobody_signs_urls(world: World) -> Iterator[Evidence]:
    """No identity may sign as a service account, and no key of one exists: nothing makes a signed URL."""
    for grant in grants(world):
        if grant.kind not in _ACCOUNTS or grant.permissions is None or not grant.permits(*SIGN):
            continue
        if not runtime(world, grant):
            yield Control(grant.res.address, grant.attribute)
            continue
        accounts = EVERY_ACCOUNT if grant.kind in WIDE else thing(grant)
        yield grant_leak(
            failing(world, grant),
            grant,
            f"{sentence(member(grant))} may sign as {accounts} ({role(grant)} at {where(grant)}): a signed URL hands an "
            "object to whoever holds it, from anywhere, for seven days.",
        )
    for res in world.of("google_service_account_key"):
        says = "A service account key signs URLs that hand objects to whoever holds them"
        yield fault(res, "service_account_id", says)
    for res in world.of("data.google_storage_object_signed_url"):
        says = f"A signed URL of bucket {res.get('bucket')} is made at deploy time and lies in the state"
        yield fault(res, "bucket", says)
    for grant in grants_by_kind(world).get("google_service_account", ()):
        if grant.permissions is not None and not grant.permits(*SIGN):
            yield Control(grant.res.address, "role")


@channel("GCS-05")
def no_hmac_key_exists(world: World) -> Iterator[Evidence]:
    """No HMAC key is made, and nobody at run time may make one."""
    controls = [
        *guards(world, "iam.managed.disableServiceAccountKeyCreation"),
        *(
            Control(res.address, at)
            for res, at in denies_value(world, "storage.restrictAuthTypes", "in:ALL_HMAC_SIGNED_REQUESTS")
        ),
    ]
    yield from controls
    for res in world.of("google_storage_hmac_key"):
        account = world.referred(res.get("service_account_email"))
        whose = account.subject if account is not None else res.get("service_account_email")
        says = f"An HMAC key of {whose} reads its buckets from anywhere by the S3 interface; its secret lies in the state"
        yield fault(res, "service_account_email", says)
    for grant in grants(world):
        if (
            grant.kind in WIDE
            and grant.permissions is not None
            and grant.permits(HMAC)
            and runtime(world, grant)
        ):
            yield grant_leak(
                failing(world, grant),
                grant,
                f"{sentence(member(grant))} may create HMAC keys for {EVERY_ACCOUNT} ({role(grant)} at {where(grant)}), which "
                "work from anywhere.",
            )
    for res in world.of("google_service_account"):
        yield Control(res.address, "account_id")
