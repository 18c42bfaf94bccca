"""TF-05: everything is created in the boundary's project, through Google's own doors, on the project's own cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.configuration import Part, foreign_project, providers
from policies.facts.grants import SUFFIXES
from policies.facts.naming import find
from policies.facts.places import project_of
from policies.facts.principals import standing
from policies.facts.resource import Res
from policies.facts.world import World

_GOOGLE = ("google", "google-beta")
_CLUSTERED = ("kubernetes", "helm", "kubectl")
# Arguments that say where a resource is put, beside its project.
_PARENTS = (
    "parent",
    "key_ring",
    "crypto_key_id",
    "service_account_id",
    "topic_id",
    "bucket_id",
    "dataset_id",
    "secret",
    "folder",
    "org_id",
)
_NO_TARGETS = frozenset(
    {"member", "members", "role", "condition", "policy_data", "project", "org_id", "folder"}
)


@channel("TF-05")
def everything_lands_in_the_project(world: World) -> Iterator[Evidence]:
    """Providers and resources name the boundary's project, Google's endpoints, and a cluster of the snapshot."""
    for provider in providers(world):
        if provider.provider in _GOOGLE:
            yield from _google(world, provider)
        elif provider.provider in _CLUSTERED:
            yield from _cluster(world, provider)
    yield from _without_provider(world)
    for res in world.resources:
        if res.type.startswith("google_"):
            yield from _resource(world, res)
    for stack in world.snapshot.stacks:
        for kind, detail in stack.notes:
            yield from _taken_over(world, stack.name, kind, detail)


def _google(world: World, provider: Part) -> Iterator[Evidence]:
    for name in ("project", "billing_project"):
        yield from _project(world, provider, name, provider.get(name))
    if provider.get("project") is not None and world.owns_project(provider.get("project")):
        yield Control(provider.address, "project")
    account = provider.get("impersonate_service_account")
    if account is not None:
        yield from _impersonated(world, provider, account)
    yield from _credentials(world, provider)
    for name, value in provider.values.items():
        if name.endswith("_custom_endpoint") and value:
            yield from _endpoint(provider, name, value)
    universe = provider.get("universe_domain", "googleapis.com")
    if universe != "googleapis.com":
        known = not isinstance(universe, Unknown)
        yield _leak(
            provider.address, "open" if known else "undecided", "universe_domain",
            f"Provider {provider.name} talks to {universe if known else 'a cloud that is not known'}, not to Google Cloud",
        )  # fmt: skip


def _project(world: World, provider: Part, name: str, value: Any) -> Iterator[Evidence]:
    owned = None if value is None else world.owns_project(value)
    if value is None or owned:
        return
    if owned is None:
        yield _leak(
            provider.address, "undecided", name, f"Which {name} provider {provider.name} uses is not known"
        )
    elif name == "project":
        yield _leak(
            provider.address,
            "open",
            name,
            f"Provider {provider.name} creates its resources in project {value}, not in {world.project}",
        )
    else:
        yield _leak(
            provider.address,
            "open",
            name,
            f"Provider {provider.name} bills its calls to project {value}, whose logs and quota then record them",
        )


def _impersonated(world: World, provider: Part, account: Any) -> Iterator[Evidence]:
    attribute = "impersonate_service_account"
    who = standing(world, account if isinstance(account, Unknown) else f"serviceAccount:{account}")
    if who.kind == "unknown":
        yield _leak(
            provider.address,
            "undecided",
            attribute,
            f"Whom provider {provider.name} impersonates is not known",
        )
    elif who.outside and project_of(str(account)) != world.project:
        yield _leak(
            provider.address,
            "open",
            attribute,
            f"Provider {provider.name} deploys as {account}, {who.why}: whoever controls it reads what is deployed",
        )


def _credentials(world: World, provider: Part) -> Iterator[Evidence]:
    value = provider.get("credentials")
    try:
        document = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return
    email = document.get("client_email") if isinstance(document, dict) else None
    if isinstance(email, str) and project_of(email) != world.project:
        yield _leak(
            provider.address,
            "open",
            "credentials",
            f"Provider {provider.name} deploys as {email}, an account of another project",
        )


def _endpoint(provider: Part, name: str, value: Any) -> Iterator[Evidence]:
    service = name.removesuffix("_custom_endpoint").replace("_", " ")
    if isinstance(value, Unknown):
        yield _leak(
            provider.address,
            "undecided",
            name,
            f"Where provider {provider.name} sends its calls to {service} is not known",
        )
        return
    host = (urlsplit(str(value)).hostname or "").lower()
    if not host.endswith(".googleapis.com"):
        yield _leak(
            provider.address,
            "open",
            name,
            f"Provider {provider.name} sends its calls to {service} to {value}, with its token, instead of to Google",
        )


def _cluster(world: World, provider: Part) -> Iterator[Evidence]:
    """The host has to be that of a cluster of the snapshot, by reference: an address says nothing."""
    holders = provider.blocks("kubernetes") or [provider]
    for holder in holders:
        host = holder.get("host")
        attribute = holder.at("host")
        if host is None:
            by_file = next(
                (name for name in ("config_path", "config_paths", "config_context") if holder.get(name)), None
            )
            where = "a file of the deployer's machine" if by_file else "the environment of whoever deploys"
            yield _leak(
                provider.address,
                "undecided",
                by_file or attribute,
                f"Which cluster provider {provider.name} writes to is decided by {where}",
            )
        elif not isinstance(host, Unknown):
            yield _leak(
                provider.address,
                "open",
                attribute,
                f"Provider {provider.name} writes to the cluster at {host}, which no resource of the snapshot is",
            )
        elif _own_cluster(world, host):
            yield Control(provider.address, attribute)
        else:
            yield _leak(
                provider.address,
                "undecided",
                attribute,
                f"Which cluster provider {provider.name} writes to is not known ({host.reason})",
            )


def _own_cluster(world: World, host: Unknown) -> bool:
    target = (
        world.referred(Unknown(host.reason, "", host.refs, host.exact))
        if host.prefix in ("", "https://")
        else None
    )
    if target is None or not world.owns_project(target.project):
        return False
    if target.mode == "data":
        name = target.get("name")
        return target.type == "google_container_cluster" and any(
            c.get("name") == name for c in world.of(target.type)
        )
    return target.type in ("google_container_cluster", "google_gke_hub_membership")


def _without_provider(world: World) -> Iterator[Evidence]:
    """Kubernetes resources of a stack that configures no cluster go to whatever the environment names."""
    configured = {(p.stack, p.provider) for p in providers(world)}
    for stack in world.snapshot.stacks:
        used = {r.provider_key.partition(".")[0] for r in stack.resources if r.type.startswith("kubernetes_")}
        for name in sorted(used):
            if (stack.name, name) not in configured:
                yield _leak(
                    f"{stack.name}/provider.{name}",
                    "undecided",
                    "host",
                    f"Which cluster stack {stack.name} writes to is decided by the environment of whoever deploys",
                )


def _resource(world: World, res: Res) -> Iterator[Evidence]:
    owned = world.owns_project(res.project)
    if owned is None:
        if res.mode == "managed":
            yield _at(res, "undecided", "project", f"Which project {res.subject} is created in is not known")
        return
    if not owned and res.mode == "managed":
        yield _at(
            res,
            "open",
            "project",
            f"{res.type} {res.subject} is created in project {res.project}, not in {world.project}",
        )
        return
    if res.mode == "data":
        return
    if res.type == "google_project":
        yield from _new_project(world, res)
    for attribute, value in _targets(res):
        project = foreign_project(world, value)
        if project is not None:
            yield _at(res, "open", attribute, f"{res.type} {res.name} changes something of project {project}")


def _new_project(world: World, res: Res) -> Iterator[Evidence]:
    made = res.get("project_id")
    if isinstance(made, Unknown):
        yield _at(res, "undecided", "project_id", "Which project is created is not known")
    elif made is not None and not world.owns_project(made):
        yield _at(res, "open", "project_id", f"Project {made} is created, outside the boundary")


def _targets(res: Res) -> Iterator[tuple[str, Any]]:
    """What a resource is a part of, or says who may use: its parents, and the thing an IAM resource is on."""
    if any(res.type.endswith(suffix) for suffix in SUFFIXES):
        yield from ((name, value) for name, value in res.values.items() if name not in _NO_TARGETS)
    else:
        yield from ((name, res.get(name)) for name in _PARENTS)


def _taken_over(world: World, stack: str, kind: str, detail: str) -> Iterator[Evidence]:
    if kind not in ("import", "moved"):
        return
    address = f"{stack}/{kind}"
    first, _, second = detail.partition(" ")
    if kind == "moved":
        yield _leak(
            address,
            "weakened",
            first,
            f"State of {first} becomes that of {second}: what exists is taken for something else than what made it",
        )
        return
    project = foreign_project(world, second)
    adopted = _adopted(world, f"{stack}/{first}", second)
    if project is not None:
        yield _leak(address, "open", first, f"{first} takes over {second}, which lies in project {project}")
    elif adopted is not None:
        yield Control(adopted.address, "policy_data")
    else:
        yield _leak(
            address,
            "weakened",
            first,
            f"{first} takes over {second}, which exists already and was made by somebody else",
        )


def _adopted(world: World, address: str, identity: str) -> Res | None:
    """The whole policy of a bucket that is taken over under its own name: no right from before is left on it."""
    bucket = world.at(address)
    if bucket is None or bucket.type != "google_storage_bucket":
        return None
    project, _, name = identity.rpartition("/")
    if bucket.get("name") != name or (project and world.owns_project(project) is not True):
        return None
    policies = world.of("google_storage_bucket_iam_policy")
    return next((res for res in policies if find(world, bucket.type, res.get("bucket"), res) is bucket), None)


def _at(res: Res, status: Failing, attribute: str, text: str) -> Leak:
    return Leak(
        status, res.subject, f"{text} (`{res.address}.{attribute}`).",
        (Step("the deployment", "another project", f"`{attribute}` names it", res.address, attribute),),
        f"leave {attribute} of {res.address} to the boundary's project", res.address, attribute,
    )  # fmt: skip


def _leak(address: str, status: Failing, attribute: str, text: str) -> Leak:
    return Leak(
        status, address, f"{text} (`{address}.{attribute}`).",
        (Step("the deployment", "outside the project", f"`{attribute}` says so", address, attribute),),
        f"remove {attribute} from {address}", address, attribute,
    )  # fmt: skip
