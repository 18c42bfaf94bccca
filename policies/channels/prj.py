"""The project as an envelope: where it hangs, which services are on, and who is inside without being configured."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels import said
from policies.channels.evidence import Advice, Assumed, Control, Evidence, Failing, Leak, Residual, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.capabilities import held_by_workloads
from policies.facts.grants import Grant, grants, grants_by_kind
from policies.facts.members import parse
from policies.facts.orgrules import Weakness, weaknesses
from policies.facts.principals import agent_number, declarations, standing
from policies.facts.resource import Res
from policies.facts.services import HARMLESS, is_needed
from policies.facts.world import World

_MOVES = (
    "resourcemanager.projects.move", "resourcemanager.projects.delete", "resourcemanager.projects.undelete",
    "resourcemanager.projects.createBillingAssignment", "resourcemanager.projects.deleteBillingAssignment",
    "resourcemanager.projects.updateLiens",
)  # fmt: skip


@channel("PRJ-01")
def the_project_stays_where_it_is(world: World) -> Iterator[Evidence]:
    """Nobody who runs or reads inside may move, delete or re-bill the project, and no stack does."""
    for res in world.of("google_project"):
        yield from _hung(world, res)
    for res in world.of("google_billing_project_info"):
        yield _leak(
            res,
            "weakened",
            "billing_account",
            f"The billing of project {world.project} is switched to {_said(res.get('billing_account'))} by a stack: whoever owns that account may stop or move the project",
        )
    for grant in grants_by_kind(world).get("google_project", ()):
        who = standing(world, grant.member)
        if grant.permits(*_MOVES) and who.kind in ("own", "workload", "team", "foreign", "public", "unknown"):
            yield said.grant_leak(
                said.failing(world, grant), grant,
                f"{said.sentence(said.member(grant))}, {who.why}, can take project {world.project} out of its guard-rails: "
                f"it holds {said.role(grant)} ({said.where(grant)}).",
            )  # fmt: skip
    yield from _liens(world)


def _hung(world: World, res: Res) -> Iterator[Evidence]:
    if world.owns_project(res.get("project_id")) is not True:
        return
    organization = getattr(world.boundary.organization, "id", None)
    for name in ("org_id", "folder_id"):
        value = res.get(name)
        if value is None:
            continue
        if isinstance(value, Unknown):
            yield _leak(
                res, "undecided", name, f"Where project {world.project} hangs is not known ({value.reason})"
            )
        elif name == "org_id" and str(value) == str(organization):
            yield Control(res.address, name)
        elif name == "org_id" or organization is None:
            yield _leak(
                res,
                "open",
                name,
                f"Project {world.project} moves to {name.removesuffix('_id')} {value}, whose policies and administrators then hold",
            )
        else:
            yield _leak(
                res,
                "weakened",
                name,
                f"Project {world.project} moves to folder {value}, whose policies then hold",
            )


def _liens(world: World) -> Iterator[Evidence]:
    liens = [
        res
        for res in world.of("google_resource_manager_lien")
        if "resourcemanager.projects.delete" in (res.get("restrictions") or ())
    ]
    if getattr(world.boundary.organization, "id", None) is not None:
        yield from (Control(res.address, "restrictions") for res in liens)
    if not liens:
        yield Advice("no lien protects the project from deletion (google_resource_manager_lien)")


@channel("PRJ-02")
def only_needed_services_are_on(world: World) -> Iterator[Evidence]:
    """Every enabled service is one that the stacks use, and nothing that runs may enable another."""
    for res in world.of("google_project_service"):
        service = res.get("service")
        if isinstance(service, Unknown):
            yield _leak(
                res,
                "undecided",
                "service",
                f"Which service {res.name} enables is not known ({service.reason})",
            )
        elif service in HARMLESS or is_needed(world, str(service)):
            yield Control(res.address, "service")
        else:
            yield _leak(
                res,
                "weakened",
                "service",
                f"{service} is enabled, and nothing in these stacks needs it: its methods are open to whoever holds a role on the project",
            )
    for grant, who in held_by_workloads(world, "serviceusage.services.enable"):
        yield said.grant_leak(
            "open", grant,
            f"Code that runs as {who.member} may enable any service of Google's on the project: it holds "
            f"{said.role(grant)} ({said.where(grant)}).",
        )  # fmt: skip
    for grant in grants_by_kind(world).get("google_project", ()):
        who = standing(world, grant.member)
        if grant.permits("serviceusage.services.enable") and (who.outside or who.kind == "team"):
            yield said.grant_leak(
                said.failing(world, grant), grant,
                f"{said.sentence(said.member(grant))}, {who.why}, may enable any service on the project: it holds "
                f"{said.role(grant)} ({said.where(grant)}).",
            )  # fmt: skip


@channel("PRJ-03")
def no_policy_is_weakened(world: World) -> Iterator[Evidence]:
    """No stack takes back, widens, resets or only tries out an organisation policy."""
    for found in weaknesses(world):
        if isinstance(found, Weakness):
            yield _leak(found.res, found.status, found.attribute, found.says)
        else:
            yield Control(*found)


@channel("PRJ-04")
def agents_hold_their_own_roles(world: World) -> Iterator[Evidence]:
    """Google's service agents hold what their service needs, and none is another project's."""
    for grant in grants(world):
        member = grant.member if isinstance(grant.member, str) else ""
        number = agent_number(parse(member).name) if member else None
        if number is None and not member.startswith("agent:"):
            continue
        if number is not None and number != str(world.boundary.project_number):
            yield said.grant_leak(
                "open", grant,
                f"{member} acts for project {number}, not for {world.project}, and holds {said.role(grant)} on "
                f"{said.thing(grant)} ({said.where(grant)}): whoever owns that project sends it.",
            )  # fmt: skip
        elif grant.kind == "google_project" and _wide(grant):
            yield said.grant_leak(
                said.failing(world, grant), grant,
                f"Google's agent {member} holds {said.role(grant)} on the whole project, more than its own service needs: "
                f"whoever steers that service acts with it ({said.where(grant)}).",
            )  # fmt: skip
    for type_ in (
        "google_workload_identity_service_agent",
        "google_organization_service_identity",
        "google_folder_service_identity",
    ):
        for res in world.of(type_):
            yield _leak(
                res,
                "weakened",
                "",
                f"{type_} {res.name} makes an identity of Google's that acts beyond the project",
            )


def _wide(grant: Grant) -> bool:
    role = grant.role if isinstance(grant.role, str) else ""
    return (
        role in ("roles/owner", "roles/editor")
        or role.endswith((".admin", ".Admin"))
        or (
            grant.permits("resourcemanager.projects.setIamPolicy", "iam.serviceAccounts.getAccessToken")
            and not role.endswith("serviceAgent")
        )
    )


_READS = (
    "storage.objects.get", "bigquery.tables.getData", "pubsub.subscriptions.consume", "secretmanager.versions.access",
    "spanner.databases.select", "bigtable.tables.readRows", "datastore.entities.get", "compute.disks.useReadOnly",
)  # fmt: skip


@channel("PRJ-05")
def no_person_reads_data(world: World) -> Iterator[Evidence]:
    """No person outside the declarations reads data: whoever does may carry it off from a console or Cloud Shell."""
    for grant in grants(world):
        member = parse(grant.member) if isinstance(grant.member, str) else None
        if (
            member is None
            or member.kind not in ("user", "group", "domain", "workforce")
            or not grant.permits(*_READS)
        ):
            continue
        who = standing(world, grant.member)
        if who.outside:
            yield said.grant_leak(
                said.failing(world, grant), grant,
                f"{said.sentence(said.member(grant))}, {who.why}, can read {said.thing(grant)} from a browser or Cloud Shell, "
                f"outside every network control: it holds {said.role(grant)} ({said.where(grant)}).",
            )  # fmt: skip
        else:
            owner = next((d.owner for d in declarations(world).get(member.text, ()) if d.owner), "")
            yield Assumed(
                f"{member.text} reads {said.thing(grant)} as a person: {who.why}",
                owner or who.member,
                subject=grant.subject,
            )
    for res in world.of("google_project_service"):
        if res.get("service") == "cloudshell.googleapis.com":
            yield _leak(
                res,
                "weakened",
                "service",
                "Cloud Shell is enabled: a shell on Google's network, outside the project's, for whoever may sign in",
            )
    for res in world.of(
        "google_project_access_approval_settings", "google_organization_access_approval_settings"
    ):
        if getattr(world.boundary.organization, "id", None) is not None:
            yield Control(res.address, "enrolled_services")
    yield Residual(
        "Google's own staff, and people who hold data already, are not part of any configuration",
        "Access Approval of the organisation, and an attestation of who reads data",
    )


def _said(value: object) -> str:
    return "one that is not known" if isinstance(value, Unknown) else str(value)


def _leak(res: Res, status: Failing, attribute: str, text: str) -> Leak:
    where = f"{res.address}.{attribute}" if attribute else res.address
    return Leak(
        status, res.subject, f"{text} (`{where}`).",
        (Step(f"project {res.project}", "outside its guard-rails", f"`{attribute or res.type}` says so", res.address, attribute),),
        f"remove {where}", res.address, attribute,
    )  # fmt: skip
