"""Teams are granted what is theirs."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations import names
from cloister.declarations.team import Share
from policies.channels.evidence import Assumed, Control, Evidence, Leak, Step
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, role, sentence, step, steps, thing, where
from policies.expressions.values import Unknown
from policies.facts.attached import shared_accounts
from policies.facts.conditions import read
from policies.facts.datanodes import data_nodes, reached_under, serves
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.ownership import NAMESPACES, all_teams, claims, labels, owner, teams_of
from policies.facts.principals import default_accounts
from policies.facts.resource import Res
from policies.facts.rights import DATA, READ, policy_changes
from policies.facts.world import World
from policies.graph.access import Reach, crossings, data_grants, team_members


@channel("TEN-01")
def no_team_holds_data_of_the_project(world: World) -> Iterator[Evidence]:
    """No identity of a team holds a data role on the whole project, unless a condition keeps it to what is theirs."""
    for grant in grants(world):
        teams = teams_of(world, grant.member) if grant.kind in WIDE else frozenset()
        if not teams:
            continue
        if grant.permissions is None:
            text = f"{sentence(member(grant))} of team {_named(teams)} holds {role(grant)} on {thing(grant)}, which may be data"
            yield grant_leak("undecided", grant, f"{text} of every team ({where(grant)}).")
        elif held := sorted(DATA & grant.permissions):
            yield _wide(world, grant, teams, held)


def _wide(world: World, grant: Grant, teams: frozenset[str], held: list[str]) -> Evidence:
    text = f"{sentence(member(grant))} of team {_named(teams)} holds {role(grant)} on {thing(grant)}"
    if read(grant.condition).kind in ("narrows", "never"):
        theirs = _others(world, grant, teams)
        if theirs is None:
            return Control(grant.res.address, "condition[0].expression")
        return grant_leak(
            "open",
            grant,
            f"{text} under a condition that {theirs.subject} of team {owner(world, theirs)} fulfils too ({where(grant)}).",
            f"grant {role(grant)} on the team's own resources instead of the project in {grant.res.address}",
        )
    return grant_leak(
        "open",
        grant,
        f"{text}, so {held[0]} reaches every other team's as well ({where(grant)}).",
        f"grant {role(grant)} on the team's own resources instead of the project in {grant.res.address}",
    )


def _others(world: World, grant: Grant, teams: frozenset[str]) -> Res | None:
    for node in reached_under(world, grant.condition):
        theirs = owner(world, node)
        if theirs is not None and theirs not in teams and serves(grant.permissions, node):
            return node
    return None


def _named(teams: frozenset[str]) -> str:
    return ", ".join(sorted(teams))


@channel("TEN-02")
def every_team_reaches_its_own_data_only(world: World) -> Iterator[Evidence]:
    """No identity comes to a data node of a team that is not its own, directly or through what it becomes."""
    for res in (*data_nodes(world), *world.of("google_service_account", *NAMESPACES)):
        yield from _owned_once(world, res)
    for team in all_teams(world):
        for reach in crossings(world, team):
            yield _crossing(world, team, reach)
    yield from _shared(world)


def _owned_once(world: World, res: Res) -> Iterator[Evidence]:
    found = claims(world, res)
    teams = list(dict.fromkeys(claim.team for claim in found))
    for attribute, value in labels(res):
        if isinstance(value, Unknown):
            says = (
                f"Whose {{}} is cannot be known: its label is not known before it is applied ({value.reason})"
            )
            yield fault(res, attribute, says, "undecided", f"write {attribute} of {res.address} out")
    if len(teams) > 1:
        first, second = found[0], next(claim for claim in found if claim.team != found[0].team)
        yield Leak(
            "open", res.subject,
            f"{res.subject} is team {first.team}'s, since {first.because} (`{first.address}.{first.attribute}`), and team "
            f"{second.team}'s, since {second.because} (`{second.address}.{second.attribute}`): what one puts there the "
            "other reads.",
            (Step(f"team {first.team}", res.subject, first.because, first.address, first.attribute),
             Step(res.subject, f"team {second.team}", second.because, second.address, second.attribute)),
            f"give each team one of its own instead of {res.address}", second.address, second.attribute,
        )  # fmt: skip
    elif teams:
        yield Control(found[0].address, found[0].attribute)


def _crossing(world: World, team: str, reach: Reach) -> Evidence:
    if reach.grant is None or isinstance(reach.node, str):
        last = reach.steps[-1]
        return Leak(
            "open", world.project,
            f"{sentence(reach.source)} of team {team}{_way(reach)}: that is every other team's too "
            f"(`{last.address}.{last.attribute}`).",
            steps(reach.steps), f"remove the grant in {last.address}", last.address, last.attribute,
        )  # fmt: skip
    theirs = str(owner(world, reach.node))
    share = _share(world, theirs, team, reach)
    if share is not None:
        text = f"{reach.node.subject} is shared with team {team}: {share.why}"
        return Assumed(text, share.owner, share.until, reach.node.subject)
    return Leak(
        failing(world, reach.grant), reach.node.subject,
        f"{sentence(reach.source)} of team {team}{_way(reach)}{', which' if reach.steps else ''} holds {role(reach.grant)} on {thing(reach.grant)}, which holds data "
        f"of team {theirs} ({where(reach.grant)}).",
        (*steps(reach.steps), step(reach.grant)),
        f"remove {member(reach.grant)} from {reach.grant.attribute} of {reach.grant.res.address}",
        reach.grant.res.address, reach.grant.attribute,
    )  # fmt: skip


def _way(reach: Reach) -> str:
    """The steps to what holds the data: " can mint access tokens of x, which can sign as y"."""
    return " " + ", which ".join(edge.because for edge in reach.steps) if reach.steps else ""


def _share(world: World, theirs: str, team: str, reach: Reach) -> Share | None:
    """The share of a team's file that lets another team read, and no more than read, this bucket."""
    declared = world.declared.teams.get(theirs) if world.declared else None
    held = reach.grant.permissions if reach.grant is not None else None
    if declared is None or held is None or policy_changes(held) or not (held & DATA) <= READ:
        return None
    for share in declared.shares:
        bucket = names.bucket(world.project, theirs, share.bucket)
        if share.with_ == team and isinstance(reach.node, Res) and reach.node.get("name") == bucket:
            return share
    return None


def _shared(world: World) -> Iterator[Evidence]:
    """Accounts that compute of several teams runs as, or may, must hold no team's data."""
    teamed = {text for members in team_members(world).values() for text in members}
    users = {
        email: f"{user.address}, which no single team uses, runs as it"
        for email, (user, _) in shared_accounts(world).items()
    }
    users |= dict.fromkeys(default_accounts(world), "whatever names no account runs as it")
    for email, use in users.items():
        text = f"serviceAccount:{email}"
        for grant, node in data_grants(world).get(text, ()) if text not in teamed else ():
            hit = node if node is not None else _first_served(world, grant)
            theirs = owner(world, hit) if hit is not None else None
            if hit is not None and theirs is not None:
                reach = "" if node is not None else f", so on {hit.subject},"
                yield grant_leak(
                    failing(world, grant),
                    grant,
                    f"{text} holds {role(grant)} on {thing(grant)}{reach} of team {theirs} ({where(grant)}), and {use}.",
                    path=(Step("every team", text, use), step(grant)),
                )


def _first_served(world: World, grant: Grant) -> Res | None:
    """A team's data node that a grant on the whole project reaches."""
    served = (node for node in data_nodes(world) if serves(grant.permissions, node))
    return next((node for node in served if owner(world, node) is not None), None)
