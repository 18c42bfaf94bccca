"""Nodes: whose identity they have, what their kubelet tells, how their keys are kept (K8S-16, K8S-18, K8S-23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.channels import said
from policies.channels.evidence import Control, Evidence, Failing, Residual, Step
from policies.channels.k8s.wording import begin, leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import Cluster, Pool, clusters, pools
from policies.facts.kubernetes.node_identity import Account, Mode, account, data_grants, metadata_mode
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.pod_security import breaks
from policies.facts.world import World

_READONLY = "insecure_kubelet_readonly_port_enabled"


@channel("K8S-16")
def pods_cannot_be_the_node(world: World) -> Iterator[Evidence]:
    """GKE's metadata server hides the node's identity on every pool, and that identity reads no data."""
    for pool in pools(world):
        yield from _metadata(world, pool)
        yield from _account(world, pool)
    for grant in data_grants(world):
        hidden = all(metadata_mode(pool).hidden is True for pool in pools(world))
        sentence = f"The nodes' service account {said.member(grant)} holds {said.role(grant)} on {said.thing(grant)}, so that whoever breaks out to a node has it too"
        yield leak(
            "weakened" if hidden else "open", grant.subject,
            sentence + ("; only that pods cannot reach the node's identity keeps it from them" if hidden else ", and pods reach the node's identity"),
            () if hidden else (Step("a pod", said.member(grant), "the node's metadata server hands out its token"), said.step(grant)),
            f"remove it at {grant.res.address}", grant.res.address, grant.attribute,
        )  # fmt: skip
    for workload, found in breaks(world):
        if found.kind == "host network" and found.unknown is None:
            sentence = f"A pod of {workload} shares the node's network, where the node's own metadata server answers with the node's identity; only that the identity reads no data keeps it in"
            yield leak(
                "weakened",
                workload.subject,
                sentence,
                (),
                f"remove {found.attribute}",
                workload.address,
                found.attribute,
            )


def _metadata(world: World, pool: Pool) -> Iterator[Evidence]:
    if pool.kind == "automatic" and pool.cluster is not None and pool.cluster.identity_pool is not None:
        return  # auto-provisioned pools of a cluster with a workload pool have GKE's server, and no argument for it
    mode = metadata_mode(pool)
    if isinstance(mode.hidden, Unknown):
        yield leak(
            "undecided",
            pool.subject,
            f"Whether pods of pool {pool.name} reach the node's identity is not known: {mode.hidden.reason}",
            address=mode.address,
            attribute=mode.attribute,
        )
    elif mode.hidden and mode.stated:
        yield Control(mode.address, mode.attribute)
    elif mode.hidden:
        sentence = f"Pool {pool.name} does not say which metadata server its pods see; only GKE's default keeps the node's identity from them"
        yield leak(
            "weakened",
            pool.subject,
            sentence,
            (),
            f"set {mode.attribute} = GKE_METADATA",
            mode.address,
            mode.attribute,
        )
    else:
        member = account(world, pool).member
        who = member if isinstance(member, str) else "the node's service account"
        step = Step(
            f"a pod on pool {pool.name}",
            who,
            "the metadata server hands the node's token to every pod",
            mode.address,
            mode.attribute,
        )
        sentence = f"Every pod on pool {pool.name} gets the token of {who} from the metadata server, and with it whatever the nodes may do"
        yield leak(
            "open",
            pool.subject,
            sentence,
            (step,),
            _hiding(mode),
            mode.address,
            mode.attribute,
        )


def _hiding(mode: Mode) -> str:
    if mode.attribute.endswith("mode"):
        return f"set {mode.attribute} = GKE_METADATA"
    return f"give {mode.address} its workload pool: GKE's metadata server needs one"


_ACCOUNTS: dict[str, tuple[Failing, str]] = {
    "default": ("open", "runs as the project's default compute account, which holds whatever Google and others granted it"),
    "foreign": ("open", "runs as {member}, an account of another project, whose owner decides what it may do and who may be it"),
    "unknown": ("undecided", "runs as an account that is not known"),
}  # fmt: skip


def _account(world: World, pool: Pool) -> Iterator[Evidence]:
    found: Account = account(world, pool)
    if found.kind == "own":
        yield Control(found.address, found.attribute)
        return
    status, says = _ACCOUNTS[found.kind]
    member = str(found.member) if isinstance(found.member, str) else "an account"
    step = Step(
        f"a pod that breaks out on pool {pool.name}",
        member,
        "the node runs as it",
        found.address,
        found.attribute,
    )
    yield leak(
        status, pool.subject, f"Pool {pool.name} {says.format(member=member)}", (step,) if status == "open" else (),
        f"set {found.attribute} to a service account made for the nodes", found.address, found.attribute,
    )  # fmt: skip


@channel("K8S-18")
def kubelets_tell_pods_nothing(world: World) -> Iterator[Evidence]:
    """The kubelet's read-only port is shut on every pool, legacy endpoints are off, no client certificates are made."""
    for pool in pools(world):
        yield from _readonly(pool)
        yield from _legacy(pool)
    for cluster in clusters(world):
        yield from _cluster(cluster)
    yield from _certificates(world)


def _certificates(world: World) -> Iterator[Evidence]:
    for obj in objects(world, "CertificateSigningRequest"):
        sentence = f"{begin(obj)} makes a client certificate of the cluster, whose key lies in the Terraform state and which nothing can revoke; only RBAC says what it may do"
        yield leak(
            "weakened", obj.subject, sentence, (), f"remove {obj.address}", obj.address, obj.where("spec")
        )


def _readonly(pool: Pool) -> Iterator[Evidence]:
    own = (pool.config, f"kubelet_config.{_READONLY}")
    defaults = (pool.outer, f"node_pool_defaults.node_config_defaults.{_READONLY}")
    automatic = (pool.outer, f"node_pool_auto_config.node_kubelet_config.{_READONLY}")
    value, address, attribute = pool.first(
        *((automatic, defaults) if pool.kind == "automatic" else (own, defaults))
    )
    if isinstance(value, Unknown):
        yield leak(
            "undecided",
            pool.subject,
            f"Whether kubelets of pool {pool.name} answer on port 10255 is not known: {value.reason}",
            address=address,
            attribute=attribute,
        )
    elif str(value).upper() == "FALSE":
        yield Control(address, attribute)
    else:
        how = "is set to answer" if value is not None else "answers by default"
        sentence = f"The kubelet of pool {pool.name} {how} on port 10255 without asking who: any pod of the node reads the specs of all others there, with their environment"
        step = Step(
            "a pod of any team",
            "specs of other teams' pods",
            "the kubelet's read-only port answers",
            address,
            attribute,
        )
        yield leak("open", pool.subject, sentence, (step,), f"set {attribute} = FALSE", address, attribute)


def _legacy(pool: Pool) -> Iterator[Evidence]:
    metadata: Any = pool.config.get("metadata", {})
    value = metadata.get("disable-legacy-endpoints") if isinstance(metadata, dict) else None
    if value is not None and str(value).lower() != "true":
        attribute = pool.config.at("metadata.disable-legacy-endpoints")
        sentence = f"Nodes of pool {pool.name} answer on the legacy metadata endpoints, which ask for no header; only GKE's metadata server before them keeps pods from the node's token"
        yield leak(
            "weakened",
            pool.subject,
            sentence,
            (),
            'set disable-legacy-endpoints = "true"',
            pool.res.address,
            attribute,
        )


def _cluster(cluster: Cluster) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    defaults = f"node_pool_defaults.node_config_defaults.{_READONLY}"
    automatic = f"node_pool_auto_config.node_kubelet_config.{_READONLY}"
    for attribute in (defaults, automatic):
        value = res.get(attribute)
        if isinstance(value, Unknown):
            sentence = f"Whether pools of cluster {name} that say nothing else open the kubelet's read-only port is not known: {value.reason}"
            yield leak("undecided", name, sentence, address=res.address, attribute=attribute)
        elif value is not None and str(value).upper() != "FALSE":
            sentence = f"Pools of cluster {name} that say nothing else open the kubelet's read-only port; only that every pool says FALSE keeps it shut"
            yield leak("weakened", name, sentence, (), f"set {attribute} = FALSE", res.address, attribute)
    for attribute, wanted, says, cut in (
        ("master_auth.client_certificate_config.issue_client_certificate", False,
         f"Cluster {name} issues a client certificate, whose key lies in the Terraform state and which nothing can revoke",
         "only that RBAC gives it no rights yet keeps it harmless"),
        ("enable_kubernetes_alpha", False, f"Cluster {name} runs alpha features, which nobody has secured",
         "only that none is used keeps the cluster as it is"),
    ):  # fmt: skip
        flag = cluster.on(attribute)
        if isinstance(flag, Unknown):
            yield leak(
                "undecided",
                name,
                f"{attribute} of cluster {name} is not known: {flag.reason}",
                address=res.address,
                attribute=attribute,
            )
        elif flag is not wanted:
            yield leak(
                "weakened", name, f"{says}; {cut}", (), f"set {attribute} = false", res.address, attribute
            )
        elif res.get(attribute) is not None:
            yield Control(res.address, attribute)


@channel("K8S-23")
def the_clusters_own_data_is_encrypted_with_the_own_key(world: World) -> Iterator[Evidence]:
    """Secrets are encrypted in etcd with a key of the project; the rest of Google's copies is a matter of trust."""
    for cluster in clusters(world):
        yield Residual(
            "Google runs the control plane and keeps its backups",
            "an attestation, or Access Approval in an organisation",
        )
        res, name = cluster.res, cluster.subject
        state, attribute = res.get("database_encryption.state", "DECRYPTED"), "database_encryption.state"
        if isinstance(state, Unknown):
            yield leak(
                "undecided",
                name,
                f"Whether cluster {name} encrypts its secrets is not known: {state.reason}",
                address=res.address,
                attribute=attribute,
            )
        elif state in ("ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED", "CURRENT_STATE_ENCRYPTED"):
            yield Control(res.address, attribute)
        else:
            sentence = f"Cluster {name} keeps its secrets in etcd and its backups without a key of the project; only Google's own encryption at rest is left"
            yield leak(
                "weakened",
                name,
                sentence,
                (),
                f"set {attribute} = ENCRYPTED with a key of the project",
                res.address,
                attribute,
            )
