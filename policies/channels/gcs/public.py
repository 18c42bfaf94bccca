"""No bucket is public, and none keeps lists by which objects become so."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, present
from policies.channels.registry import channel
from policies.channels.said import grant_leak, guards, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.access_lists import ACL_ENTRIES, ACL_LISTS
from policies.facts.grants import WIDE, Grant, grants, outside_grants
from policies.facts.members import parse
from policies.facts.naming import find
from policies.facts.prevention import BUCKETS, CONSTRAINT, PREVENTION, prevented_above, prevents
from policies.facts.resource import Res
from policies.facts.roles import BASIC
from policies.facts.world import World


@channel("GCS-01")
def no_bucket_is_public(world: World) -> Iterator[Evidence]:
    """Public access prevention is enforced on every bucket, and nothing is granted to everyone."""
    yield from guards(world, CONSTRAINT)
    for grant, who in outside_grants(world):
        if who.kind == "public" and (grant.kind in BUCKETS or _all_buckets(grant)):
            yield _public(world, grant, who.why)
    for bucket in world.of("google_storage_bucket"):
        yield from _prevention(world, bucket)
    yield from present(
        world,
        ("google_firebase_storage_bucket", "google_firebaserules_ruleset", "google_firebaserules_release"),
        "{} opens data to Firebase's own rules, which let in whoever they say, without IAM",
    )


def _all_buckets(grant: Grant) -> bool:
    return grant.kind in WIDE and grant.permits(
        "storage.objects.get", "storage.objects.list", "storage.objects.create"
    )


def _public(world: World, grant: Grant, why: str) -> Evidence:
    text = f"{sentence(why)} holds {role(grant)} on {thing(grant)} ({where(grant)})"
    if prevents(world, grant):
        return grant_leak("weakened", grant, f"{text}: only public access prevention still refuses them.")
    return grant_leak(
        "open", grant, f"{text}: its objects can be fetched from anywhere, and nothing prevents it."
    )


def _prevention(world: World, bucket: Res) -> Iterator[Evidence]:
    value = bucket.get(PREVENTION, "inherited")
    if isinstance(value, Unknown):
        says = "Whether bucket {} may be made public is not known"
        yield fault(
            bucket, PREVENTION, says, "undecided", f"set {PREVENTION} of {bucket.address} to enforced"
        )
    elif value == "enforced":
        yield Control(bucket.address, PREVENTION)
    elif not prevented_above(world):
        says = f"Bucket {{}} does not enforce public access prevention ({PREVENTION} is {value}): one grant makes it public"
        yield fault(bucket, PREVENTION, says, "weakened", f"set {PREVENTION} of {bucket.address} to enforced")


UNIFORM = "uniform_bucket_level_access"


@channel("GCS-03")
def buckets_keep_no_access_lists(world: World) -> Iterator[Evidence]:
    """Uniform bucket-level access is on, so no writer can share an object by its own list."""
    yield from guards(world, "storage.uniformBucketLevelAccess")
    for bucket in world.of("google_storage_bucket"):
        value = bucket.get(UNIFORM, False)
        fix = f"set {UNIFORM} of {bucket.address} to true"
        if isinstance(value, Unknown):
            yield fault(
                bucket,
                UNIFORM,
                "Whether objects of bucket {} have lists of their own is not known",
                "undecided",
                fix,
            )
        elif value is True or bucket.get("hierarchical_namespace.enabled") is True:
            yield Control(bucket.address, UNIFORM)
        else:
            says = (
                "Bucket {} has no uniform access: whoever writes an object may grant it to anyone at run time"
            )
            yield fault(bucket, UNIFORM, says, "open", fix)
    for res in world.of(*ACL_LISTS, *ACL_ENTRIES):
        bucket_res = find(world, "google_storage_bucket", res.get("bucket"), res)
        uniform = bucket_res is not None and bucket_res.get(UNIFORM) is True
        says = f"{{}} of {res.address} keeps an access list"
        cut = (
            ", which only uniform access makes void"
            if uniform
            else " besides IAM, which its writers may change"
        )
        yield fault(res, "bucket", says + cut, "weakened" if uniform else "open")


_LEGACY = frozenset(
    {
        "roles/storage.legacyBucketOwner",
        "roles/storage.legacyBucketReader",
        "roles/storage.legacyBucketWriter",
        "roles/storage.legacyObjectOwner",
        "roles/storage.legacyObjectReader",
    }
)


@channel("GCS-12")
def basic_roles_reach_no_bucket(world: World) -> Iterator[Evidence]:
    """No bucket gives anything to whoever holds a basic role on the project."""
    holders = [g for g in grants(world) if g.kind in WIDE and g.role in BASIC]
    for grant in grants(world):
        if (
            grant.kind not in BUCKETS
            or isinstance(grant.member, Unknown)
            or parse(grant.member).kind != "convenience"
        ):
            continue
        text = f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)} ({where(grant)})"
        if holders:
            first = holders[0]
            yield grant_leak("open", grant, f"{text}, and {member(first)} is one of them by {where(first)}.")
        else:
            yield grant_leak(
                "weakened", grant, f"{text}: whoever is given a basic role reads it; nobody has one yet."
            )
    removed = _removed(world)
    for bucket in world.of("google_storage_bucket"):
        if bucket.address in removed:
            yield Control(*removed[bucket.address])
        elif holders:
            first = holders[0]
            says = f"A new bucket grants legacy roles to basic roles, so {member(first)}, who holds {role(first)}, reaches {{}}"
            fix = f"bind the legacy roles of {bucket.address} authoritatively, or remove {first.res.address}"
            yield fault(bucket, "name", says, "open", fix)


def _removed(world: World) -> dict[str, tuple[str, str]]:
    """Buckets whose legacy roles are bound authoritatively: address to the control."""
    bound: dict[str, set[str]] = {}
    found: dict[str, tuple[str, str]] = {}
    for res in world.of("google_storage_bucket_iam_policy"):
        if bucket := find(world, "google_storage_bucket", res.get("bucket"), res):
            found[bucket.address] = (res.address, "policy_data")
    for res in world.of("google_storage_bucket_iam_binding"):
        bucket_of = find(world, "google_storage_bucket", res.get("bucket"), res)
        if bucket_of is not None and str(res.get("role")) in _LEGACY and not res.get("condition"):
            bound.setdefault(bucket_of.address, set()).add(str(res.get("role")))
            if bound[bucket_of.address] >= _LEGACY:
                found[bucket_of.address] = (res.address, "members")
    return found
