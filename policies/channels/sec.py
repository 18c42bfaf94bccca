"""Secrets, keys and certificates."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Evidence
from policies.channels.outward import fault, gained, granted, kept, landed, present, sends, unread
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.capabilities import held_by_workloads
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.keys import key_uses
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.resource import Block
from policies.facts.secrets import looks_secret
from policies.facts.world import World

_SECRETS = (
    "google_secret_manager_secret", "google_secret_manager_regional_secret", "google_parameter_manager_parameter",
    "google_parameter_manager_regional_parameter",
)  # fmt: skip
_READ = ("secretmanager.versions.access", "parametermanager.parameterVersions.render")


@channel("SEC-01")
def secrets_are_read_one_by_one_inside(world: World) -> Iterator[Evidence]:
    """Each secret is granted to members inside, one secret at a time, and tells only topics of the project."""
    yield from granted(world, _SECRETS, "can read", _READ, "every secret of")
    for grant, who in held_by_workloads(world, *_READ):
        yield gained(
            grant,
            who,
            "reads every secret of the project, other teams' among them",
            "every secret",
            status="weakened",
        )
    for type_ in _SECRETS:
        yield from sends(world, type_, "topics.name", "topic", "Secret {} announces its rotation to")


_ADDONS = ("secret_manager_config", "secret_sync_config")


@channel("SEC-02")
def the_cluster_holds_no_secrets(world: World) -> Iterator[Evidence]:
    """Secrets are fetched by each team's identity: none is copied into the cluster or written in a pod."""
    for cluster in world.of("google_container_cluster"):
        for name in _ADDONS:
            for block in cluster.blocks(name):
                if block.get("enabled", False) is not False:
                    yield fault(cluster, block.at("enabled"), "Cluster {} brings secrets of Secret Manager into pods: whoever may "
                                "read Secrets or enter the pod has them", "weakened",
                                f"remove {name} from {cluster.address}")  # fmt: skip
    yield from unread(world, *(("google_container_cluster", name) for name in _ADDONS))
    yield from present(
        world,
        ["kubernetes_secret_v1_data"],
        "What {} writes is read by whoever may get or list Secrets",
        "weakened",
    )
    for obj in objects(world, "Secret"):
        yield fault(obj.res, obj.where("data"), "Kubernetes secret {} is read by whoever may get or list Secrets in its namespace",
                    "weakened", f"remove {obj.address}: fetch the secret by the team's identity")  # fmt: skip
    for workload in workloads(world):
        for container in workload.containers():
            yield from _environment(workload, container)
        for volume in workload.spec.blocks("volumes"):
            if volume.get("secret") is not None:
                yield fault(
                    workload.obj.res,
                    workload.at(volume, "secret"),
                    "Pods of {} mount a Kubernetes secret",
                    "weakened",
                )
    yield from present(
        world, ["google_composer_user_workloads_secret"], "Composer secret {} is read by every task of the environment",
        "weakened",
    )  # fmt: skip


def _environment(workload: Workload, container: Block) -> Iterator[Evidence]:
    """Secrets in the environment are in the object, in its history, and in every child process."""
    res, fix = (
        workload.obj.res,
        f"have the program of {workload.address} fetch the secret by its own identity",
    )
    for env in container.blocks("env"):
        name = str(env.get("name", ""))
        if env.get("valueFrom.secretKeyRef") is not None:
            yield fault(res, workload.at(env, "valueFrom.secretKeyRef"), f"Pods of {{}} have secret {name} in their environment",
                        "weakened", fix)  # fmt: skip
        elif env.get("value") is not None and looks_secret(name, env.get("value")):
            yield fault(res, workload.at(env, "value"), f"Secret {name} of pods of {{}} is written in their specification, which "
                        "whoever may read pods reads", "weakened", fix)  # fmt: skip
    for source in container.blocks("envFrom"):
        if source.get("secretRef") is not None:
            yield fault(res, workload.at(source, "secretRef"), "Pods of {} have a whole Kubernetes secret in their environment",
                        "weakened", fix)  # fmt: skip


@channel("SEC-03")
def keys_are_the_projects_own(world: World) -> Iterator[Evidence]:
    """Every key that encrypts data lies in the project, is held by Google's own hardware, and decrypts for members inside."""
    yield from granted(
        world,
        ["google_kms_crypto_key", "google_kms_key_ring", "google_kms_ekm_connection", "google_privateca_ca_pool",
         "google_privateca_certificate_template"],
        "can use",
        ["cloudkms.cryptoKeyVersions.useToDecrypt"],
        "every key of",
    )  # fmt: skip
    for res, attribute, value in key_uses(world):
        there = place(world, value, "key", res)
        yield landed(res, attribute, there, "What {} holds is encrypted by", "key")
    for type_, path, kind, says in _KEY_PROJECTS:
        yield from sends(world, type_, path, kind, says)
    for type_, says in _OUTSIDE_KEYS.items():
        yield from present(world, [type_], says)
    yield from _public_certificates(world)
    for res in world.of("google_kms_crypto_key"):
        level = res.get("version_template.protection_level", "SOFTWARE")
        if not isinstance(level, Unknown) and str(level).startswith("EXTERNAL"):
            yield fault(res, "version_template.protection_level", "Key {} is held by a key manager outside Google Cloud, which "
                        "sees every use of it")  # fmt: skip
    for res in world.of("google_kms_crypto_key_version"):
        if res.get("external_protection_level_options") is not None:
            yield fault(res, "external_protection_level_options", "A version of a key is held by a key manager outside Google "
                        "Cloud: {}", fix=f"remove {res.address}")  # fmt: skip
    for res in world.of("google_privateca_ca_pool"):
        for block in res.blocks("publishing_options"):
            for name in ("publish_ca_cert", "publish_crl"):
                if block.get(name) is True:
                    yield fault(res, block.at(name), "Certificate authority {} publishes in a bucket that anybody reads",
                                "weakened")  # fmt: skip
    for res in world.of("google_privateca_certificate_authority"):
        for attribute, value in leaves(res, "gcs_bucket"):
            yield landed(
                res,
                attribute,
                place(world, value, "bucket"),
                "Certificate authority {} publishes in",
                "bucket",
            )


def _public_certificates(world: World) -> Iterator[Evidence]:
    """Certificates of public authorities are written to public logs, names and all."""
    says = "Certificate {} is written to public logs, with every name in it"
    yield from present(world, ["google_compute_managed_ssl_certificate"], says, "weakened")
    for res in world.of("google_certificate_manager_certificate"):
        if res.get("managed") is not None and res.get("managed.issuance_config") is None:
            yield fault(res, "managed", says, "weakened")


_KEY_PROJECTS = (
    ("google_kms_autokey_config", "key_project", "project", "Keys are made for the project in"),
    ("google_kms_project_autokey_config", "key_project", "project", "Keys are made for the project in"),
)
_OUTSIDE_KEYS = {
    "google_kms_ekm_connection": "Connection {} has keys held by a key manager outside Google Cloud",
    "google_public_ca_external_account_key": "Account key {} lets its holder have certificates made, which public logs record",
}


_PLACES = (
    ("google_secret_manager_secret", "replication.user_managed.replicas.location", "Secret {} is kept in"),
    ("google_secret_manager_regional_secret", "location", "Secret {} is kept in"),
    ("google_parameter_manager_regional_parameter", "location", "Parameter {} is kept in"),
    ("google_kms_key_ring", "location", "Keys of ring {} are kept in"),
    ("google_privateca_ca_pool", "location", "Certificates of pool {} are kept in"),
)


@channel("SEC-04")
def secrets_and_keys_stay_in_the_regions(world: World) -> Iterator[Evidence]:
    """Secrets and keys are kept in the boundary's regions."""
    for type_, path, says in _PLACES:
        yield from kept(world, type_, path, says)
    for secret in world.of("google_secret_manager_secret"):
        if secret.get("replication.auto") is not None or secret.get("replication.automatic") is not None:
            yield fault(secret, "replication.auto", "Secret {} is copied to any region",
                        fix=f"set replication.user_managed of {secret.address} to the boundary's regions")  # fmt: skip
    yield from present(
        world, ["google_parameter_manager_parameter"], "Parameter {} is copied to any region", "weakened"
    )
