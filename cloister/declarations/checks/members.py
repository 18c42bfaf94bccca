"""People of the company's domain, identities of the project, teams that exist."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations import names
from cloister.declarations.mistakes import Mistake, nearest
from cloister.declarations.source import Location
from cloister.declarations.team import Team
from cloister.declarations.tree import File, Rule, Tree


def people(tree: Tree) -> Iterator[Mistake]:
    """Members and releases name groups or users of the boundary's domain."""
    domain = tree.boundary.value.domain
    for file in tree.teams:
        for location, member in _people(file):
            kind, _, address = member.partition(":")
            found_domain = address.partition("@")[2]
            if kind == "serviceAccount":
                yield file.wrong(location, member, f"people: group: or user: and an address of {domain}")
            elif found_domain != domain:
                yield file.wrong(location, member, f"a member of {domain}")


def sources(tree: Tree) -> Iterator[Mistake]:
    """Who writes a team's data is a service account of the project, and of no other team."""
    project = tree.boundary.value.project
    own = f"@{project}.iam.gserviceaccount.com"
    teams = {names.team_service_account_email(project, team): team for team, _ in tree.named()}
    for file in tree.teams:
        for index, source in enumerate(file.part(lambda team: team.sources, ())):
            location = ("sources", index, "member")
            kind, _, address = source.member.partition(":")
            if kind != "serviceAccount" or not address.endswith(own):
                yield file.wrong(
                    location, source.member, f"an identity of the project: serviceAccount:NAME{own}"
                )
            elif address in teams:
                cure = f"; let {teams[address]} share a bucket instead"
                yield file.wrong(location, source.member, "an identity of no team", cure)


def shares(tree: Tree) -> Iterator[Mistake]:
    """A share names another team that exists."""
    teams = [team for team, _ in tree.named()]
    for team, file in tree.named():
        for index, share in enumerate(file.part(lambda team: team.shares, ())):
            location = ("shares", index, "with")
            if share.with_ == team:
                yield file.wrong(
                    location, share.with_, "another team", "; a team reads its own buckets anyway"
                )
            elif share.with_ not in teams:
                expected = f"a team of teams/: {', '.join(other for other in teams if other != team)}"
                yield file.wrong(location, share.with_, expected, nearest(share.with_, teams))


def _people(file: File[Team]) -> Iterator[tuple[Location, str]]:
    if members := file.part(lambda team: team.members, ""):
        yield ("members",), members
    for index, release in enumerate(file.part(lambda team: team.releases, ())):
        yield ("releases", index, "to"), release.to


RULES: tuple[Rule, ...] = (people, sources, shares)
