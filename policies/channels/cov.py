"""Covert and semantic channels: what configuration bounds but cannot close."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Assumed, Evidence, Leak, Residual, Step
from policies.channels.outward import gained
from policies.channels.registry import channel
from policies.facts.capabilities import held_by_workloads
from policies.facts.perimeter.guard import guard
from policies.facts.principals import declarations
from policies.facts.world import World

# Names that everybody on the internet can see or test for.
_VISIBLE = {
    "storage.buckets.create": "a bucket, whose name is global",
    "iam.serviceAccounts.create": "a service account, whose address anybody can look up",
    "certificatemanager.certs.create": "a certificate, whose names public logs record",
    "compute.sslCertificates.create": "a certificate, whose names public logs record",
    "compute.addresses.create": "an address on the internet",
    "compute.globalAddresses.create": "an address on the internet",
    "dns.resourceRecordSets.create": "a DNS record",
    "artifactregistry.repositories.create": "a repository, whose name its host answers for",
}


@channel("COV-01")
def running_code_chooses_no_visible_names(world: World) -> Iterator[Evidence]:
    """No identity of running code may create what has a name that others can see; what it labels inside is residual."""
    for grant, who in held_by_workloads(world, *_VISIBLE):
        what = next((text for permission, text in _VISIBLE.items() if grant.permits(permission)), "")
        yield gained(
            grant,
            who,
            f"may write data into the name of {what}",
            what,
            ("anybody", "its name can be seen from outside"),
        )
    yield Residual(
        "names, labels, metric labels and error texts that code chooses carry a few bytes each to whoever reads them inside",
        "nothing closes it; its bandwidth is bounded by quotas",
    )  # fmt: skip


@channel("COV-02")
def permitted_flows_can_be_timed(world: World) -> Iterator[Evidence]:
    """Whoever observes a permitted flow can read its timing and volume."""
    yield Residual("the timing and volume of permitted requests can be modulated", "no observer outside")


@channel("COV-03")
def a_read_outside_is_a_write(world: World) -> Iterator[Evidence]:
    """Asking a foreign bucket for an object tells its owner the object's name: closed by a perimeter alone."""
    perimeter = guard(world)
    if perimeter.holds:
        yield from perimeter.controls
        return
    because = "a request to read gs://somebody-elses-bucket/<data> is written in that bucket's access log"
    closes = "VPC Service Controls around the project, with no wide egress rule"
    if world.boundary.assurance != "perimeter":
        yield Residual(because, closes)
        return
    lacking = "; ".join(item.sentence for item in perimeter.missing)
    where = perimeter.missing[0]
    yield Leak(
        "open", world.project, f"{because[:1].upper()}{because[1:]}: {lacking}.",
        (Step("a workload", "the access log of a bucket of somebody else's", because, where.address, where.attribute),),
        closes, where.address, where.attribute,
    )  # fmt: skip


@channel("COV-04")
def what_is_released_may_hold_data(world: World) -> Iterator[Evidence]:
    """Models and results that a release makes readable to people may hold training data; each release is a decision."""
    for items in declarations(world).values():
        for item in items:
            if item.role == "release":
                yield Assumed(f"{item.bucket} of {item.team} is released to {item.member}: {item.why}", item.owner, item.until,
                              item.bucket)  # fmt: skip
