"""Names: of files, of what stands twice in a list, and of the resources that will carry them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cloister.declarations import names
from cloister.declarations.mistakes import Mistake, nearest
from cloister.declarations.team import Team
from cloister.declarations.tree import File, Rule, Tree


def file_names(tree: Tree) -> Iterator[Mistake]:
    """A team's file carries the team's name, so that no team is declared twice."""
    declared = {file.source.file for file in tree.teams}
    for team, file in tree.named():
        stem = file.source.file.rpartition("/")[2].removesuffix(".yaml")
        if stem != team:
            own = f"teams/{team}.yaml"
            cure = (
                f"; {own} declares that team already" if own in declared else f"; or rename the file to {own}"
            )
            yield file.wrong(("team",), team, f'"{stem}", the name of the file', cure)


def lengths(tree: Tree) -> Iterator[Mistake]:
    """No bucket of a team has a name longer than Google takes."""
    project = tree.boundary.value.project
    for team, file in tree.named():
        longest = max(names.buckets(project, team).values(), key=len)
        excess = len(longest) - names.BUCKET_LIMIT
        if excess > 0:
            expected = (
                f"at most {len(team) - excess} characters: the bucket {longest} would have {len(longest)}"
            )
            yield file.wrong(("team",), team, f"{expected} of {names.BUCKET_LIMIT}")


def serving_lengths(tree: Tree) -> Iterator[Mistake]:
    """The account by which a team's services read its models has an id that Google takes."""
    for team, file in tree.named():
        account = names.serving_service_account_id(team)
        if len(account) > names.SERVICE_ACCOUNT_ID_LIMIT and file.part(lambda team: team.services, ()):
            room = names.SERVICE_ACCOUNT_ID_LIMIT - len(names.serving_service_account_id(""))
            expected = f"none, or a team name of at most {room} characters: the service account {account}"
            expected += f" would have {len(account)} of {names.SERVICE_ACCOUNT_ID_LIMIT}"
            message = f"found services of team {team}, expected {expected}"
            yield file.mistake(("services",), message, key=True)


def google_words(tree: Tree) -> Iterator[Mistake]:
    """No bucket's name holds `google` or a look-alike; Google refuses those."""
    for team, file in tree.named():
        if re.search(r"g[o0]{2}gle", team):
            yield file.wrong(("team",), team, "a name without google in it; Google takes no such bucket")


def collisions(tree: Tree) -> Iterator[Mistake]:
    """No two resources of a kind get the same name."""
    project = tree.boundary.value.project
    taken: defaultdict[str, dict[str, str]] = defaultdict(dict)
    taken["bucket"][tree.platform.value.state_bucket] = "the state bucket"
    pools = tree.platform.value.pools
    for pool in pools:
        taken["node pool"][names.node_pool(pool.name)] = f"pool {pool.name}"
    for team, file in tree.named():
        for kind, name in _names_of(file, project, team, [pool.name for pool in pools]):
            owner = taken[kind].setdefault(name, f"team {team}")
            if owner != f"team {team}":
                yield file.wrong(("team",), team, f"another name: its {kind} {name} is {owner}'s already")


def pool_lengths(tree: Tree) -> Iterator[Mistake]:
    """A team's own copies of the pools have names GKE takes."""
    for team, file in tree.named():
        if not _dedicated(file):
            continue
        for pool in tree.platform.value.pools:
            name = names.dedicated_node_pool(team, pool.name)
            if len(name) > names.NODE_POOL_LIMIT:
                expected = f"shared: the node pool {name} would have {len(name)} of {names.NODE_POOL_LIMIT}"
                yield file.wrong(("isolation",), "dedicated", f"{expected} characters")


def _dedicated(file: File[Team]) -> bool:
    return file.part(lambda team: team.isolation == "dedicated", False)


def _names_of(file: File[Team], project: str, team: str, pools: list[str]) -> Iterator[tuple[str, str]]:
    for name in names.buckets(project, team).values():
        yield "bucket", name
    yield "namespace", names.namespace(team)
    if file.part(lambda team: team.services, ()):
        yield "namespace", names.serving_namespace(team)
    if _dedicated(file):
        for pool in pools:
            yield "node pool", names.dedicated_node_pool(team, pool)


def twice(tree: Tree) -> Iterator[Mistake]:
    """Nothing stands twice in a list that is keyed by a name."""
    yield from _twice(tree.platform, "pools", "name", [pool.name for pool in tree.platform.value.pools])


def system_pool(tree: Tree) -> Iterator[Mistake]:
    """No pool has the name of the pool that the stacks make for GKE's own pods."""
    for index, pool in enumerate(tree.platform.value.pools):
        if pool.name == names.SYSTEM_POOL:
            expected = f"another name: the pool of GKE's own pods is called {names.SYSTEM_POOL}"
            yield tree.platform.wrong(("pools", index, "name"), pool.name, expected)


def twice_in_teams(tree: Tree) -> Iterator[Mistake]:
    """Nor in a team's lists."""
    for file in tree.teams:
        schedules = file.part(lambda team: [schedule.name for schedule in team.schedules], [])
        yield from _twice(file, "schedules", "name", schedules)
        members = file.part(lambda team: [source.member for source in team.sources], [])
        yield from _twice(file, "sources", "member", members)
        services = file.part(lambda team: team.services, ())
        yield from _twice(file, "services", "name", [service.name for service in services])
        yield from _twice(file, "adopt", "", list(file.part(lambda team: team.adopt, ())))


def adopted(tree: Tree) -> Iterator[Mistake]:
    """What a team adopts is one of its own four buckets, made already."""
    project = tree.boundary.value.project
    for team, file in tree.named():
        own = list(names.buckets(project, team).values())
        for index, bucket in enumerate(file.part(lambda team: team.adopt, ())):
            if bucket not in own:
                expected = f"one of the team's own buckets, {', '.join(own[:-1])} or {own[-1]}"
                yield file.wrong(("adopt", index), bucket, expected, nearest(bucket, own))


def _twice(file: File[Any], key: str, name: str, values: list[str]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            at = (key, index, name) if name else (key, index)
            yield file.wrong(at, value, "it once", "; it stands above already")
        seen.add(value)


RULES: tuple[Rule, ...] = (
    file_names,
    lengths,
    serving_lengths,
    google_words,
    collisions,
    pool_lengths,
    twice,
    system_pool,
    twice_in_teams,
    adopted,
)
