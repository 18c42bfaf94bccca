"""DNS-06 and DNS-08: names and queries that others read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.dns.zones import logs_queries, zone_of, zones
from policies.facts.grants import Grant, grants
from policies.facts.network.networks import foreign_project
from policies.facts.network.nics import nics
from policies.facts.principals import standing
from policies.facts.sinks import SINKS, sink_place
from policies.facts.world import World, fact

_CHANGE = frozenset({"dns.changes.create", "dns.resourceRecordSets.create", "dns.resourceRecordSets.update"})
_BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer"})


@channel("DNS-06")
def no_name_is_published(world: World) -> Iterable[Evidence]:
    """No public zone, and nobody at run time who could write one."""
    public = [zone for zone in zones(world) if zone.private is not True]
    for zone in zones(world):
        if zone.private is True:
            yield Control(zone.res.address, "visibility")
    for zone in public:
        res = zone.res
        if isinstance(zone.private, Unknown):
            yield Leak(
                "undecided", res.subject, f"Whether zone {res.subject} is public is not known ({zone.private.reason}).",
                (), f"write visibility of {res.address} as a literal", res.address, "visibility",
            )  # fmt: skip
            continue
        yield Leak(
            "open", res.subject,
            f"Zone {res.subject} ({res.get('dns_name')}) is public: whoever may write a record publishes it to the whole internet.",
            (Step("whoever writes a record", "the internet", f"zone {res.subject} is public", res.address, "visibility"),),
            f'set visibility = "private" on {res.address}', res.address, "visibility",
        )  # fmt: skip
    for res in world.of("google_clouddomains_registration"):
        name = res.get("domain_name")
        yield Leak(
            "open", res.subject, f"Domain {name} is registered for the project: its records are read by the whole internet.",
            (Step("whoever writes a record", "the internet", "the domain is public", res.address, "domain_name"),),
            f"remove {res.address}", res.address, "domain_name",
        )  # fmt: skip
    yield from _records(world)
    yield from _writers(world)


def _records(world: World) -> Iterator[Leak]:
    for res in world.of("google_dns_record_set"):
        if zone_of(world, res) is not None:
            continue
        project = foreign_project(world, res.get("managed_zone")) or (
            str(res.project) if world.owns_project(res.project) is False else None
        )
        where = (
            f"a zone of project {project}" if project else "a zone that no stack creates, which may be public"
        )
        yield Leak(
            "open" if project else "undecided", res.subject, f"Record {res.get('name')} is written to {where}.",
            (Step("whoever writes the record", where, "its readers are not known", res.address, "managed_zone"),) if project else (),
            f"write the record to a private zone of the snapshot: {res.address}", res.address, "managed_zone",
        )  # fmt: skip


def _writers(world: World) -> Iterator[Leak]:
    running = {nic.position.account for nic in nics(world)}
    for grant in grants(world):
        if grant.kind not in ("google_project", "google_dns_managed_zone") or grant.permissions is None:
            continue
        if grant.role in _BASIC or grant.permissions.isdisjoint(_CHANGE):
            continue
        why = _runs(world, grant, running)
        if why is not None:
            yield Leak(
                "open", grant.subject,
                f"{grant.member}, {why}, may write DNS records ({grant.role}): a record of a public zone is read by the whole internet.",
                (Step(str(grant.member), "a DNS zone", f"it holds {grant.role}", grant.res.address, grant.attribute),
                 Step("a DNS zone", "the internet", "records of a public zone are read by everyone")),
                f"remove {grant.member} from {grant.res.address}", grant.res.address, grant.attribute,
            )  # fmt: skip


def _runs(world: World, grant: Grant, running: set[str]) -> str | None:
    """Why the member of a grant is somebody who must not publish, None when it is not."""
    who = standing(world, grant.member)
    if who.outside or who.kind in ("team", "workload"):
        return who.why
    account = str(grant.member).removeprefix("serviceAccount:")
    if account in running or account in _workload_accounts(world):
        return "which code runs as"
    return None


@fact
def _workload_accounts(world: World) -> set[str]:
    """Service accounts that pods may use, by address."""
    return {
        str(grant.on.get("account_id")) + f"@{world.project}.iam.gserviceaccount.com"
        for grant in grants(world)
        if grant.kind == "google_service_account"
        and grant.on is not None
        and standing(world, grant.member).kind == "workload"
    }


@channel("DNS-08")
def logged_queries_stay_inside(world: World) -> Iterable[Evidence]:
    """Where DNS queries are logged, no log sink takes them outside."""
    writers = list(logs_queries(world))
    if not writers:
        return
    for sink in world.of(*SINKS):
        there, _ = sink_place(world, sink.get("destination", Unknown("no destination")))
        if there.inside:
            yield Control(sink.address, "destination")
            continue
        res, attribute = writers[0]
        path = (
            Step(
                "a workload's query", "the project's logs", f"{res.subject} logs it", res.address, attribute
            ),
            Step(
                "the project's logs",
                there.name,
                f"sink {sink.subject} exports them",
                sink.address,
                "destination",
            ),
        )
        yield Leak(
            there.failing, res.subject,
            f"{res.subject} writes every DNS query to the logs ({attribute}), and log sink {sink.subject} takes them to "
            f"{there.name}, {there.why}: data leaves in the names.",
            path if there.failing == "open" else (), f"point {sink.address} at a destination of the snapshot", res.address, attribute,
        )  # fmt: skip
