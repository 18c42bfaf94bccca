"""IP filters of buckets that are there have no holes."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak
from policies.channels.outward import fault, landed, reached
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.resource import Block, Res
from policies.facts.world import World


@channel("GCS-06")
def ip_filters_have_no_holes(world: World) -> Iterator[Evidence]:
    """Where a bucket has an IP filter it is on, and lets in the project's own networks only."""
    bare: list[Res] = []
    for bucket in world.of("google_storage_bucket"):
        filters = bucket.blocks("ip_filter")
        for block in filters:
            yield from _holes(world, bucket, block)
        if isinstance(bucket.get("ip_filter"), Unknown):
            yield fault(
                bucket, "ip_filter", "Whom the IP filter of bucket {} lets in is not known", "undecided"
            )
        elif not filters:
            bare.append(bucket)
    if bare:
        text = f"{len(bare)} buckets have no IP filter, which would bind them to the project's networks"
        yield Advice(text, bare[0].address, "ip_filter")


def _holes(world: World, bucket: Res, block: Block) -> Iterator[Evidence]:
    found: list[Evidence] = []
    mode = block.get("mode", "Disabled")
    if isinstance(mode, Unknown) or mode != "Enabled":
        found.append(
            _hole(
                bucket,
                block,
                "mode",
                f"is {mode if isinstance(mode, str) else 'not known to be on'}",
                "Enabled",
                mode,
            )
        )
    ranges = block.get("public_network_source.allowed_ip_cidr_ranges", ())
    if isinstance(ranges, Unknown) or ranges:
        listed = "a list that is not known" if isinstance(ranges, Unknown) else ", ".join(map(str, ranges))
        says = f"lets in the internet addresses {listed}"
        found.append(_hole(bucket, block, "public_network_source", says, "nothing", ranges))
    for name in ("allow_cross_org_vpcs", "allow_all_service_agent_access"):
        value = block.get(name, False)
        if isinstance(value, Unknown) or value is True:
            found.append(
                _hole(bucket, block, name, f"has {name}: others' networks or agents pass", "false", value)
            )
    for source in block.blocks("vpc_network_sources"):
        there = reached(world, source.get("network"), "network", bucket)
        says = "The IP filter of bucket {} lets in"
        found.append(landed(bucket, source.at("network"), there, says, "network", "weakened"))
    if any(isinstance(piece, Leak) for piece in found):
        yield from found
    else:
        yield Control(bucket.address, block.path)


def _hole(bucket: Res, block: Block, name: str, says: str, good: str, value: object) -> Leak:
    attribute = block.at(name)
    status = "undecided" if isinstance(value, Unknown) else "weakened"
    fix = f"set {attribute} of {bucket.address} to {good}"
    return fault(
        bucket,
        attribute,
        f"The IP filter of bucket {{}} {says}",
        "undecided" if status == "undecided" else "weakened",
        fix,
    )
