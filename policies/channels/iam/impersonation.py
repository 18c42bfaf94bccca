"""Nobody becomes a service account, or starts compute as one, beyond the scope of what the account reads."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, role, sentence, step, thing, where
from policies.channels.starting import may_start
from policies.expressions.values import Unknown
from policies.facts.admission import ruling, runtime
from policies.facts.attached import shared_accounts
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.ownership import owner, teams_of
from policies.facts.principals import declarations, own_accounts
from policies.facts.rights import ACT_AS, BECOME, CREATE, START_PODS, starting
from policies.facts.world import World
from policies.graph.access import EVERY_ACCOUNT, EVERYTHING, Gain, becomes, data_grants, gains


@channel("IAM-05")
def impersonation_stays_in_scope(world: World) -> Iterator[Evidence]:
    """Whoever can become a service account is in the scope of the data it reads."""
    gained = set()
    for gain in gains(world):
        gained.add(gain.grant)
        if gain.gained != EVERY_ACCOUNT and not gain.gained.startswith("serviceAccount:"):
            continue  # policies are IAM-07's, workloads TEN-04's and TEN-06's
        found = _out_of_scope(world, gain)
        if found is None:
            yield Control(gain.grant.res.address, gain.grant.attribute)
        else:
            yield _impersonation(world, gain, *found)
    for grant in grants(world):
        if grant.kind in _ON and _unknown(world, grant):
            yield grant_leak(
                "undecided",
                grant,
                f"{sentence(member(grant))} holds {role(grant)} and so may become {_accounts(grant)} ({where(grant)}).",
            )
        elif grant not in gained and _acts_as_others(world, grant):
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))} may act as {_accounts(grant)} ({role(grant)}): whatever it starts, here or in "
                f"another project, reads what the account reads ({where(grant)}).",
            )


def _unknown(world: World, grant: Grant) -> bool:
    """Whether it is not known who becomes an account by a grant, or whether somebody that runs does."""
    if isinstance(grant.member, Unknown):
        return grant.permits(*BECOME, ACT_AS)
    return grant.permissions is None and runtime(world, grant)


_ON = frozenset({"google_service_account", *WIDE})


def _impersonation(world: World, gain: Gain, status: Failing, why: str) -> Leak:
    grant = gain.grant
    return grant_leak(
        failing(world, grant, status),
        grant,
        f"{sentence(member(grant))}, {why}, {gain.because} ({role(grant)} at {where(grant)}) and so reads what is readable "
        "as that.",
        path=(Step(gain.holder, gain.gained, gain.because, grant.res.address, grant.attribute),),
    )


def _accounts(grant: Grant) -> str:
    return EVERY_ACCOUNT if grant.kind in WIDE else thing(grant)


def _out_of_scope(world: World, gain: Gain) -> tuple[Failing, str] | None:
    """Why the holder of a gain is outside the scope of what it becomes, None where it is inside."""
    verdict = ruling(world, gain.grant)
    if verdict.answer == "outside":
        return "open", verdict.why
    teams = teams_of(world, gain.holder)
    if (verdict.who.kind == "declared" and not teams) or gain.holder == gain.gained:
        return None
    if any(item.role == "members" for item in declarations(world).get(gain.holder, ())):
        return "open", "people of a team, who may read data only through a release"
    if gain.gained == EVERY_ACCOUNT:
        return "open", "one scope among many" if teams else "an identity that runs"
    account = own_accounts(world).get(gain.gained.removeprefix("serviceAccount:"))
    theirs = owner(world, account) if account is not None else None
    if theirs is None:
        return _over_the_platform(world, gain.gained, teams) if teams else None
    if teams - {theirs}:
        return "open", f"of team {', '.join(sorted(teams - {theirs}))} and not of team {theirs}"
    if not teams and gain.holder.removeprefix("serviceAccount:") in shared_accounts(world):
        return "open", f"by which compute of no single team runs, while the account is team {theirs}'s"
    return None


def _over_the_platform(world: World, account: str, teams: frozenset[str]) -> tuple[Failing, str]:
    """A team that becomes an account of the platform: open where that account comes to other scopes' data."""
    team = f"of team {', '.join(sorted(teams))}"
    for text in becomes(world, [account]):
        nodes = [node for _, node in data_grants(world).get(text, ())]
        if text in (EVERY_ACCOUNT, EVERYTHING) or any(
            n is None or owner(world, n) not in teams for n in nodes
        ):
            return "open", team
    return "weakened", f"{team}, while the account is the platform's and holds no data yet"


def _acts_as_others(world: World, grant: Grant) -> bool:
    """Whether a grant lets its holder act as an account that is not of its own scope."""
    if not _may_act(world, grant):
        return False
    theirs = owner(world, grant.on) if grant.on is not None else None
    return theirs is None or teams_of(world, str(grant.member)) != {theirs}


def _may_act(world: World, grant: Grant) -> bool:
    return grant.permissions is not None and ACT_AS in grant.permissions and runtime(world, grant)


@channel("IAM-06")
def nobody_acts_as_an_account_with_compute(world: World) -> Iterator[Evidence]:
    """No run-time identity may both act as an account and create compute that runs as it, run pods anywhere or deploy as
    Google's own agent."""
    creators: dict[str, Grant] = {}
    for grant in grants(world):
        if grant.permissions is not None and grant.permits(*CREATE) and isinstance(grant.member, str):
            creators.setdefault(grant.member, grant)
    for grant in grants(world):
        if not _may_act(world, grant):
            continue
        made = creators.get(str(grant.member))
        if made is not None and made.permissions is not None:
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))} may act as {_accounts(grant)} ({where(grant)}) and holds "
                f"{starting(made.permissions)} ({where(made)}): it starts a machine of its own that runs as the account.",
                path=(step(made), step(grant)),
            )
        else:
            yield grant_leak(
                failing(world, grant, "weakened"),
                grant,
                f"{sentence(member(grant))} may act as {_accounts(grant)} ({where(grant)}): only that it may create no "
                "compute in this project keeps it from running as the account.",
            )
    for grant in grants(world):
        started = sorted(START_PODS & (grant.permissions or frozenset()))
        if grant.kind in WIDE and started and runtime(world, grant):
            yield grant_leak(
                failing(world, grant),
                grant,
                f"{sentence(member(grant))} holds {started[0]} on {thing(grant)} ({role(grant)} at {where(grant)}): its pods "
                "run as any Kubernetes service account, and so as the service account that one stands for.",
            )
    # Needs no actAs: what a deployment creates, the agent creates that is editor of the project unless somebody took that.
    # Source: cloud.google.com/deployment-manager/docs/access-control
    yield from may_start(
        world, "deploymentmanager.googleapis.com",
        ("deploymentmanager.deployments.create", "deploymentmanager.deployments.update"),
        "have Google's own agent, an editor of the project, create machines that run as any service account of it",
    )  # fmt: skip
