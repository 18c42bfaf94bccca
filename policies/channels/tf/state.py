"""TF-01: where state lies. It holds every value of every resource, secrets among them."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels import said
from policies.channels.evidence import Evidence, Failing, Leak, Residual, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.configuration import State, is_state_name, state_bucket, states
from policies.facts.grants import grants_by_kind
from policies.facts.ownership import teams_of
from policies.facts.principals import standing
from policies.facts.urls import url_place
from policies.facts.world import World

_KINDS = {
    "local": "a file on the machine of whoever runs Terraform",
    "http": "a web server",
    "remote": "Terraform Cloud",
    "cloud": "Terraform Cloud",
    "s3": "an Amazon S3 bucket",
    "azurerm": "an Azure storage account",
    "pg": "a PostgreSQL database",
    "consul": "a Consul server",
    "kubernetes": "secrets of a cluster",
    "oss": "an Alibaba Cloud bucket",
    "cos": "a Tencent Cloud bucket",
}


@channel("TF-01")
def state_stays_in_the_projects_bucket(world: World) -> Iterator[Evidence]:
    """Every stack keeps its state in one bucket of the project, and no team and nobody outside is granted it."""
    ours = state_bucket(world)
    for state in states(world):
        yield from _placed(world, state, ours)
    if ours is not None:
        yield from _granted(world, ours)
    yield Residual(
        f"state lies in {ours or 'a bucket that a plan does not name'}, which these stacks do not create",
        "an attestation of who reads the state bucket",
    )


def _placed(world: World, state: State, ours: str | None) -> Iterator[Evidence]:
    if state.kind == "":
        return
    if state.kind == "unknown":
        yield _leak(
            "undecided", state, state.address, "Which state it reads is not known before it is applied"
        )
    elif state.kind != "gcs":
        where = _KINDS.get(state.kind, f"a backend of type {state.kind}")
        yield _leak("open", state, state.address, f"{_has(state)} {where}, outside the project", to=where)
    elif not isinstance(state.bucket, str) or not state.bucket:
        why = state.bucket.reason if isinstance(state.bucket, Unknown) else "the bucket is left out"
        yield _leak("undecided", state, state.address, f"Which bucket holds its state is not known ({why})")
    elif state.bucket != ours:
        why = (
            f"while the others name {ours}"
            if is_state_name(world, state.bucket)
            else f"which platform.yaml does not declare and whose name does not begin with {world.project}-"
        )
        yield _leak(
            "open", state, state.bucket, f"{_has(state)} bucket {state.bucket}, {why}", to=state.bucket
        )
    yield from _reached(world, state)


def _reached(world: World, state: State) -> Iterator[Evidence]:
    """A backend's other arguments: another address of the store, and another identity that writes."""
    endpoint = state.arguments.get("storage_custom_endpoint")
    if endpoint is not None:
        there = url_place(world, endpoint)
        if not there.inside:
            yield _leak(
                there.failing, state, state.address, f"{_has(state)} {there.name}, {there.why}", to=there.name
            )
    account = state.arguments.get("impersonate_service_account")
    if account is not None:
        who = standing(world, account if isinstance(account, Unknown) else f"serviceAccount:{account}")
        if who.outside and not str(account).endswith(f"@{world.project}.iam.gserviceaccount.com"):
            status: Failing = "undecided" if who.kind == "unknown" else "open"
            yield _leak(
                status, state, state.address, f"State is written as {who.member}, {who.why}", to=who.member
            )


def _has(state: State) -> str:
    return f"Stack {state.address.partition('/')[0]} {'keeps its' if state.mine else 'reads'} state in"


def _granted(world: World, bucket: str) -> Iterator[Evidence]:
    for grant in grants_by_kind(world).get("google_storage_bucket", ()):
        if grant.target != bucket:
            continue
        who = standing(world, grant.member)
        teams = sorted(teams_of(world, grant.member))
        if who.outside or teams or who.kind in ("team", "workload"):
            whose = f"of team {teams[0]}" if teams and not who.outside else who.why
            yield said.grant_leak(
                said.failing(world, grant), grant,
                f"{said.sentence(said.member(grant))}, {whose}, holds {said.role(grant)} on {bucket}, where the state of "
                f"every stack lies, secrets included ({said.where(grant)}).",
            )  # fmt: skip


def _leak(status: Failing, state: State, subject: str, text: str, to: str = "somewhere else") -> Leak:
    where = f"{state.address}.{state.attribute}"
    return Leak(
        status, subject, f"{text} (`{where}`).",
        (Step("every value of every resource", to, "it is in the state", state.address, state.attribute),),
        f"set {state.attribute} of {state.address} to the project's state bucket", state.address, state.attribute,
    )  # fmt: skip
