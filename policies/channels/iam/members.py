"""Members: nobody outside is granted anything, nothing is held by default, nobody else's agents are let in."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Advice, Assumed, Control, Evidence, Leak, Step
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import grant_leak, guards, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.admission import leaving, released
from policies.facts.attached import attached_accounts, defaults_used
from policies.facts.denies import cut
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.members import parse
from policies.facts.orgpolicy import lifted
from policies.facts.prevention import BUCKETS, prevents
from policies.facts.principals import Standing, agent_number, standing
from policies.facts.resource import Res
from policies.facts.rights import BECOME, DATA, policy_changes
from policies.facts.roles import BASIC
from policies.facts.world import World


@channel("IAM-01")
def every_member_is_inside(world: World) -> Iterator[Evidence]:
    """Each member of each grant is created by the snapshot, a workload of its clusters, or declared."""
    left = set()
    for grant, found in leaving(world):
        left.add(grant.res.address)
        still = _refused(world, grant, found.who)
        effect = f"only {still} still refuses it" if still else "what the role reads leaves by it"
        yield grant_leak(
            "undecided" if found.who.kind == "unknown" else "weakened" if still else "open",
            grant,
            f"{sentence(member(grant))}, {found.why}, holds {role(grant)} on {thing(grant)}: {effect} ({where(grant)}).",
            f"remove {member(grant)} from {grant.attribute} of {grant.res.address}, or have security declare it",
        )
    for grant, release in released(world):
        text = f"{grant.subject} is released to {release.member}: {release.why}"
        yield Assumed(text, release.owner, release.until, grant.subject)
    for address, attribute in dict.fromkeys((g.res.address, g.attribute) for g in grants(world)):
        if address not in left:
            yield Control(address, attribute)


def _refused(world: World, grant: Grant, who: Standing) -> str | None:
    """What still refuses a grant to somebody outside; None when nothing does."""
    if cut(world, grant):
        return "a deny policy"
    if who.kind == "public" and grant.kind in BUCKETS and prevents(world, grant):
        return "public access prevention"
    return None


@channel("IAM-03")
def policies_are_authoritative(world: World) -> Iterator[Evidence]:
    """No two resources dispute a policy; additive ones leave what others granted out of band in place."""
    forms: dict[tuple[str, str], dict[str, list[Grant]]] = {}
    for grant in grants(world):
        if grant.form in ("member", "binding", "policy"):
            if grant.form != "member" and grant.on is None and isinstance(grant.target, Unknown):
                yield _aimless(grant)
                continue
            target = grant.on.address if grant.on is not None else str(grant.target)
            forms.setdefault((grant.kind, target), {}).setdefault(grant.form, []).append(grant)
    additive: list[Grant] = []
    for found in forms.values():
        yield from _disputes(found)
        additive += [g for g in found.get("member", ()) if g.kind in _WHOLE]
        for grant in (*found.get("binding", ()), *found.get("policy", ())):
            yield Control(grant.res.address, grant.attribute)
    if additive:
        text = f"{len(additive)} grants are additive: what was granted out of band beside them stays in place"
        yield Advice(text, additive[0].res.address, additive[0].attribute)


def _aimless(grant: Grant) -> Leak:
    return grant_leak(
        "undecided",
        grant,
        f"{grant.res.address} sets the policy of a {grant.kind.removeprefix('google_').replace('_', ' ')} that is not known, "
        "so it may undo any other grant.",
        f"refer to what {grant.res.address} is about",
    )


_WHOLE = frozenset({"google_project", "google_storage_bucket", "google_bigquery_dataset"})


def _disputes(found: dict[str, list[Grant]]) -> Iterator[Leak]:
    whole, bound = found.get("policy", []), found.get("binding", [])
    for grant in (*bound, *found.get("member", ())) if whole else ():
        yield _dispute(whole[0], grant)
    owners: dict[tuple[str, str], Grant] = {}
    for grant in bound:
        first = owners.setdefault((str(grant.role), str(grant.condition)), grant)
        if first.res is not grant.res:
            yield _dispute(first, grant)
    for grant in found.get("member", ()):
        if other := owners.get((str(grant.role), str(grant.condition))):
            yield _dispute(other, grant)


def _dispute(first: Grant, second: Grant) -> Leak:
    return grant_leak(
        "weakened",
        second,
        f"{first.res.address} and {second.res.address} both manage who holds {role(second)} on {thing(second)}: each "
        "apply undoes the other, so the policy that is proven here is not the one in force.",
        f"keep one of {first.res.address} and {second.res.address}",
    )


@channel("IAM-04")
def nothing_is_held_by_default(world: World) -> Iterator[Evidence]:
    """No basic role is bound, default service accounts hold nothing, service-agent roles are Google's alone."""
    for grant in grants(world):
        if grant.role in BASIC and (grant.kind in WIDE or grant.form in ("policy", "binding", "member")):
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))} holds the basic role {grant.role} on {thing(grant)}, which reads or "
                f"writes every service in it, and through convenience members every bucket ({where(grant)}).",
                f"replace {grant.role} in {grant.res.address} by the few predefined roles that are needed",
            )
        elif isinstance(grant.role, Unknown) and grant.permissions is None and grant.kind in WIDE:
            yield grant_leak(
                "undecided",
                grant,
                f"{sentence(member(grant))} holds a role on {thing(grant)} that is not known ({grant.role.reason}): it may be "
                f"a basic one ({where(grant)}).",
                f"write the role of {grant.res.address} out",
            )
        elif _agents_role(grant) and standing(world, grant.member).kind not in ("agent", "foreign", "public"):
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))} holds {grant.role} on {thing(grant)}: a role made for a Google service "
                f"agent, which reaches data of the whole project ({where(grant)}).",
            )
    yield from _default_accounts(world)


def _agents_role(grant: Grant) -> bool:
    if not isinstance(grant.role, str) or not grant.role.lower().endswith("serviceagent"):
        return False
    wide = grant.permits(*DATA, *BECOME) or bool(policy_changes(grant.permissions))
    return grant.kind in WIDE and wide


_REMOVED = {"DEPRIVILEGE", "DELETE"}
_NO_AUTOMATIC_GRANTS = (
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.managed.preventPrivilegedBasicRolesForDefaultServiceAccounts",
)


def _default_accounts(world: World) -> Iterator[Evidence]:
    controls = list(guards(world, *_NO_AUTOMATIC_GRANTS))
    yield from controls
    stripped = [
        res
        for res in world.of("google_project_default_service_accounts")
        if world.owns_project(res.get("project", res.project)) is not False
    ]
    good = [res for res in stripped if isinstance(action := res.get("action"), str) and action in _REMOVED]
    if good:
        yield from (Control(res.address, "action") for res in good)
        return
    if controls:
        return
    for res in stripped:
        action = res.get("action")
        if isinstance(action, Unknown):
            says = "Default service accounts of {} may keep the role Editor: the action is not known"
            yield fault(res, "action", says, "undecided", f"set action of {res.address} to DEPRIVILEGE")
            return
    yield from _editor(world, stripped[0] if stripped else None)


def _editor(world: World, res: Res | None) -> Iterator[Evidence]:
    service = next((s for s in _making_defaults(world)), None)
    if service is None:
        return
    used = next(iter(defaults_used(world)), None)
    account = f"{world.boundary.project_number}-compute@developer.gserviceaccount.com"
    address, attribute = (res.address, "action") if res else (service.address, "service")
    why = f"action is {res.get('action')}" if res else "no stack takes it away"
    text = f"The default service account {account} holds the role Editor, which Google grants when an API is enabled"
    if used is not None:
        user, at = used
        yield Leak(
            "open", account, f"{text} ({why}), and {user.address} runs as it.",
            (Step(user.subject, account, "no other service account is set", user.address, at),
             Step(account, f"project {world.project}", "it holds roles/editor", address, attribute)),
            "add google_project_default_service_accounts with action DEPRIVILEGE", address, attribute,
        )  # fmt: skip
        return
    yield Leak(
        "weakened", account, f"{text} ({why}): only that nothing runs as it yet keeps the project's data from it.",
        (Step(account, f"project {world.project}", "it holds roles/editor", address, attribute),),
        "add google_project_default_service_accounts with action DEPRIVILEGE", address, attribute,
    )  # fmt: skip


def _making_defaults(world: World) -> Iterator[Res]:
    """What enables an API that creates a default service account with the role Editor."""
    for res in world.of("google_project_service"):
        if res.get("service") in (
            "compute.googleapis.com",
            "appengine.googleapis.com",
            "container.googleapis.com",
        ):
            yield res
    yield from world.of(
        "google_compute_instance", "google_container_cluster", "google_app_engine_application"
    )


@channel("IAM-15")
def only_own_agents_are_let_in(world: World) -> Iterator[Evidence]:
    """Google service agents that hold a grant are the project's own."""
    number = str(world.boundary.project_number)
    for grant in grants(world):
        if isinstance(grant.member, Unknown):
            if grant.member.prefix.startswith("serviceAccount:") and not grant.member.prefix.endswith(":"):
                yield grant_leak(
                    "undecided",
                    grant,
                    f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)}; its address begins "
                    f"{grant.member.prefix}, so it may be the agent of any project ({where(grant)}).",
                )
            continue
        found = parse(grant.member)
        theirs = agent_number(found.name) if found.kind == "account" else None
        if theirs is None:
            continue
        if theirs == number:
            yield Control(grant.res.address, grant.attribute)
        else:
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))} is the Google service agent of project {theirs} and holds {role(grant)} on "
                f"{thing(grant)}: whoever runs that project makes it read here and write there ({where(grant)}).",
            )
    for res in world.of("google_storage_bucket"):
        if res.get("ip_filter.allow_all_service_agent_access", False) is True:
            says = "Bucket {} lets the service agents of every project past its IP filter"
            attribute = "ip_filter[0].allow_all_service_agent_access"
            yield fault(res, attribute, says, "weakened", f"set {attribute} of {res.address} to false")


@channel("IAM-14")
def own_accounts_serve_this_project_only(world: World) -> Iterator[Evidence]:
    """No identity of another project may run as a service account of this one, and no resource there does."""
    for grant, found in leaving(world):
        account = grant.kind == "google_service_account" or grant.kind in WIDE
        if account and found.who.kind != "public" and grant.permits("iam.serviceAccounts.actAs", *BECOME):
            yield grant_leak(
                "undecided" if found.who.kind == "unknown" else "open",
                grant,
                f"{sentence(member(grant))}, {found.why}, may run as {thing(grant)} from outside the project, where none "
                f"of its controls hold ({where(grant)}).",
            )
        elif account and grant.form == "member" and not found.who.outside:
            yield Control(grant.res.address, grant.attribute)
    for res, attribute, email in attached_accounts(world):
        if world.owns_project(res.project) is False:
            says = f"{{}} of project {res.project} runs as {email}, a service account of this project"
            yield fault(res, attribute, says, "open", f"give {res.address} an account of its own project")
    constraint = "iam.disableCrossProjectServiceAccountUsage"
    yield from guards(world, constraint)
    for res, attribute in lifted(world, constraint):
        says = "Policy {} lets service accounts of this project be attached in other projects"
        yield fault(res, attribute, says, "weakened", f"remove {res.address}")
