"""Controllers with a reach of their own (K8S-21): they turn objects of the cluster into calls nobody planned."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Step
from policies.channels.k8s.wording import begin, fix_of, leak, subject_of, tenant
from policies.channels.k8s.workflows import controllers_keep_nothing_elsewhere
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.grants import grants_by_kind
from policies.facts.kubernetes.clusters import clusters
from policies.facts.kubernetes.images import images
from policies.facts.kubernetes.kinds import controller_of
from policies.facts.kubernetes.namespaces import team_of
from policies.facts.kubernetes.objects import kinds, objects, opaque
from policies.facts.kubernetes.powers import CONTROLLED
from policies.facts.kubernetes.rbac import holders
from policies.facts.members import Member, parse
from policies.facts.ownership import teams_of
from policies.facts.principals import email_of, workload_pool
from policies.facts.world import World

_CONNECTOR = "addons_config.config_connector_config.enabled"
# Fleet features that apply what a repository says.
_FEATURES = {
    "configmanagement": "applies whatever a Git repository says to the cluster",
    "policycontroller": "runs a controller that admits or refuses objects by constraints nobody has rendered here",
    "servicemesh": "puts a proxy with rules of its own before pods",
    "fleetobservability": "ships logs and metrics to the fleet's host project",
    "identityservice": "lets identities of other providers into the cluster",
}  # fmt: skip
# Images of operators that act on objects with identities and networks of their own.
_OPERATORS = (
    "argocd", "argo-cd", "argocli", "external-secrets", "external-dns", "cert-manager", "fluxcd", "flux-cli",
    "source-controller", "kustomize-controller", "helm-controller", "crossplane", "config-connector", "cnrm",
    "config-sync", "nomos", "atlantis", "tekton", "vault-k8s", "velero", "keda", "spinnaker", "rancher",
)  # fmt: skip
_ADMIN = (
    "resourcemanager.projects.setIamPolicy",
    "iam.roles.update",
    "storage.buckets.setIamPolicy",
    "iam.serviceAccounts.setIamPolicy",
)

_WIDE = frozenset({"roles/owner", "roles/editor", "roles/admin", "roles/writer"})


@channel("K8S-21")
def no_controller_acts_beyond_the_plan(world: World) -> Iterator[Evidence]:
    """No configuration controllers, no charts that nobody has rendered, no custom resources of unknown operators."""
    for cluster in clusters(world):
        yield from _connector(world, cluster.res.address, cluster.subject, cluster.on(_CONNECTOR))
    for res in world.of("helm_release"):
        sentence = f"Helm release {res.subject} installs objects of chart {_text(res.get('chart'))} that are not in the snapshot: what they run and reach cannot be judged before the chart is rendered"
        yield leak(
            "undecided",
            res.subject,
            sentence,
            (),
            "render the chart (helm template) into kubernetes_manifest resources",
            res.address,
            "chart",
        )
    for item in opaque(world):
        yield leak(
            "undecided",
            item.res.subject,
            f"The objects of {item.res.address} cannot be read: {item.why}",
            (),
            "write the manifest as a literal",
            item.res.address,
            item.attribute,
        )
    for kind in kinds(world):
        for obj in objects(world, kind):
            name = controller_of(obj.group, obj.kind) if obj.place else None
            if name is not None:
                sentence = f"{begin(obj)} ({obj.group}) is acted on by {name}, whose identity and network are not in the snapshot"
                yield leak(
                    "undecided",
                    obj.subject,
                    sentence,
                    (),
                    f"remove {obj.address}, or model what acts on it",
                    obj.address,
                    obj.where("kind"),
                )
    for image in images(world):
        if isinstance(image.name, str) and any(name in image.name.lower() for name in _OPERATORS):
            sentence = f"{begin(image.workload)} runs an operator ({image.name}) that acts on objects of the cluster with an identity and a network of its own"
            yield leak(
                "undecided",
                image.workload.subject,
                sentence,
                (),
                f"remove {image.workload.address}",
                image.workload.address,
                image.attribute,
            )
    yield from controllers_keep_nothing_elsewhere(world)
    yield from _features(world)
    yield from _wide_identities(world)
    for holding, _ in holders(world, CONTROLLED.name):
        if tenant(holding) and not holding.whole and not holding.unknown and _acting(world):
            sentence = f"{holding.subject.says} may {CONTROLLED.does} by {holding.role}, and a controller of the cluster acts on them"
            step = Step(
                holding.subject.says,
                "any cloud resource",
                f"{holding.role} lets it write what the controller acts on",
                holding.res.address,
                holding.attribute,
            )
            yield leak(
                "open",
                subject_of(holding),
                sentence,
                (step,),
                fix_of(holding),
                holding.res.address,
                holding.attribute,
            )


def _text(value: object) -> str:
    return value if isinstance(value, str) else "a name that is not known"


def _acting(world: World) -> bool:
    return any(cluster.on(_CONNECTOR) is not False for cluster in clusters(world)) or bool(
        world.of("helm_release")
    )


def _connector(world: World, address: str, name: str, enabled: bool | Unknown) -> Iterator[Evidence]:
    if enabled is False:
        yield Control(address, _CONNECTOR)
    elif isinstance(enabled, Unknown):
        yield leak(
            "undecided",
            name,
            f"Whether cluster {name} runs Config Connector is not known: {enabled.reason}",
            address=address,
            attribute=_CONNECTOR,
        )
    else:
        sentence = f"Cluster {name} runs Config Connector, which turns objects of a namespace into cloud resources after every plan; only that no tenant may write such objects keeps it idle"
        yield leak("weakened", name, sentence, (), f"set {_CONNECTOR} = false", address, _CONNECTOR)


def _features(world: World) -> Iterator[Evidence]:
    for res in world.of("google_gke_hub_feature"):
        name = res.get("name")
        if isinstance(name, Unknown):
            yield leak(
                "undecided",
                res.address,
                f"Which fleet feature {res.address} turns on is not known",
                address=res.address,
                attribute="name",
            )
        elif name in _FEATURES:
            sentence = f"Fleet feature {name} {_FEATURES[name]}; only that no membership is told what to apply keeps it idle"
            yield leak("weakened", res.subject, sentence, (), f"remove {res.address}", res.address, "name")
    for res in world.of(
        "google_gke_hub_feature_membership", "google_gke_hub_feature", "google_gke_hub_fleet"
    ):
        for block in (
            *res.blocks("configmanagement.config_sync.git"), *res.blocks("configmanagement.config_sync.oci"),
            *res.blocks("fleet_default_member_config.configmanagement.config_sync.git"),
            *res.blocks("fleet_default_member_config.configmanagement.config_sync.oci"),
        ):  # fmt: skip
            repository = _text(block.get("sync_repo"))
            sentence = f"Config Sync of {res.subject} applies whatever {repository} says to the cluster, after every plan"
            step = Step(
                f"whoever writes to {repository}",
                "the cluster's objects",
                "Config Sync applies them",
                res.address,
                block.at("sync_repo"),
            )
            yield leak(
                "open",
                res.subject,
                sentence,
                (step,),
                f"remove {block.path}",
                res.address,
                block.at("sync_repo"),
            )
    for res in world.of(
        "google_config_deployment", "google_config_preview", "google_infra_manager_deployment"
    ):
        sentence = f"Infrastructure Manager deployment {res.subject} applies a Terraform blueprint that is not in the snapshot"
        yield leak(
            "undecided",
            res.subject,
            sentence,
            (),
            f"remove {res.address}",
            res.address,
            "terraform_blueprint",
        )


def _wide_identities(world: World) -> Iterator[Evidence]:
    """Service accounts of the platform's own namespaces that may change anything or rights of the project: what an
    operator with them makes, no plan shows. Those of teams are IAM's and TEN's to judge."""
    acting: dict[str, Member] = {}
    for grant in grants_by_kind(world).get("google_service_account", ()):
        who = parse(grant.member) if isinstance(grant.member, str) else None
        email = email_of(grant.on) if grant.on is not None else None
        if who is None or email is None or who.pool != workload_pool(world):
            continue
        if grant.permits("iam.serviceAccounts.getAccessToken"):
            acting[f"serviceAccount:{email}"] = who
    for grant in grants_by_kind(world).get("google_project", ()):
        member = acting.get(grant.member) if isinstance(grant.member, str) else None
        wide = grant.role in _WIDE or (grant.permissions is not None and grant.permits(*_ADMIN))
        if member is None or not wide:
            continue
        if teams_of(world, str(grant.member)) or (member.namespace and team_of(world, member.namespace)):
            continue
        sentence = f"Pods of namespace {member.namespace} act as {grant.member}, which holds {grant.role} on the project: what they make, no plan shows"
        step = Step(
            f"a pod of namespace {member.namespace}",
            "rights of the project",
            f"it acts as {grant.member}",
            grant.res.address,
            grant.attribute,
        )
        yield leak(
            "open",
            grant.subject,
            sentence,
            (step,),
            f"remove the grant at {grant.res.address}",
            grant.res.address,
            grant.attribute,
        )
