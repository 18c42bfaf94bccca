"""API-08 and API-09: what the rules of a perimeter let through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.facts.grants import grants
from policies.facts.perimeter.levels import too_wide
from policies.facts.perimeter.model import Config, Perimeter, Rule, orphan_rules, perimeters
from policies.facts.perimeter.width import wide_egress, wide_ingress
from policies.facts.world import World


def _subject(perimeter: Perimeter, rule: Rule) -> str:
    title = rule.res.get("title")
    return str(title) if rule.res is not perimeter.res and isinstance(title, str) else perimeter.name


@channel("API-08")
def rules_name_who_what_and_where(world: World) -> Iterable[Evidence]:
    """No rule, access level or bridge of an enforced perimeter lets strangers in or data out."""
    for perimeter in perimeters(world):
        if perimeter.status is None:
            continue
        if perimeter.bridge:
            yield from _bridge(world, perimeter)
            continue
        yield from _rules(world, perimeter, perimeter.status)
        for level in sorted(perimeter.status.levels):
            reason = too_wide(world, level)
            if reason is not None:
                attribute = perimeter.attribute("status[0].access_levels")
                yield _wide(
                    perimeter.name,
                    f"Perimeter {perimeter.name} lets in whoever satisfies an access level: {reason}",
                    perimeter.res.address,
                    attribute,
                )
        if not any(isinstance(item, Leak) for item in _rules(world, perimeter, perimeter.status)):
            yield Control(perimeter.res.address, perimeter.attribute("status[0]"))
    for res in world.of("google_access_context_manager_authorized_orgs_desc"):
        yield _wide(
            res.subject,
            f"{res.subject} lets access levels of other organisations count here",
            res.address,
            "orgs",
        )
    yield from _orphans(world)


def _wide(subject: str, sentence: str, address: str, attribute: str) -> Leak:
    return Leak(
        "open", subject, f"{sentence}.", (Step("a stranger", "the project's data", sentence, address, attribute),),
        f"narrow {attribute} of {address}", address, attribute,
    )  # fmt: skip


def _rules(world: World, perimeter: Perimeter, config: Config) -> Iterator[Evidence]:
    for rule in config.egress:
        yield from _judged(
            perimeter, rule, wide_egress(world, rule), "the project's data", "a project of somebody else's"
        )
    for rule in config.ingress:
        yield from _judged(perimeter, rule, wide_ingress(world, rule), "a stranger", "the project's data")


def _judged(
    perimeter: Perimeter, rule: Rule, reason: str | None, source: str, target: str
) -> Iterator[Evidence]:
    attribute = rule.attribute(f"{rule.direction}_to" if rule.direction == "egress" else "ingress_from")
    if reason is None:
        if rule.direction == "egress" and rule.resources:
            yield Advice(
                "even a read tells its far end the names that are asked for", rule.res.address, attribute
            )
        return
    unsure = bool(rule.unread)
    yield Leak(
        "undecided" if unsure else "open", _subject(perimeter, rule),
        f"Perimeter {perimeter.name} is open: {reason}.",
        () if unsure else (Step(source, target, reason, rule.res.address, attribute),),
        f"remove the rule from {rule.res.address}, or name identities, one project and read methods", rule.res.address, attribute,
    )  # fmt: skip


def _bridge(world: World, perimeter: Perimeter) -> Iterator[Leak]:
    config = perimeter.status
    assert config is not None
    own = f"projects/{world.boundary.project_number}"
    others = sorted(config.members - {own})
    if own in config.members and others:
        attribute = perimeter.attribute("status[0].resources")
        yield _wide(
            perimeter.name,
            f"Bridge {perimeter.name} joins the project with {', '.join(others)}",
            perimeter.res.address,
            attribute,
        )


def _orphans(world: World) -> Iterator[Evidence]:
    """Rules of their own whose perimeter is not in the snapshot: they are judged all the same."""
    for rule in orphan_rules(world):
        reason = wide_egress(world, rule) if rule.direction == "egress" else wide_ingress(world, rule)
        if reason is not None:
            attribute = rule.attribute(f"{rule.direction}_to")
            yield Leak(
                "undecided" if rule.unread else "open", rule.res.subject, f"A perimeter that is not in the snapshot is open: {reason}.",
                () if rule.unread else (Step("the project's data", "somebody else's", reason, rule.res.address, attribute),),
                f"remove {rule.res.address}", rule.res.address, attribute,
            )  # fmt: skip


_SIGN = frozenset({"iam.serviceAccounts.signBlob"})


@channel("API-09")
def no_request_without_identity_passes_the_rules(world: World) -> Iterable[Evidence]:
    """Where ingress is by identity, nobody can sign URLs or use HMAC keys, which carry none."""
    keyed = [
        rule for perimeter in perimeters(world) if perimeter.status is not None
        for rule in perimeter.status.ingress
        if (rule.identities or rule.identity_type) and not any(source.resource or source.level not in (None, "*") for source in rule.sources)
    ]  # fmt: skip
    for rule in keyed:
        for address, attribute, phrase in _signers(world):
            yield Leak(
                "open", rule.res.subject,
                f"An ingress rule is keyed on identities alone, and {phrase}: a signed request carries no identity that the rule could check.",
                (Step("whoever holds a signed URL", "a bucket of the project", phrase, address, attribute),),
                f"add a network source to the rule, or remove {address}", rule.res.address, rule.attribute("ingress_from"),
            )  # fmt: skip
    for rule in keyed:
        yield Control(rule.res.address, rule.attribute("ingress_from"))


def _signers(world: World) -> Iterator[tuple[str, str, str]]:
    for res in world.of("google_storage_hmac_key"):
        yield res.address, "service_account_email", f"{res.address} is an HMAC key"
    for res in world.of("google_service_account_key"):
        yield res.address, "service_account_id", f"{res.address} signs URLs outside"
    for grant in grants(world):
        if (
            grant.kind in ("google_service_account", "google_project")
            and grant.permissions is not None
            and not grant.permissions.isdisjoint(_SIGN)
        ):
            yield (
                grant.res.address,
                grant.attribute,
                f"{grant.member} may sign as a service account ({grant.role})",
            )
