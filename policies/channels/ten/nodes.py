"""Teams on the same nodes: what one that breaks out finds there (TEN-03), and what hardware tells (TEN-12)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels import said
from policies.channels.evidence import Control, Evidence, Residual, Step
from policies.channels.k8s.wording import leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import clusters, pools
from policies.facts.kubernetes.namespaces import namespaces
from policies.facts.kubernetes.node_identity import data_grants, metadata_mode
from policies.facts.kubernetes.pod_security import breaks, held
from policies.facts.kubernetes.tenancy import runs_pods
from policies.facts.ownership import all_teams
from policies.facts.world import World

_OTHERS = "tokens and volumes of other teams' pods on the node"


@channel("TEN-03")
def a_node_gives_no_team_anothers_data(world: World) -> Iterator[Evidence]:
    """Teams share nodes: so pods are held in their containers, and the node's own identity reads nobody's data."""
    if len(all_teams(world)) < 2:
        return
    for space in namespaces(world).values():
        if space.contained:
            yield Control(space.address, space.attribute)
        elif space.enforce == "unknown":
            sentence = f"Whether pods of namespace {space.name} can break out to nodes that other teams share is not known"
            yield leak("undecided", space.name, sentence, address=space.address, attribute=space.attribute)
        elif runs_pods(world, space):
            step = Step(
                f"a pod of namespace {space.name}",
                _OTHERS,
                f"Pod Security enforces {space.enforce} there",
                space.address,
                space.attribute,
            )
            sentence = f"A pod of namespace {space.name} can break out to a node that other teams' pods share, and take their tokens: Pod Security enforces {space.enforce}"
            yield leak(
                "open",
                space.name,
                sentence,
                (step,),
                f"label namespace {space.name} pod-security.kubernetes.io/enforce=restricted",
                space.address,
                space.attribute,
            )
    for workload, found in breaks(world):
        contained = held(world, workload)
        if found.unknown is None and not contained and found.kind not in ("host network", "host port"):
            step = Step(
                f"a pod of {workload}", _OTHERS, f"it {found.does}", workload.address, found.attribute
            )
            sentence = f"A pod of {workload} {found.does}, on nodes that other teams' pods share"
            yield leak(
                "open",
                workload.subject,
                sentence,
                (step,),
                f"remove {found.attribute}",
                workload.address,
                found.attribute,
            )
    yield from _identity(world)


def _identity(world: World) -> Iterator[Evidence]:
    exposed = [
        pool for pool in pools(world) if pool.kind != "automatic" and metadata_mode(pool).hidden is False
    ]
    for pool in exposed:
        mode = metadata_mode(pool)
        sentence = f"Pods of every team on pool {pool.name} get the token of one identity, the node's; only that it reads no team's data keeps teams apart"
        yield leak(
            "weakened",
            pool.subject,
            sentence,
            (),
            f"set {mode.attribute} = GKE_METADATA",
            mode.address,
            mode.attribute,
        )
    for grant in data_grants(world):
        sentence = f"The nodes that all teams share run as {said.member(grant)}, which holds {said.role(grant)} on {said.thing(grant)}"
        if exposed:
            step = Step(
                "a pod of any team", said.member(grant), "the metadata server hands out the node's token"
            )
            yield leak(
                "open",
                grant.subject,
                sentence,
                (step, said.step(grant)),
                f"remove it at {grant.res.address}",
                grant.res.address,
                grant.attribute,
            )
        else:
            yield leak(
                "weakened",
                grant.subject,
                f"{sentence}; only that no pod is the node keeps it from them",
                (),
                f"remove it at {grant.res.address}",
                grant.res.address,
                grant.attribute,
            )


@channel("TEN-12")
def teams_share_no_accelerator(world: World) -> Iterator[Evidence]:
    """No GPU is shared and no cache is common; that nodes are shared stays a matter of their processors."""
    for pool in pools(world):
        for accelerator in pool.config.blocks("guest_accelerator"):
            for sharing in accelerator.blocks("gpu_sharing_config"):
                strategy = sharing.get("gpu_sharing_strategy", "time sharing")
                if isinstance(strategy, Unknown):
                    yield leak(
                        "undecided",
                        pool.subject,
                        f"How pods share the GPUs of pool {pool.name} is not known: {strategy.reason}",
                        address=pool.res.address,
                        attribute=sharing.path,
                    )
                    continue
                step = Step(
                    "a pod of one team",
                    "a pod of another team",
                    f"both use one GPU ({strategy})",
                    pool.res.address,
                    sharing.path,
                )
                sentence = f"Pods of different teams use one GPU of pool {pool.name} at once ({strategy}): its memory and its timing tell one of the other"
                yield leak(
                    "open",
                    pool.subject,
                    sentence,
                    (step,),
                    f"remove {sharing.path}",
                    pool.res.address,
                    sharing.path,
                )
        for path, what in (
            ("linux_node_config.hugepages_config", "huge pages, which are handed from pod to pod"),
            ("gcfs_config", "a cache of streamed images, whose hits tell who ran what"),
        ):
            for block in pool.config.blocks(path):
                if path != "gcfs_config" or block.get("enabled", False) is not False:
                    sentence = f"Nodes of pool {pool.name} have {what}; only that pods do not see the node's memory keeps teams apart"
                    yield leak(
                        "weakened",
                        pool.subject,
                        sentence,
                        (),
                        f"remove {block.path}",
                        pool.res.address,
                        block.path,
                    )
    for cluster in clusters(world):
        attribute = "node_pool_defaults.node_config_defaults.gcfs_config.enabled"
        if cluster.on(attribute) is not False:
            sentence = f"Nodes of cluster {cluster.subject} keep a cache of streamed images, whose hits tell who ran what; only that pods do not see it keeps teams apart"
            yield leak(
                "weakened",
                cluster.subject,
                sentence,
                (),
                f"remove {attribute}",
                cluster.res.address,
                attribute,
            )
    if len(all_teams(world)) > 1 and clusters(world):
        yield Residual(
            "pods of several teams share processors and caches of nodes",
            "dedicated pools (isolation: dedicated) and confidential or sandboxed nodes",
        )
