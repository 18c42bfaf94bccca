"""No team changes what another team runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.channels.evidence import Advice, Control, Evidence
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.attached import attached_accounts, shared_accounts
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.kubernetes.workloads import workloads
from policies.facts.ownership import owner, teams_of
from policies.facts.resource import Res
from policies.facts.world import World

REPOSITORY = "google_artifact_registry_repository"
_WRITE = (
    "artifactregistry.repositories.uploadArtifacts",
    "artifactregistry.tags.update",
    "artifactregistry.files.upload",
)
_READ = ("artifactregistry.repositories.downloadArtifacts", "artifactregistry.files.download")


@channel("TEN-09")
def no_team_writes_what_others_run(world: World) -> Iterator[Evidence]:
    """Shared repositories are written by the platform alone, and images are named by digest."""
    for grant in grants(world):
        teams = teams_of(world, grant.member)
        if grant.permissions is None or not (grant.kind in WIDE or grant.kind == REPOSITORY):
            continue
        if teams:
            yield from _team_grant(world, grant, teams)
        elif grant.permits(*_WRITE) and str(grant.member).removeprefix("serviceAccount:") in shared_accounts(
            world
        ):
            yield grant_leak(
                "open",
                grant,
                f"{sentence(member(grant))}, by which compute of several teams runs, writes images to {thing(grant)} that "
                f"other teams run ({role(grant)} at {where(grant)}).",
            )
    for res in world.of(REPOSITORY):
        yield from _repository(world, res)
    for workload in workloads(world):
        for container in workload.containers():
            image = container.get("image")
            if isinstance(image, Unknown):
                says = f"Which image {workload} runs is not known ({image.reason}), so it may be named by a tag that moves"
                yield fault(
                    workload.obj.res,
                    workload.at(container, "image"),
                    says,
                    "undecided",
                    "name the image by digest",
                )
            elif isinstance(image, str) and _floats(image):
                says = (
                    f"{workload} runs {image}, whose tag whoever writes the repository moves to another image"
                )
                attribute = workload.at(container, "image")
                yield fault(workload.obj.res, attribute, says, "weakened", "name the image by digest")
    yield from _builds(world)


def _team_grant(world: World, grant: Grant, teams: frozenset[str]) -> Iterator[Evidence]:
    theirs = owner(world, grant.on) if grant.on is not None else None
    if theirs is not None and teams == {theirs}:
        yield Control(grant.res.address, grant.attribute)
        return
    text = f"{sentence(member(grant))} of team {', '.join(sorted(teams))}"
    if grant.permits(*_WRITE):
        others = "that other teams pull from" if theirs is None else f"of team {theirs}"
        yield grant_leak(
            "open",
            grant,
            f"{text} writes images and packages to {thing(grant)}, {others} ({role(grant)} at {where(grant)}).",
            f"give the team a repository of its own, and remove it from {grant.res.address}",
        )
    elif grant.permits(*_READ) and theirs is not None:
        yield grant_leak(
            "open", grant, f"{text} reads images of team {theirs} ({role(grant)} at {where(grant)})."
        )


def _repository(world: World, res: Res) -> Iterator[Evidence]:
    if str(res.get("mode", "")).upper() == "REMOTE_REPOSITORY" and owner(world, res) is None:
        says = "Repository {} is one cache for all teams: what one pulls, the others are served"
        yield fault(
            res, "mode", says, "weakened", f"give each team a cache of its own instead of {res.address}"
        )
    if str(res.get("format", "")).upper() == "DOCKER":
        if res.get("docker_config.immutable_tags") is True:
            yield Control(res.address, "docker_config[0].immutable_tags")
        else:
            yield Advice("tags of the repository can be moved to other images", res.address, "docker_config")


def _floats(image: str) -> bool:
    """Whether an image is named by the tag ``latest``, in words or by naming none."""
    name = image.rsplit("/", 1)[-1]
    return "@" not in image and (":" not in name or name.endswith(":latest"))


_BUILDS = re.compile(r"google_(cloudbuild_trigger|cloudbuildv2_|clouddeploy_target|developer_connect_)")


def _builds(world: World) -> Iterator[Evidence]:
    """Builds that run as one account for several teams."""
    users: dict[str, list[tuple[Res, str]]] = {}
    for res, attribute, email in attached_accounts(world):
        if _BUILDS.match(res.type):
            users.setdefault(email, []).append((res, attribute))
    for email, found in users.items():
        teams = {owner(world, res) for res, _ in found}
        if len(teams) > 1 or teams == {None}:
            res, attribute = found[0]
            says = f"Builds of all teams run as {email}, so a build of one writes what the others run; {{}} is one"
            yield fault(
                res,
                attribute,
                says,
                "open" if len(teams) > 1 else "weakened",
                "give each team's builds an account",
            )
