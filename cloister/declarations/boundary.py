"""boundary.yaml: what "inside" means. Security owns it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from cloister.declarations.fields import (
    ChannelId,
    Day,
    Declared,
    Domain,
    Email,
    ImagePrefix,
    Listed,
    Place,
    ProjectId,
    ProjectNumber,
    Said,
    Shape,
    Trustee,
    wrong,
)

Assurance = Literal["project", "mediated", "perimeter"]


class Principal(Declared):
    """A member the proof takes as trusted, with the reason and who answers for it."""

    member: Trustee
    why: Said
    owner: Said


class AlertChannel(Declared):
    """An address where alerts reach people."""

    email: Email
    why: Said
    owner: Said


class Trusted(Declared):
    """What every report lists as an assumption."""

    principals: Listed[Principal] = ()
    images: Listed[ImagePrefix] = ()
    channels: Listed[AlertChannel] = ()


class Organization(Declared):
    """The organisation above the project: `id` and `access_policy` are numbers in quotes.

    `dry_run`: the service perimeter only logs what it would refuse, which closes nothing.
    """

    id: Annotated[str, Shape(r"[0-9]{6,20}", 'the organisation\'s number in quotes, as "123456789012"')]
    access_policy: Annotated[str, Shape(r"[0-9]{6,20}", "the access policy's number in quotes")]
    customer: Annotated[str, Shape(r"C[0-9a-z]{6,12}", "the directory customer id, as C0123abcd")]
    dry_run: bool = False


class People(Declared):
    """An ingress of the perimeter for humans and CI: who, from where (an access level), to which services."""

    access_level: Said
    identities: Listed[Trustee]
    services: Listed[Said]


class Attestation(Declared):
    """A fact no plan can show; the channel it names becomes `assumed` until `expires` has passed."""

    channel: ChannelId
    claim: Said
    evidence: Said
    owner: Said
    expires: Day


class SignedException(Declared):
    """A signed way out of one finding (a channel id) on one subject, until `expires` has passed."""

    finding: ChannelId
    subject: Said
    why: Said
    owner: Said
    expires: Day


def _organization(value: object) -> object:
    if value == "none" or isinstance(value, (dict, Organization)):
        return value
    raise wrong(value, "none, or a mapping of id, access_policy and customer", "leave it out if unknown")


def _form(value: object) -> str:
    return "none" if value == "none" else "mapping"


OrganizationKey = Annotated[
    Annotated[Organization, Tag("mapping")] | Annotated[Literal["none"], Tag("none")], Discriminator(_form)
]


class Boundary(Declared):
    """The whole file. `organization` is None when left out: it exists, and nothing is known about it."""

    project: ProjectId
    project_number: ProjectNumber
    domain: Domain
    organization: Annotated[OrganizationKey | None, BeforeValidator(_organization)] = None
    regions: Listed[Place]
    assurance: Assurance
    trusted: Trusted = Field(default_factory=Trusted)
    people: Listed[People] = ()
    attestations: Listed[Attestation] = ()
    exceptions: Listed[SignedException] = ()
