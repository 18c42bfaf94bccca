"""Databases: their public paths, their copies, and the ways out that they have inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.channels import said
from policies.channels.evidence import Control, Evidence
from policies.channels.outward import (
    fault,
    flag,
    gained,
    granted,
    kept,
    landed,
    location,
    present,
    sends,
    unread,
)
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.capabilities import held_by_workloads
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.principals import standing
from policies.facts.resource import Block, Res
from policies.facts.world import World

_SQL = "google_sql_database_instance"


@channel("DB-01")
def databases_have_no_public_path(world: World) -> Iterator[Evidence]:
    """Databases answer at private addresses in a network of the snapshot, to users inside."""
    for res in world.of(_SQL):
        yield from _sql_path(world, res)
    yield from unread(world, ("google_alloydb_instance", "network_config"))
    for res in world.of("google_alloydb_instance"):
        for block in res.blocks("network_config"):
            for name, says in (
                ("enable_public_ip", "AlloyDB {} answers on the internet"),
                ("enable_outbound_public_ip", "AlloyDB {} itself reaches the internet"),
            ):
                yield flag(
                    res, block, name, _off, False, says, f"set {block.at(name)} of {res.address} to false"
                )
            for attribute, value in leaves(block, "authorized_external_networks.cidr_range"):
                yield fault(res, attribute, f"AlloyDB {{}} lets {value} in from the internet", "weakened")
    for res in world.of("google_alloydb_instance"):
        if res.get("client_connection_config.ssl_config.ssl_mode") == "ALLOW_UNENCRYPTED_AND_ENCRYPTED":
            yield fault(
                res,
                "client_connection_config.ssl_config.ssl_mode",
                "AlloyDB {} takes connections without TLS",
                "weakened",
            )
    for path in ("network_config.network", "network"):
        yield from sends(world, "google_alloydb_cluster", path, "network", "AlloyDB {} answers in")
    for type_, kind in (("google_sql_user", "type"), ("google_alloydb_user", "user_type")):
        for user in world.of(type_):
            yield from _user(world, user, kind)


def _off(value: Any) -> bool:
    return value is False or value == "false"


def _sql_path(world: World, res: Res) -> Iterator[Evidence]:
    says = "Cloud SQL {} has an address on the internet, and whoever may connect by IAM or password reads it from there"
    path = "settings.ip_configuration"
    fix = f"set {path}.ipv4_enabled of {res.address} to false, with a private_network"
    whole = res.get(path)
    if isinstance(whole, Unknown):
        yield fault(
            res, path, f"{says}, unless its settings, which are not known, say otherwise", "undecided", fix
        )
        return
    for block in res.blocks(path) or [Block({}, path)]:
        yield flag(res, block, "ipv4_enabled", _off, True, says, fix)
        for attribute, value in leaves(block, "authorized_networks.value"):
            yield fault(res, attribute, f"Cloud SQL {{}} lets {value} in from the internet",
                        "weakened" if _off(block.get("ipv4_enabled", True)) else "open")  # fmt: skip
        if block.get("ssl_mode") == "ALLOW_UNENCRYPTED_AND_ENCRYPTED":
            yield fault(res, block.at("ssl_mode"), "Cloud SQL {} takes connections without TLS", "weakened",
                        f"set {block.at('ssl_mode')} of {res.address} to ENCRYPTED_ONLY")  # fmt: skip
        for attribute, value in leaves(block, "private_network"):
            yield landed(
                res, attribute, place(world, value, "network", res), "Cloud SQL {} answers in", "network"
            )


_IAM_USERS = {"CLOUD_IAM_USER": "user", "CLOUD_IAM_GROUP": "group", "CLOUD_IAM_SERVICE_ACCOUNT": "serviceAccount",
              "ALLOYDB_IAM_USER": "user", "ALLOYDB_IAM_GROUP": "group"}  # fmt: skip


def _user(world: World, user: Res, path: str) -> Iterator[Evidence]:
    """A login that IAM backs is a grant to a member."""
    kind = _IAM_USERS.get(str(user.get(path)))
    name = user.get("name", user.get("user_id"))
    if kind is None or name is None:
        return
    if isinstance(name, str) and kind == "serviceAccount" and not name.endswith(".gserviceaccount.com"):
        name = f"{name}.gserviceaccount.com"
    if isinstance(name, str) and name.endswith(".gserviceaccount.com"):
        kind = "serviceAccount"
    who = standing(world, name if isinstance(name, Unknown) else f"{kind}:{name}")
    if who.outside:
        yield fault(user, "name", said.sentence(f"{who.member}, {who.why}, may log in to the database as {{}}"),
                    "undecided" if who.kind == "unknown" else "open")  # fmt: skip
    else:
        yield Control(user.address, "name")


_CONSUMERS = "settings.ip_configuration.psc_config"
_COPIES = (
    (_SQL, f"{_CONSUMERS}.allowed_consumer_projects", "project", "Cloud SQL {} is published to"),
    (_SQL, f"{_CONSUMERS}.psc_auto_connections.consumer_network", "network", "Cloud SQL {} is published in"),
    (_SQL, f"{_CONSUMERS}.psc_auto_connections.consumer_service_project_id", "project", "Cloud SQL {} is published to"),
    (_SQL, "master_instance_name", "sql", "Cloud SQL {} replicates"),
    (_SQL, "clone.source_instance_name", "sql", "Cloud SQL {} is cloned from"),
    (_SQL, "restore_backup_context.project", "project", "Cloud SQL {} is restored from"),
    (_SQL, "replication_cluster.failover_dr_replica_name", "sql", "Cloud SQL {} replicates to"),
    ("google_alloydb_instance", "psc_instance_config.allowed_consumer_projects", "project", "AlloyDB {} is published to"),
    ("google_alloydb_instance", "psc_instance_config.psc_auto_connections.consumer_project", "project",
     "AlloyDB {} is published to"),
    ("google_alloydb_instance", "psc_instance_config.psc_auto_connections.consumer_network", "network",
     "AlloyDB {} is published in"),
    ("google_alloydb_cluster", "secondary_config.primary_cluster_name", "alloydb", "AlloyDB {} replicates"),
    ("google_alloydb_cluster", "restore_backup_source.backup_name", "resource", "AlloyDB {} is restored from"),
    ("google_alloydb_cluster", "restore_continuous_backup_source.cluster", "alloydb", "AlloyDB {} is restored from"),
    ("google_alloydb_backup", "cluster_name", "alloydb", "Backup {} is made of"),
)  # fmt: skip
_BACKUPS = (
    (_SQL, "settings.backup_configuration.location", "Backups of Cloud SQL {} are kept in"),
    ("google_alloydb_backup", "location", "Backup {} is kept in"),
    ("google_alloydb_cluster", "automated_backup_policy.location", "Backups of AlloyDB {} are kept in"),
)
_EXPORT = (
    "cloudsql.instances.export",
    "cloudsql.instances.clone",
    "alloydb.clusters.export",
    "alloydb.backups.create",
)


@channel("DB-02")
def copies_of_databases_stay_in_the_project(world: World) -> Iterator[Evidence]:
    """Replicas, clones, backups and published endpoints of databases are the project's, and no running code exports one."""
    for type_, path, kind, says in _COPIES:
        yield from sends(world, type_, path, kind, says)
    for type_, path, says in _BACKUPS:
        yield from kept(world, type_, path, says)
    for res in world.of(_SQL):
        for name in ("username", "dump_file_path", "client_certificate"):
            if res.get(f"replica_configuration.{name}") is not None:
                yield fault(
                    res,
                    f"replica_configuration.{name}",
                    "Cloud SQL {} replicates with a server outside Cloud SQL",
                )
                break
    for res in world.of("google_alloydb_cluster"):
        if res.get("cluster_type") == "SECONDARY":
            at = res.get("location", Unknown("no location"))
            yield location(world, res, "location", at, "A copy of the database, AlloyDB {}, is kept in")
    yield from present(
        world, ["google_sql_source_representation_instance"],
        "Source {} has Cloud SQL replicate with a server outside Google Cloud",
    )  # fmt: skip
    for grant, who in held_by_workloads(world, *_EXPORT):
        yield gained(
            grant,
            who,
            "may export or clone any database of the project",
            "an export of a database",
            status="weakened",
        )


# Flags and extensions that let a database open connections. Source: the Cloud SQL and AlloyDB lists of database flags.
_REACHING_FLAGS = re.compile(
    r"external[ _]scripts|remote[ _]access|ole[ _]automation|cross[ _]db|clr[ _]enabled|xp_cmdshell|ad[ _]hoc[ _]distributed|"
    r"dblink|fdw|pglogical|logical_decoding|pg_cron|plproxy|google_ml|local_infile|federated|external_master|vertex|"
    r"contained[ _]database|linked[ _]server|wal2json|pg_net|http\b",
    re.IGNORECASE,
)


@channel("DB-03")
def databases_open_no_connections(world: World) -> Iterator[Evidence]:
    """No flag, extension or script lets a database connect out: its network is Google's, past the firewall."""
    for type_, path in ((_SQL, "settings.database_flags"), ("google_alloydb_instance", "database_flags")):
        for res in world.of(type_):
            yield from _flags(res, path)
    yield from present(
        world, ["google_sql_provision_script"], "Script {} runs SQL of its author's choice in the database"
    )
    for res in world.of(_SQL):
        for block in res.blocks("settings.ip_configuration"):
            yield flag(res, block, "enable_private_path_for_google_cloud_services", _off, False,
                       "BigQuery reaches Cloud SQL {} by a path inside Google's network, past the VPC",
                       f"remove {block.at('enable_private_path_for_google_cloud_services')} from {res.address}", "weakened")  # fmt: skip


def _flags(res: Res, path: str) -> Iterator[Evidence]:
    value = res.get(path)
    if isinstance(value, Unknown):
        yield fault(res, path, "Which flags database {} runs with is not known", "undecided")
    for block in res.blocks(path):
        name, setting = str(block.get("name")), str(block.get("value", "on")).lower()
        if _REACHING_FLAGS.search(name) and setting not in ("off", "0", "false"):
            yield fault(
                res, block.at("name"), f"Flag {name} lets code in database {{}} connect to other systems"
            )
    if not res.blocks(path) and isinstance(value, dict):
        for name, setting in value.items():
            if _REACHING_FLAGS.search(name) and str(setting).lower() not in ("off", "0", "false"):
                yield fault(
                    res, f"{path}.{name}", f"Flag {name} lets code in database {{}} connect to other systems"
                )


# Stores that are read by IAM grants alone; their own types have no other way out than the rows below.
_STORES = (
    "google_spanner_instance", "google_spanner_database", "google_spanner_backup", "google_bigtable_instance",
    "google_bigtable_table", "google_bigtable_authorized_view", "google_bigtable_backup", "google_firestore_database",
    "google_healthcare_dataset", "google_healthcare_fhir_store", "google_healthcare_dicom_store",
    "google_healthcare_hl7_v2_store", "google_healthcare_consent_store", "google_sql_database_instance",
    "google_alloydb_cluster", "google_redis_instance", "google_redis_cluster", "google_memorystore_instance",
    "google_managed_kafka_cluster", "google_dataproc_metastore_service", "google_dataproc_metastore_table",
    "google_dataproc_metastore_database", "google_dataproc_metastore_federation", "google_firebase_database_instance",
)  # fmt: skip
_READ = (
    "spanner.databases.read", "spanner.databases.select", "bigtable.tables.readRows", "datastore.entities.get",
    "datastore.databases.export", "healthcare.fhirResources.get", "healthcare.dicomStores.export", "cloudsql.instances.connect",
    "redis.instances.export", "spanner.backups.copy",
)  # fmt: skip
_REACHES = (
    ("google_healthcare_fhir_store", "stream_configs.bigquery_destination.dataset_uri", "dataset", "FHIR store {} streams to"),
    ("google_healthcare_fhir_store", "notification_configs.pubsub_topic", "topic", "FHIR store {} publishes every change to"),
    ("google_healthcare_fhir_store", "notification_config.pubsub_topic", "topic", "FHIR store {} publishes every change to"),
    ("google_healthcare_hl7_v2_store", "notification_configs.pubsub_topic", "topic", "HL7 store {} publishes every message to"),
    ("google_healthcare_hl7_v2_store", "notification_config.pubsub_topic", "topic", "HL7 store {} publishes every message to"),
    ("google_healthcare_dicom_store", "notification_config.pubsub_topic", "topic", "DICOM store {} publishes every image to"),
    ("google_healthcare_dicom_store", "stream_configs.bigquery_destination.table_uri", "dataset", "DICOM store {} streams to"),
    ("google_redis_instance", "authorized_network", "network", "Redis {} answers in"),
    ("google_memcache_instance", "authorized_network", "network", "Memcached {} answers in"),
    ("google_redis_cluster", "psc_configs.network", "network", "Redis {} answers in"),
    ("google_redis_cluster", "cross_cluster_replication_config.primary_cluster.cluster", "resource", "Redis {} replicates"),
    ("google_redis_cluster", "cross_cluster_replication_config.secondary_clusters.cluster", "resource", "Redis {} is copied to"),
    ("google_memorystore_instance", "desired_psc_auto_connections.network", "network", "Memorystore {} answers in"),
    ("google_memorystore_instance", "desired_psc_auto_connections.project_id", "project", "Memorystore {} is published to"),
    ("google_memorystore_instance", "desired_auto_created_endpoints.network", "network", "Memorystore {} answers in"),
    ("google_memorystore_instance", "desired_auto_created_endpoints.project_id", "project", "Memorystore {} is published to"),
    ("google_memorystore_instance", "cross_instance_replication_config.secondary_instances.instance", "resource",
     "Memorystore {} is copied to"),
    ("google_redis_cluster_user_created_connections", "cluster_endpoints.connections.psc_connection.project_id", "project",
     "Redis {} is published to"),
    ("google_redis_cluster_user_created_connections", "cluster_endpoints.connections.psc_connection.network", "network",
     "Redis {} is published in"),
    ("google_memorystore_instance_desired_user_created_endpoints",
     "desired_user_created_endpoints.connections.psc_connection.project_id", "project", "Memorystore {} is published to"),
    ("google_memorystore_instance_desired_user_created_endpoints",
     "desired_user_created_endpoints.connections.psc_connection.network", "network", "Memorystore {} is published in"),
)  # fmt: skip
# A rule that always holds. Source: firebase.google.com/docs/rules/rules-language.
_OPEN_RULE = re.compile(r"allow\s+[a-z,\s]+(?:;|:\s*if\s+(?:true|request\.auth\s*!=\s*null)\s*;)")


@channel("DB-04")
def stores_are_read_inside_only(world: World) -> Iterator[Evidence]:
    """Stores are granted to members inside, stand in networks of the snapshot, and no rule of their own opens them."""
    yield from granted(world, _STORES, "can read", _READ, "stores of")
    for type_, path, kind, says in _REACHES:
        yield from sends(world, type_, path, kind, says)
    for ruleset in world.of("google_firebaserules_ruleset"):
        for attribute, value in leaves(ruleset, "source.files.content"):
            yield _rules(ruleset, attribute, value)
    for release in world.of("google_firebaserules_release"):
        for attribute, value in leaves(release, "ruleset_name"):
            if world.referred(value) is None and isinstance(value, Unknown):
                yield fault(
                    release, attribute, "Which rules release {} puts in force is not known", "undecided"
                )
    for type_ in ("google_redis_instance", "google_redis_cluster", "google_memorystore_instance"):
        for res in world.of(type_):
            if str(res.get("transit_encryption_mode", "")) in _PLAIN:
                yield fault(
                    res,
                    "transit_encryption_mode",
                    "What {} sends over the network is not encrypted",
                    "weakened",
                )


_PLAIN = ("DISABLED", "TRANSIT_ENCRYPTION_MODE_DISABLED", "TRANSIT_ENCRYPTION_DISABLED")


def _rules(res: Res, attribute: str, value: Any) -> Evidence:
    if isinstance(value, Unknown):
        return fault(res, attribute, "Whom the rules of {} let read is not known", "undecided")
    if _OPEN_RULE.search(re.sub(r"//[^\n]*", "", str(value))):
        return fault(res, attribute, "The rules of {} let everybody on the internet read")
    return fault(res, attribute, "The rules of {} let clients on the internet read what they admit", "weakened",
                 "remove the rules: IAM alone should decide")  # fmt: skip
