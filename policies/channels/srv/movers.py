"""SRV-04: services whose purpose is to copy data in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, flag, landed, mentioned, sends
from policies.channels.registry import channel
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.resource import Block, Res
from policies.facts.world import World


def _private(value: Any) -> bool:
    return value is True or value in ("WORKER_IP_PRIVATE", "true")


@dataclass(frozen=True, slots=True)
class _Worker:
    """Where a type says that its machines have no external address, and which network they stand in.

    ``block`` holds ``setting`` (absent: ``default``); ``networks`` and ``texts`` are paths from the resource.
    """

    block: str
    setting: str
    networks: tuple[tuple[str, str], ...]
    texts: tuple[str, ...] = ()
    default: Any = False
    wanted: Callable[[Any], bool] = _private


_FLEX = "workload.dataflow_flex_template_request.launch_parameter"
_LAUNCH = "workload.dataflow_launch_template_request.launch_parameters"
_MANAGED = "placement.managed_cluster.config"

# Absent: Dataflow and Dataproc machines get external addresses. Source: the provider's documentation of each type.
_WORKERS = {
    "google_dataflow_job": [
        _Worker("", "ip_configuration", (("network", "network"), ("subnetwork", "subnetwork")),
                ("temp_gcs_location", "template_gcs_path", "parameters")),
    ],
    "google_dataflow_flex_template_job": [
        _Worker("", "ip_configuration", (("network", "network"), ("subnetwork", "subnetwork")),
                ("temp_location", "staging_location", "container_spec_gcs_path", "parameters")),
    ],
    "google_data_pipeline_pipeline": [
        _Worker(f"{_FLEX}.environment", "ip_configuration",
                ((f"{_FLEX}.environment.network", "network"), (f"{_FLEX}.environment.subnetwork", "subnetwork")),
                (f"{_FLEX}.parameters", f"{_FLEX}.container_spec_gcs_path", f"{_FLEX}.environment.temp_location")),
        _Worker(f"{_LAUNCH}.environment", "ip_configuration",
                ((f"{_LAUNCH}.environment.network", "network"), (f"{_LAUNCH}.environment.subnetwork", "subnetwork")),
                (f"{_LAUNCH}.parameters", "workload.dataflow_launch_template_request.gcs_path",
                 f"{_LAUNCH}.environment.temp_location")),
    ],
    "google_dataproc_cluster": [
        _Worker("cluster_config.gce_cluster_config", "internal_ip_only",
                (("cluster_config.gce_cluster_config.network", "network"),
                 ("cluster_config.gce_cluster_config.subnetwork", "subnetwork")),
                ("cluster_config.initialization_action.script",)),
    ],
    "google_dataproc_workflow_template": [
        _Worker(f"{_MANAGED}.gce_cluster_config", "internal_ip_only",
                ((f"{_MANAGED}.gce_cluster_config.network", "network"),
                 (f"{_MANAGED}.gce_cluster_config.subnetwork", "subnetwork")),
                (f"{_MANAGED}.initialization_actions.executable_file", "jobs")),
    ],
}  # fmt: skip
_OUTSIDE = "{} runs on machines with external addresses, so what it reads can go to the internet"


@channel("SRV-04")
def no_mover_copies_data_out(world: World) -> Iterator[Evidence]:
    """Data movers stand on private machines in a closed network, and what they name as destinations is the project's."""
    for type_, workers in _WORKERS.items():
        for res in world.of(type_):
            for worker in workers:
                yield from _worker(world, res, worker)
    for res in world.of("google_dataproc_batch", "google_dataproc_session_template"):
        yield from _serverless_spark(world, res)
    for res in world.of("google_composer_environment"):
        yield from _composer(world, res)
    for res in world.of("google_dataproc_job"):
        for kind in _JOBS:
            yield from _texts(world, res, kind, "Dataproc job {} names")
    for type_, path, kind, says in _SINKS:
        yield from sends(world, type_, path, kind, says)
    for res in world.of("google_data_fusion_instance"):
        yield _data_fusion(res)
    for type_, says in _PRESENT.items():
        for res in world.of(type_):
            yield fault(res, "", says)


_SINKS = (
    (
        "google_dataproc_cluster",
        "cluster_config.staging_bucket",
        "bucket",
        "Dataproc cluster {} stages data in",
    ),
    ("google_dataproc_cluster", "cluster_config.temp_bucket", "bucket", "Dataproc cluster {} spills data to"),
    (
        "google_dataproc_workflow_template",
        f"{_MANAGED}.staging_bucket",
        "bucket",
        "Dataproc workflow {} stages data in",
    ),
    (
        "google_dataproc_workflow_template",
        f"{_MANAGED}.temp_bucket",
        "bucket",
        "Dataproc workflow {} spills data to",
    ),
    ("google_dataproc_metastore_service", "network", "network", "Metastore {} answers in"),
    (
        "google_dataproc_metastore_service",
        "network_config.consumers.subnetwork",
        "subnetwork",
        "Metastore {} answers in",
    ),
    (
        "google_dataproc_metastore_federation",
        "backend_metastores.name",
        "resource",
        "Metastore federation {} joins",
    ),
    (
        "google_composer_environment",
        "storage_config.bucket",
        "bucket",
        "Composer environment {} keeps its DAGs in",
    ),
)
_JOBS = (
    "pyspark_config", "spark_config", "hadoop_config", "hive_config", "pig_config", "sparksql_config", "presto_config",
)  # fmt: skip
_PRESENT = {
    "google_datastream_stream": "Datastream {} copies every change of a database to its destination from Google's side",
    "google_datastream_connection_profile": "Datastream profile {} connects Google's side to a database or store",
    "google_datastream_private_connection": "Datastream connection {} peers Google's side with a network",
    "google_database_migration_service_connection_profile": "Migration profile {} connects a database to its copy",
    "google_database_migration_service_migration_job": "Migration job {} copies a whole database to its destination",
    "google_database_migration_service_private_connection": "Migration connection {} peers Google's side with a network",
    "google_integration_connectors_connection": "Connector {} reads and writes a system outside from Google's side",
    "google_integration_connectors_endpoint_attachment": "Endpoint attachment {} ties connectors to a published service",
    "google_integration_connectors_managed_zone": "Connector zone {} resolves names of another network for connectors",
    "google_managed_kafka_connector": "Kafka connector {} copies topics to or from another system",
}


def _worker(world: World, res: Res, worker: _Worker) -> Iterator[Evidence]:
    blocks = res.blocks(worker.block) if worker.block else [res]
    if not blocks and res.get(worker.block.split(".")[0]) is not None:
        above = worker.block.rsplit(".", 1)[0]
        if res.get(above) is not None or "." not in worker.block:
            yield fault(
                res, worker.block, _OUTSIDE, fix=f"set {worker.block}.{worker.setting} of {res.address}"
            )
    for block in blocks:
        yield flag(res, block, worker.setting, worker.wanted, worker.default, _OUTSIDE,
                   f"set {block.at(worker.setting)} of {res.address} to private")  # fmt: skip
        yield from _networks(world, res, worker.networks)
    for path in worker.texts:
        yield from _texts(world, res, path, "{} names")


def _networks(world: World, res: Res, networks: tuple[tuple[str, str], ...]) -> Iterator[Evidence]:
    named = False
    for path, kind in networks:
        for attribute, value in leaves(res, path):
            named = True
            yield landed(res, attribute, place(world, value, kind, res), "{} puts its machines in", kind)
    if not named:
        yield fault(res, networks[-1][0], "{} puts its machines in the default network, which is not in the snapshot",
                    "undecided", f"set {networks[-1][0]} of {res.address} to a subnetwork of the snapshot")  # fmt: skip


def _texts(world: World, res: Res, path: str, says: str) -> Iterator[Evidence]:
    for attribute, value in leaves(res, path):
        yield from mentioned(world, res, attribute, value, says, tables=True)


def _serverless_spark(world: World, res: Res) -> Iterator[Evidence]:
    where = "environment_config.execution_config"
    yield from _networks(
        world, res, ((f"{where}.network_uri", "network"), (f"{where}.subnetwork_uri", "subnetwork"))
    )
    for attribute, value in leaves(res, f"{where}.staging_bucket"):
        yield landed(
            res, attribute, place(world, value, "bucket"), "Spark workload {} stages data in", "bucket"
        )
    for name in (
        "pyspark_batch",
        "spark_batch",
        "spark_r_batch",
        "spark_sql_batch",
        "runtime_config",
        "spark_connect_session",
    ):
        yield from _texts(world, res, name, "Spark workload {} names")


def _composer(world: World, res: Res) -> Iterator[Evidence]:
    """Composer 3 has ``enable_private_environment``, before it ``private_environment_config.enable_private_endpoint``."""
    config = next(iter(res.blocks("config")), Block({}, "config"))
    older = "private_environment_config.enable_private_endpoint"
    if _private(config.get(older, False)):
        yield Control(res.address, config.at(older))
    else:
        yield flag(res, config, "enable_private_environment", _private, False,
                   "Composer environment {} runs its tasks on machines that reach the internet",
                   f"set {config.at('enable_private_environment')} of {res.address} to true")  # fmt: skip
    yield from _networks(
        world,
        res,
        (("config.node_config.network", "network"), ("config.node_config.subnetwork", "subnetwork")),
    )


def _data_fusion(res: Res) -> Evidence:
    private = res.get("private_instance", False)
    if not _private(private):
        return fault(
            res, "private_instance", "Data Fusion {} runs pipelines that write to any system they name"
        )
    return fault(res, "", "Data Fusion {} runs pipelines whose sinks are chosen when they run; only its network is private",
                 "weakened")  # fmt: skip
