"""Service accounts have no keys."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Advice, Control, Evidence
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, guards, member, named, role, sentence, thing, where
from policies.expressions.values import Unknown
from policies.facts.grants import grants
from policies.facts.naming import short
from policies.facts.principals import standing
from policies.facts.resource import Res
from policies.facts.rights import KEYS
from policies.facts.world import World

_CONSTRAINTS = (
    "iam.disableServiceAccountKeyCreation",
    "iam.managed.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "iam.managed.disableServiceAccountApiKeyCreation",
)


@channel("IAM-08")
def no_account_has_a_key(world: World) -> Iterator[Evidence]:
    """No key is created, uploaded or bound, and nobody at run time may make one."""
    yield from guards(world, *_CONSTRAINTS)
    for res in world.of("google_service_account_key"):
        uploaded = res.get("public_key_data") is not None
        how = (
            "whose private half somebody holds outside"
            if uploaded
            else "whose private half lies in the state"
        )
        account = _account(world, res)
        says = f"A key of service account {account}, {how}, signs in as it from anywhere, for years"
        yield fault(res, "public_key_data" if uploaded else "service_account_id", says)
    for res in world.of("google_apikeys_key"):
        if res.get("service_account_email") is not None:
            says = (
                f"API key {{}} signs in as service account {res.get('service_account_email')} from anywhere"
            )
            yield fault(res, "service_account_email", says)
        elif isinstance(res.get("restrictions.api_targets"), Unknown):
            yield fault(res, "restrictions", "What API key {} may call is not known", "undecided")
        elif not res.blocks("restrictions.api_targets"):
            yield fault(res, "restrictions", "API key {} calls every API of the project from anywhere")
        else:
            yield Advice("an API key identifies the project to whoever finds it", res.address, "restrictions")
    for grant in grants(world):
        if not grant.permits(*KEYS):
            continue
        if grant.permissions is None or standing(world, grant.member).kind in ("declared", "agent"):
            continue  # an unknown role is IAM-07's, a trusted principal the boundary's assumption
        yield grant_leak(
            failing(world, grant),
            grant,
            f"{sentence(member(grant))} may create keys for {thing(grant)} ({role(grant)}): a key works anywhere, for "
            f"as long as it lives ({where(grant)}).",
        )
    for res in world.of("google_service_account"):
        yield Control(res.address, "account_id")


def _account(world: World, res: Res) -> str:
    return short(named(world, res.get("service_account_id")))
