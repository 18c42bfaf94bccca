"""What an organisation brings: a perimeter, and who may come in through it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloister.declarations.boundary import Organization, People
from cloister.declarations.mistakes import Mistake, nearest
from cloister.declarations.tree import Rule, Tree

# What `people` may reach from outside the perimeter. All but `deploy` are names of services; `deploy` stands for
# every service that the stacks are made of.
DEPLOY = "deploy"
SERVICES = ("container", "kubernetesmetadata", "storage", "logging", DEPLOY)
# Access Context Manager: a name of letters, digits and underscores, from a letter, at most 50 long.
_LEVEL = re.compile(r"(?:accessPolicies/([0-9]+)/accessLevels/)?[A-Za-z][A-Za-z0-9_]{0,49}")


def perimeter(tree: Tree) -> Iterator[Mistake]:
    """A perimeter needs an organisation."""
    boundary = tree.boundary.value
    if boundary.assurance == "perimeter" and not isinstance(boundary.organization, Organization):
        expected = "project or mediated; a perimeter needs an organization with its access_policy"
        yield tree.boundary.wrong(("assurance",), "perimeter", expected)


def ingress(tree: Tree) -> Iterator[Mistake]:
    """Every entry of `people` needs an organisation, a person or robot of the company, and a service."""
    boundary = tree.boundary.value
    if boundary.people and not isinstance(boundary.organization, Organization):
        message = "an ingress needs an organization; remove the entries"
        yield tree.boundary.mistake(("people",), message, key=True)
        return
    for index, entry in enumerate(boundary.people):
        for name in ("identities", "services"):
            if not getattr(entry, name):
                yield tree.boundary.wrong(
                    ("people", index, name), (), "at least one; an entry of none lets nobody in"
                )
        yield from _level(tree, index, entry)
        yield from _services(tree, index, entry)
        yield from _identities(tree, index, entry)


def _level(tree: Tree, index: int, entry: People) -> Iterator[Mistake]:
    organization = tree.boundary.value.organization
    assert isinstance(organization, Organization)
    match = _LEVEL.fullmatch(entry.access_level)
    location = ("people", index, "access_level")
    form = f"accessPolicies/{organization.access_policy}/accessLevels/NAME"
    if match is None:
        expected = f"an access level, {form} or NAME alone: letters, digits and _, from a letter"
        yield tree.boundary.wrong(location, entry.access_level, expected)
    elif match[1] not in (None, organization.access_policy):
        yield tree.boundary.wrong(location, entry.access_level, f"a level of the declared policy, {form}")


def _services(tree: Tree, index: int, entry: People) -> Iterator[Mistake]:
    for number, service in enumerate(entry.services):
        if service not in SERVICES:
            expected = f"one of {', '.join(SERVICES)}"
            found = tree.boundary.wrong(
                ("people", index, "services", number), service, expected, nearest(service, SERVICES)
            )
            yield found


def _identities(tree: Tree, index: int, entry: People) -> Iterator[Mistake]:
    boundary = tree.boundary.value
    trusted = {principal.member for principal in boundary.trusted.principals}
    pools = f"//iam.googleapis.com/projects/{boundary.project_number}/"
    for number, identity in enumerate(entry.identities):
        location = ("people", index, "identities", number)
        kind, _, address = identity.partition(":")
        owner = address.partition("@")[2]
        if kind == "domain":
            yield tree.boundary.wrong(
                location, identity, "user:, group: or serviceAccount:; a perimeter knows no domains"
            )
        elif kind in ("user", "group") and owner != boundary.domain:
            yield tree.boundary.wrong(location, identity, f"an identity of {boundary.domain}")
        elif (
            kind == "serviceAccount"
            and owner != f"{boundary.project}.iam.gserviceaccount.com"
            and identity not in trusted
        ):
            expected = f"a service account of {boundary.project}, or one of trusted.principals"
            yield tree.boundary.wrong(location, identity, expected)
        elif (
            kind in ("principal", "principalSet")
            and not address.startswith(pools)
            and identity not in trusted
        ):
            expected = f"a pool of project {boundary.project_number}, or one of trusted.principals"
            yield tree.boundary.wrong(location, identity, expected)
        elif DEPLOY in entry.services and identity not in trusted:
            yield tree.boundary.wrong(location, identity, "one of trusted.principals, for it deploys")


RULES: tuple[Rule, ...] = (perimeter, ingress)
