"""Denies and boundaries that are there have no holes; allow systems beside IAM are read or refused."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Leak
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.admission import leaving
from policies.facts.conditions import surely_holds
from policies.facts.denies import DENY, attached, holes
from policies.facts.grants import expression
from policies.facts.lists import strings
from policies.facts.resource import Res
from policies.facts.world import World


@channel("IAM-12")
def denies_have_no_holes(world: World) -> Iterator[Evidence]:
    """A deny policy that is there denies everyone but trusted principals, always, and what it denies exists."""
    for res in world.of(DENY):
        found: list[Evidence] = list(_deny_faults(world, res))
        yield from found or [Control(res.address, "rules[0].deny_rule")]


def _deny_faults(world: World, res: Res) -> Iterator[Leak]:
    rules = res.blocks("rules.deny_rule")
    match attached(world, res):
        case None:
            says = "What deny policy {} is attached to is not known, so it counts as absent"
            yield fault(res, "parent", says, "undecided", f"write parent of {res.address} out")
        case False:
            says = (
                "Deny policy {} is attached to neither the project nor its organisation, so it does not count"
            )
            yield fault(res, "parent", says, "weakened", f"attach it to project {world.project}")
    for rule in rules:
        for hole in holes(world, rule):
            attribute = rule.at(hole.name)
            fix = f"{hole.fix} in {attribute} of {res.address}"
            yield fault(res, attribute, f"Deny policy {{}} {hole.says}", "weakened", fix)
    for path, _ in res.unknowns("rules"):
        says = "What deny policy {} denies is not known, so it counts as absent"
        yield fault(res, path, says, "undecided", f"write {path} of {res.address} out")
    if not rules and not res.unknowns("rules"):
        yield fault(res, "rules", "Deny policy {} denies nothing: it has no rule", "weakened")


_RESOURCE_MANAGER = "//cloudresourcemanager.googleapis.com/"
BOUNDARY = "google_iam_principal_access_boundary_policy"
BINDINGS = (
    "google_iam_organizations_policy_binding",
    "google_iam_folders_policy_binding",
    "google_iam_projects_policy_binding",
)
NEEDED_VERSION = (
    4  # the default of 2026-08: older ones leave data permissions of Cloud Storage and BigQuery out
)


@channel("IAM-13")
def boundaries_hold(world: World) -> Iterator[Evidence]:
    """A principal access boundary that is there is bound, covers every principal of the project and this project only."""
    bound = {
        id(target) for binding in world.of(*BINDINGS) if (target := _bound_policy(world, binding)) is not None
    }
    for res in world.of(BOUNDARY):
        faults = list(_boundary_faults(world, res))
        if id(res) not in bound:
            says = "Principal access boundary {} is bound to nobody, so it bounds nobody"
            faults.append(
                fault(res, "principal_access_boundary_policy_id", says, "weakened", "bind it to the project")
            )
        yield from faults
        if not faults:
            yield Control(res.address, "details[0].rules")
    for res in world.of(*BINDINGS):
        yield from _binding_faults(world, res)


def _bound_policy(world: World, binding: Res) -> Res | None:
    value = binding.get("policy")
    target = world.referred(value)
    if target is not None or not isinstance(value, str):
        return target
    name = value.rsplit("/", 1)[-1]
    policies = world.of(BOUNDARY)
    return next((p for p in policies if p.get("principal_access_boundary_policy_id") == name), None)


def _boundary_faults(world: World, res: Res) -> Iterator[Leak]:
    own = {f"{_RESOURCE_MANAGER}projects/{name}" for name in (world.project, world.boundary.project_number)}
    for path, _ in res.unknowns("details"):
        yield fault(
            res,
            path,
            "What principal access boundary {} allows is not known",
            "undecided",
            f"write {path} out",
        )
    for rule in res.blocks("details.rules"):
        for target in strings(rule.get("resources", ())):
            if target not in own:
                says = f"Principal access boundary {{}} lets the project's principals reach {target}"
                yield fault(
                    res, rule.at("resources"), says, "weakened", f"list this project only in {res.address}"
                )
    version = res.get("details.enforcement_version", "latest")
    if str(version).isdigit() and int(version) < NEEDED_VERSION:
        says = (
            f"Principal access boundary {{}} enforces version {version}, which leaves later permissions out"
        )
        yield fault(res, "details[0].enforcement_version", says, "weakened", f"pin {NEEDED_VERSION} or later")


def _binding_faults(world: World, res: Res) -> Iterator[Leak]:
    if not surely_holds(expression(res)):
        says = "Binding {} bounds principals under a condition only"
        yield fault(res, "condition", says, "weakened", f"remove the condition of {res.address}")
    target = res.get("target.principal_set")
    if isinstance(target, Unknown):
        says = "Whom binding {} bounds is not known"
        yield fault(res, "target[0].principal_set", says, "undecided", "write the principal set out")
    elif isinstance(target, str) and not _holds_the_project(world, target):
        says = f"Binding {{}} bounds {target}, which is not the set of this project's principals"
        yield fault(res, "target[0].principal_set", says, "weakened", "bind the project's principal set")


def _holds_the_project(world: World, principal_set: str) -> bool:
    """Whether a set is the project's principals, or those of a folder or organisation that may hold the project."""
    kind, _, name = principal_set.removeprefix(_RESOURCE_MANAGER).partition("/")
    if kind == "projects":
        return name in (world.project, world.boundary.project_number)
    if kind == "organizations":
        return name == getattr(world.boundary.organization, "id", name)
    return kind == "folders"


# Allow systems whose rules this proof does not read: what they let in cannot be decided.
_UNREAD = (
    "google_firebaserules_ruleset", "google_firebaserules_release", "google_managed_kafka_acl", "google_sql_user",
    "google_alloydb_user", "google_looker_instance", "google_healthcare_consent_store", "google_dataplex_data_asset",
    "google_bigquery_analytics_hub_data_exchange", "google_bigquery_analytics_hub_listing",
    "google_bigquery_row_access_policy", "google_redis_acl_policy", "google_memorystore_acl_policy",
    "google_iam_access_boundary_policy",
)  # fmt: skip

_SYSTEMS = {
    "access": "the dataset's access list",
    "acl": "an access control list of the bucket",
    "rule": "an IAM access policy",
}


@channel("IAM-18")
def allow_systems_beside_iam_are_read(world: World) -> Iterator[Evidence]:
    """Access lists, access control lists and access policies let nobody in, and no other allow system is in use."""
    for grant, found in leaving(world):
        system = _SYSTEMS.get(grant.form)
        if system:
            yield grant_leak(
                "undecided" if found.who.kind == "unknown" else "open",
                grant,
                f"{sentence(member(grant))}, {found.why}, holds {role(grant)} on {thing(grant)} by {system}, which no IAM "
                f"policy shows ({where(grant)}).",
            )
    for type_ in _UNREAD:
        for res in world.of(type_):
            says = f"{{}} lets in whom the rules of {type_} let in, which are not IAM and are not read here"
            yield fault(res, "", says, "undecided")
    for res in world.of("google_spanner_database"):
        if any("ROLE" in statement.upper() for statement in strings(res.get("ddl", ()))):
            says = "Database {} has roles of its own, whose grants are not IAM and are not read here"
            yield fault(res, "ddl", says, "undecided")
    for res in world.of("google_bigquery_dataset"):
        yield Control(res.address, "access")
