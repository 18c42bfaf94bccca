"""No identity provider outside speaks for anybody inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, present
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.grants import grants
from policies.facts.members import parse
from policies.facts.principals import standing
from policies.facts.resource import Res
from policies.facts.world import World

POOL = "google_iam_workload_identity_pool"
PROVIDER = "google_iam_workload_identity_pool_provider"

# Claims that name one thing for ever: a number, or a name nobody can take over. Names of accounts, branches and
# repositories can be renamed and taken again.
_IMMUTABLE = re.compile(
    r"(assertion|attribute)\.(repository_id|repository_owner_id|project_id|namespace_id|account_id|workspace_id|"
    r"organization_id|terraform_workspace_id|terraform_organization_id|oid|tid|user_id|enterprise_id)"
)
_EQUALS = re.compile(r"""^\(?\s*([a-z_]+(?:\.[a-z_]+)+)\s*==\s*(["'])([^"'*]+)\2\s*\)?$""")


@channel("IAM-09")
def no_provider_outside_is_trusted(world: World) -> Iterator[Evidence]:
    """There is no federation pool, or each provider is pinned to identities that cannot be taken over."""
    providers = world.of(PROVIDER)
    served = {str(_pool_name(world, res.get("workload_identity_pool_id"))) for res in providers}
    for res in providers:
        yield _provider(res)
    for res in world.of(POOL):
        if str(res.get("workload_identity_pool_id")) not in served:
            says = "Federation pool {} waits for a provider: identities from outside can be let in by one more resource"
            yield fault(res, "workload_identity_pool_id", says, "weakened")
    for grant in grants(world):
        if not isinstance(grant.member, str) or parse(grant.member).kind != "pool":
            continue
        exact = re.search(r"/(subject|attribute\.[a-z_]+|group)/[^*]+$", grant.member)
        if exact and standing(world, grant.member).kind == "declared":
            yield Control(grant.res.address, grant.attribute)
            continue
        whom = (
            "an identity that another provider vouches for"
            if exact
            else "every identity of a federation pool"
        )
        yield grant_leak(
            "open",
            grant,
            f"{sentence(member(grant))}, {whom}, holds {role(grant)} on {thing(grant)} ({where(grant)}).",
        )


def _pool_name(world: World, value: Any) -> Any:
    target = world.referred(value)
    return target.get("workload_identity_pool_id") if target is not None else value


def _provider(res: Res) -> Evidence:
    condition = res.get("attribute_condition")
    if isinstance(condition, Unknown):
        says = "Which identities provider {} lets in is not known"
        return fault(
            res, "attribute_condition", says, "undecided", f"write attribute_condition of {res.address} out"
        )
    issuer = _issuer(res)
    fix = f"compare immutable ids with == in attribute_condition of {res.address}"
    if not condition:
        return fault(
            res, "attribute_condition", f"Provider {{}} lets in whoever {issuer} vouches for", "open", fix
        )
    loose = loose_claim(str(condition))
    if loose is not None:
        says = f"Provider {{}} lets in whom {issuer} vouches for by {loose}, which does not pin one identity for ever"
        return fault(res, "attribute_condition", says, "open", fix)
    if res.get("oidc.allowed_audiences"):
        says = f"Provider {{}} takes tokens that {issuer} made for other audiences too; its condition still pins whom"
        return fault(
            res, "oidc[0].allowed_audiences", says, "weakened", f"remove allowed_audiences of {res.address}"
        )
    return Control(res.address, "attribute_condition")


def _issuer(res: Res) -> str:
    for path in ("oidc.issuer_uri", "aws.account_id", "saml.idp_metadata_xml"):
        value = res.get(path)
        if isinstance(value, str) and path != "saml.idp_metadata_xml":
            return value if path != "aws.account_id" else f"AWS account {value}"
    return "its identity provider"


def loose_claim(condition: str) -> str | None:
    """The part of a provider's condition that does not pin an identity, None where all of it does.

    Read conservatively: a conjunction of equalities, at least one of them on an immutable id.
    """
    parts = [part.strip() for part in condition.split("&&")]
    pinned = False
    for part in parts:
        equality = _EQUALS.fullmatch(part)
        if equality is None:
            return part
        pinned = pinned or bool(_IMMUTABLE.fullmatch(equality[1]))
    return None if pinned else parts[0]


_OUTSIDE_GCP = (
    "google_iam_oauth_client", "google_iam_oauth_client_credential", "google_iam_workforce_pool",
    "google_iam_workforce_pool_provider", "google_iam_workforce_pool_provider_key",
    "google_iam_workforce_pool_provider_scim_tenant", "google_iap_client", "google_iap_brand",
    "google_identity_platform_config", "google_identity_platform_tenant",
    "google_identity_platform_default_supported_idp_config", "google_identity_platform_inbound_saml_config",
    "google_identity_platform_oauth_idp_config", "google_identity_platform_tenant_default_supported_idp_config",
    "google_identity_platform_tenant_inbound_saml_config", "google_identity_platform_tenant_oauth_idp_config",
)  # fmt: skip


@channel("IAM-16")
def no_identities_besides_iam(world: World) -> Iterator[Evidence]:
    """No OAuth client, workforce pool or Identity Platform lets people in who are in no policy. That no service
    account has domain-wide delegation, only the domain's administrator can attest."""
    listed = {type_ for type_ in world.types if type_.startswith("google_identity_platform_")}
    types = dict.fromkeys((*_OUTSIDE_GCP, *sorted(listed)))
    yield from present(
        world,
        types,
        "{} signs in people and applications that no policy of the project names, and they take data along",
    )
