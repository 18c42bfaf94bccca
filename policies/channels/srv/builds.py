"""SRV-03: builds, deployments and the hosts their sources come from."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, flag, landed, present, sends
from policies.channels.registry import channel
from policies.channels.starting import may_start
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.resource import Res
from policies.facts.world import World

_HOSTS = {
    "google_cloudbuildv2_connection": "Connection {} ties Cloud Build to a source host outside",
    "google_cloudbuildv2_repository": "Repository {} ties Cloud Build to a source host outside",
    "google_cloudbuild_bitbucket_server_config": "Bitbucket server {} exchanges sources with Cloud Build",
    "google_developer_connect_connection": "Connection {} ties the project to a source host outside",
    "google_developer_connect_account_connector": "Account connector {} lets people use a source host outside",
    "google_developer_connect_git_repository_link": "Repository link {} reads and writes a source host outside",
    "google_developer_connect_insights_config": "Insights {} link running services to a source host outside",
    "google_secure_source_manager_hook": "Hook {} posts every push of the repository to a URL",
}
_SOURCES = (
    "github", "bitbucket_server_trigger_config", "git_file_source", "source_to_build", "repository_event_config",
    "developer_connect_event_config", "webhook_config",
)  # fmt: skip
_PUBLIC_POOL = (
    "{} runs its steps on Cloud Build's default pool, whose machines reach the internet outside the VPC"
)
# Whoever makes a build writes its steps, and its pool with them.
_MAKES = ("cloudbuild.builds.create", "cloudbuild.connections.create", "cloudbuild.workerpools.create")
_PRIVATE = "use a private pool of the project with no_external_ip"


@channel("SRV-03")
def builds_run_in_closed_private_pools(world: World) -> Iterator[Evidence]:
    """Builds and deployments run on private pools without external addresses, and no source host is connected."""
    for trigger in world.of("google_cloudbuild_trigger"):
        yield from _trigger(world, trigger)
    for pool in world.of("google_cloudbuild_worker_pool"):
        yield from _pool(world, pool)
    for target in world.of("google_clouddeploy_target"):
        yield from _target(world, target)
    yield from present(
        world,
        ["google_clouddeploy_custom_target_type"],
        "Custom target type {} runs commands of its author's choice in the delivery pipeline",
    )
    for type_, says in _HOSTS.items():
        yield from present(world, [type_], says)
    for instance in world.of("google_secure_source_manager_instance"):
        blocks = instance.blocks("private_config")
        if not blocks:
            yield fault(instance, "private_config", "Source host {} answers on the internet",
                        fix=f"set private_config.is_private of {instance.address} to true")  # fmt: skip
        for block in blocks:
            yield flag(instance, block, "is_private", bool, False, "Source host {} answers on the internet",
                       f"set {block.at('is_private')} of {instance.address} to true")  # fmt: skip
    for repository in world.of("google_dataform_repository"):
        if repository.get("git_remote_settings") is not None:
            yield fault(
                repository, "git_remote_settings", "Dataform repository {} pushes to a Git host outside"
            )
    yield from sends(world, "google_sourcerepo_repository", "pubsub_configs.topic", "topic",
                     "Source repository {} announces every change to")  # fmt: skip
    yield from may_start(
        world, "cloudbuild.googleapis.com", _MAKES,
        "make builds, whose steps run what it likes on machines that reach the internet outside the VPC",
    )  # fmt: skip


def _trigger(world: World, res: Res) -> Iterator[Evidence]:
    pool = res.get("build.options.worker_pool")
    if pool is None:
        yield fault(res, "build.options.worker_pool", f"Trigger {_PUBLIC_POOL}",
                    fix=f"{_PRIVATE} in {res.address}")  # fmt: skip
    else:
        there = place(world, pool, "worker pool", res)
        yield landed(res, "build.options.worker_pool", there, "Trigger {} runs its steps on", "worker pool")
    for source in _SOURCES:
        if res.get(source) is not None:
            yield fault(res, source, "Trigger {} is started from, or fetches from, a source host outside", "weakened",
                        f"build {res.address} from a repository of the project")  # fmt: skip
    for path, kind, says in (
        ("build.logs_bucket", "bucket", "Trigger {} writes its logs to"),
        ("build.artifacts.objects.location", "bucket", "Trigger {} uploads what it builds to"),
        ("build.images", "registry", "Trigger {} pushes"),
        ("build.artifacts.images", "registry", "Trigger {} pushes"),
        ("pubsub_config.topic", "topic", "Trigger {} listens to"),
    ):
        for attribute, value in leaves(res, path):
            yield landed(res, attribute, place(world, value, kind, res), says, kind)


def _pool(world: World, res: Res) -> Iterator[Evidence]:
    blocks = res.blocks("worker_config")
    says = "Machines of build pool {} have external addresses outside the VPC"
    if not blocks:
        yield fault(
            res,
            "worker_config.no_external_ip",
            says,
            fix=f"set worker_config.no_external_ip of {res.address} to true",
        )
    for block in blocks:
        yield flag(
            res,
            block,
            "no_external_ip",
            bool,
            False,
            says,
            f"set {block.at('no_external_ip')} of {res.address} to true",
        )
    for path, kind in (
        ("network_config.peered_network", "network"),
        ("private_service_connect.network_attachment", "attachment"),
    ):
        for attribute, value in leaves(res, path):
            yield landed(res, attribute, place(world, value, kind, res), "Build pool {} has a leg in", kind)


def _target(world: World, res: Res) -> Iterator[Evidence]:
    configs = res.get("execution_configs")
    if isinstance(configs, Unknown):
        yield fault(
            res, "execution_configs", "Delivery target {} runs on a pool that is not known", "undecided"
        )
        return
    blocks = res.blocks("execution_configs")
    if not blocks:
        yield fault(
            res, "execution_configs", f"Delivery target {_PUBLIC_POOL}", fix=f"{_PRIVATE} in {res.address}"
        )
    for block in blocks:
        pool = block.get("worker_pool")
        if pool is None:
            yield fault(
                res,
                block.at("worker_pool"),
                f"Delivery target {_PUBLIC_POOL}",
                fix=f"{_PRIVATE} in {res.address}",
            )
        else:
            there = place(world, pool, "worker pool", res)
            yield landed(res, block.at("worker_pool"), there, "Delivery target {} runs on", "worker pool")
        for attribute, value in leaves(block, "artifact_storage"):
            yield landed(
                res,
                attribute,
                place(world, value, "bucket"),
                "Delivery target {} writes what it renders to",
                "bucket",
            )
    for attribute, value in leaves(res, "gke.cluster"):
        there = place(world, value, "resource")
        yield (
            landed(res, attribute, there, "Delivery target {} deploys to", "resource")
            if not there.inside
            else Control(res.address, attribute)
        )
