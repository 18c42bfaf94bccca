"""The one place where the name of any resource is built.

Stacks, runner and proof derive names from here, so that they refer to each other's resources without shared
state. Limits are Google Cloud's and Kubernetes'; `load` refuses declarations whose names would exceed them.
Hyphens never stand inside a bucket's kind, so `<project>-<team>-<kind>` is one team's and one kind's only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from cloister.declarations.platform import Platform

BucketKind = Literal["code", "data", "artifacts", "results"]
BUCKET_KINDS: tuple[BucketKind, ...] = get_args(BucketKind)

KUBERNETES_SERVICE_ACCOUNT = "runner"  # the one account of a team's namespace that a pod may use
CONFIG_MAP = "cloister"  # the platform's settings in every team namespace
TEAM_LABEL = "cloister.dev/team"  # on namespaces
NETWORK_LABEL = "cloister.dev/network"  # on namespaces: sealed or project
POOL_LABEL = "cloister.dev/pool"  # on nodes
ISOLATION_LABEL = "cloister.dev/isolation"  # on namespaces: shared or dedicated
LIMIT_LABEL = "cloister.dev/max-run-seconds"  # on namespaces: the longest a pod of the team may run
CLASS_LABEL = "cloister.dev/class"  # on namespaces: serving, where models serve; without it pods are jobs
SERVING = "serving"
DENY_OUTSIDE = "cloister-deny-outside"  # the cluster-wide network policy
RUNNER_REPOSITORY = "runner"
METAFLOW_REPOSITORY = "metaflow"
METAFLOW_CONFIG_MAP = "metaflow"  # Metaflow's configuration in a team's namespace
ARGO = (
    "argo"  # Argo Workflows in a team's namespace: its controller, its account, its configuration, its role
)
ARGO_EXECUTOR = "argo-executor"  # what the executor in a flow's pods may do
ARGO_TOKEN = "exec-sa-token"  # the volume by which Argo Workflows itself gives its executor a token
ARGO_TOKEN_SECONDS = 3600
ARGO_VARIABLES = (  # which the controller gives the executor's containers
    "ARGO_POD_NAME", "ARGO_POD_UID", "ARGO_WORKFLOW_NAME", "ARGO_WORKFLOW_UID", "ARGO_NODE_ID", "ARGO_CONTAINER_NAME",
    "ARGO_TEMPLATE", "ARGO_DEADLINE", "ARGO_INCLUDE_SCRIPT_OUTPUT", "ARGO_PROGRESS_FILE", "ARGO_PROGRESS_PATCH_TICK_DURATION",
    "ARGO_PROGRESS_FILE_TICK_DURATION", "ARGO_TERMINATION_GRACE_PERIOD_SECONDS",
)  # fmt: skip
ARGO_LOG_OPTIONS = ("--loglevel", "info", "--log-format", "text", "--gloglevel", "0")
PLATFORM_NAMESPACE = "cloister-system"  # the platform's own pods
WATCH = "watch"  # the CronJob that reads every schedule's status: its name, its account's, its roles'
CANARY_NAMESPACE = "cloister-canary"  # what tries the ways out, apart from everything else
CANARY = "canary"  # its CronJob, its accounts, its role

SYSTEM_POOL = "system"  # the nodes of GKE's own pods
AUDIT = "audit"  # log bucket and sink of the audit logs
TEAM_LOGS_EXCLUSION = "teams"
ATTESTOR = "published"  # attests the images that the platform published

# Custom roles of the project, by the names that `custom_role` takes.
OBJECT_CREATOR = "object_creator"
BUCKET_KEEPER = "bucket_keeper"
OPERATOR = "operator"

# What a sealed pod may say to the runner; runner/image/config.py reads it, admission allows nothing else.
RUNNER_ARGUMENTS = ("run",)
PLATFORM_VARIABLES = (  # from the ConfigMap `cloister`, by configMapKeyRef
    "CLOISTER_TEAM",
    "CLOISTER_NETWORK",
    "CLOISTER_BUCKET_CODE",
    "CLOISTER_BUCKET_DATA",
    "CLOISTER_BUCKET_ARTIFACTS",
    "CLOISTER_BUCKET_RESULTS",
    "CLOISTER_STORE",
    "CLOISTER_METADATA",
    "CLOISTER_LOG_LIMIT",
    "CLOISTER_PATIENCE",
    "CLOISTER_GRACE",
)
SUBMIT_VARIABLES = (  # literals, set by `cloister job`
    "CLOISTER_JOB",
    "CLOISTER_RUN_ID",
    "CLOISTER_SPEC",
    "CLOISTER_SHARDS",
    "CLOISTER_IMAGE",
)
FIELD_VARIABLES = (  # fieldRefs; the last is set by Kubernetes' own Job controller on indexed Jobs
    "CLOISTER_OCCASION",
    "CLOISTER_OCCASION_UID",
    "CLOISTER_SHARD",
    "JOB_COMPLETION_INDEX",
)
# What the server of a serving pod is told as literals; runner/serving/settings.py reads it.
SERVER_VARIABLES = ("CLOISTER_AUDIENCE", "CLOISTER_CALLERS")
SERVER_COMMAND = ("/opt/cloister/bin/python3.11", "-I", "-m", "runner.serving")
SERVER_PORT = 8080
PULL_CONTAINER, SERVER_CONTAINER = "pull", "server"  # of a serving pod: what lays out, and what answers

# The run record, the one log entry by which people know a run: its `event`, and the exit classes that are no
# failure, because Kubernetes tries again or another attempt has published the run.
RUN_RECORD = "run-record"
DONE = "done"
# The watch's records, by `event`: one for each schedule, one for each time the watch has looked.
SCHEDULE_RECORD = "schedule"
WATCH_RECORD = "watch"
# The canary's: one for each way out, one for each time it has tried them all.
PROBE_RECORD = "probe"
CANARY_RECORD = "canary"
SCHEDULES_KEY = "schedules.json"  # of the ConfigMap with a team's declared schedules
# What a server says of itself, by `event`: a request it answered, and a start of the model that failed.
REQUEST_RECORD = "request"
UNREADY_RECORD = "not-ready"
NO_FAILURE = (DONE, "preempted", "conflict")

# Longest names: Google Cloud's and Kubernetes' own limits.
BUCKET_LIMIT = 63
SERVICE_ACCOUNT_ID_LIMIT = 30
LABEL_LIMIT = 63
NODE_POOL_LIMIT = 40
RUN_ID_LENGTH = 24  # yyyymmdd-hhmmss- and 8 hex digits


# --- of the platform -------------------------------------------------------------------------------------


def network(platform: str) -> str:
    """The VPC network."""
    return platform


def network_path(project: str, platform: str) -> str:
    """The network as other stacks refer to it."""
    return f"projects/{project}/global/networks/{network(platform)}"


def subnetwork_path(project: str, region: str, platform: str) -> str:
    """The nodes' subnetwork as other stacks refer to it."""
    return f"projects/{project}/regions/{region}/subnetworks/{subnetwork(platform)}"


def subnetwork(platform: str) -> str:
    """The nodes' subnetwork."""
    return f"{platform}-nodes"


def restricted_route(platform: str) -> str:
    """The route to Google's restricted addresses."""
    return f"{platform}-restricted"


def dns_zone(platform: str, domain: str) -> str:
    """The private zone of a domain; of the root where it is empty."""
    return f"{platform}-{domain.replace('.', '-') or 'root'}"


def pods_range(platform: str) -> str:
    """The secondary range of the pods."""
    return f"{platform}-pods"


def services_range(platform: str) -> str:
    """The secondary range of the services."""
    return f"{platform}-services"


def firewall_policy(platform: str) -> str:
    """The global network firewall policy."""
    return f"{platform}-firewall"


def cluster(platform: str) -> str:
    """The GKE cluster."""
    return platform


def key_ring(platform: str) -> str:
    """The KMS key ring."""
    return platform


def crypto_key(purpose: str) -> str:
    """One KMS key per purpose: `storage`, `logging`, `cluster`, `registry`..."""
    return purpose


def crypto_key_id(project: str, region: str, platform: str, purpose: str) -> str:
    """The full resource name of a KMS key."""
    ring = f"projects/{project}/locations/{region}/keyRings/{key_ring(platform)}"
    return f"{ring}/cryptoKeys/{crypto_key(purpose)}"


def registry(project: str, region: str, repository: str) -> str:
    """The path of an Artifact Registry repository, as images name it."""
    return f"{region}-docker.pkg.dev/{project}/{repository}"


def node_pool(pool: str) -> str:
    """A node pool shared by all teams."""
    return pool


def pools(platform: Platform) -> list[str]:
    """Every kind of node: the system pool and the platform's own."""
    return [SYSTEM_POOL, *(pool.name for pool in platform.pools)]


def accelerators(platform: Platform) -> list[str]:
    """Every accelerator that some pool has."""
    return sorted({accelerator for pool in platform.pools for accelerator in pool.gpus})


def dedicated_node_pool(team: str, pool: str) -> str:
    """A team's own copy of a pool, for `isolation: dedicated`."""
    return f"{team}-{pool}"


def node_service_account_id(pool: str) -> str:
    """The account id of a pool's nodes."""
    return f"node-{pool}"


def priority_class(accelerator: str | None = None) -> str:
    """The priority class a pod must have: of its accelerator, or of pods without one. Quotas are scoped by it."""
    return f"cloister-{'standard' if accelerator is None else accelerator}"


def watch_role() -> str:
    """The ClusterRole that the watch is bound to in every team's namespace."""
    return f"cloister-{WATCH}"


def caller_reviewer_role() -> str:
    """The ClusterRole by which servers ask whose a caller's token is."""
    return "cloister-caller-reviewer"


def metric(what: str) -> str:
    """A log-based metric over the records of all teams."""
    return f"cloister-{what}"


def admission_policy(policy: str) -> str:
    """A ValidatingAdmissionPolicy and its binding."""
    return f"cloister-{policy}"


def service_account_email(project: str, account_id: str) -> str:
    """The e-mail address of a service account of the project."""
    return f"{account_id}@{project}.iam.gserviceaccount.com"


def service_account_member(project: str, account_id: str) -> str:
    """The IAM member of a service account of the project."""
    return f"serviceAccount:{service_account_email(project, account_id)}"


def custom_role_id(name: str) -> str:
    """A custom role's id: letters, digits, underscores and periods, 3 to 64 long."""
    return "cloister_" + name.replace("-", "_")


def custom_role(project: str, name: str) -> str:
    """The full name of a custom role, as bindings refer to it."""
    return f"projects/{project}/roles/{custom_role_id(name)}"


PERIMETER = "perimeter"  # the stack that goes around the others, with an organisation


def service_perimeter(access_policy: str, project: str) -> str:
    """A perimeter's full name; an access policy holds those of many projects, so it is named by its own."""
    return f"accessPolicies/{access_policy}/servicePerimeters/{project.replace('-', '_')}"


def access_level(access_policy: str, level: str) -> str:
    """An access level's full name, from itself or from its last part."""
    return f"accessPolicies/{access_policy}/accessLevels/{level.rpartition('/')[2]}"


def organization_policy(project: str, constraint: str) -> str:
    """An organisation policy's full name, where it is set on a project."""
    return f"projects/{project}/policies/{constraint}"


def principal_access_boundary(project: str) -> str:
    """The id of the boundary of a project's principals, among those of the organisation."""
    return f"{project}-only"


# --- of a team -------------------------------------------------------------------------------------------


def team_stack(team: str) -> str:
    """The stack of a team."""
    return f"team-{team}"


def bucket(project: str, team: str, kind: BucketKind) -> str:
    """One of the team's four buckets."""
    return f"{project}-{team}-{kind}"


def buckets(project: str, team: str) -> dict[BucketKind, str]:
    """All buckets of the team by kind."""
    return {kind: bucket(project, team, kind) for kind in BUCKET_KINDS}


def team_service_account_id(team: str) -> str:
    """The account id of the team's jobs."""
    return f"team-{team}"


def team_service_account_email(project: str, team: str) -> str:
    """The e-mail address of the team's service account."""
    return service_account_email(project, team_service_account_id(team))


def namespace(team: str) -> str:
    """The team's Kubernetes namespace."""
    return f"team-{team}"


def serving_namespace(team: str) -> str:
    """The namespace in which the team's models serve."""
    return f"team-{team}-serving"


def serving_service_account_id(team: str) -> str:
    """The account id by which the team's services read its models."""
    return f"serving-{team}"


def serving_service_account_email(project: str, team: str) -> str:
    """The e-mail address of the services' account."""
    return service_account_email(project, serving_service_account_id(team))


def serving_identity_member(project: str, team: str) -> str:
    """The member by which the serving pods' Kubernetes service account acts as the services' account."""
    return f"serviceAccount:{workload_pool(project)}[{serving_namespace(team)}/{KUBERNETES_SERVICE_ACCOUNT}]"


def service_host(team: str, service: str) -> str:
    """The name callers find a service by in the cluster; it is also the audience their tokens must have."""
    return f"{service}.{serving_namespace(team)}.svc.cluster.local"


def workload_pool(project: str) -> str:
    """The project's Workload Identity pool."""
    return f"{project}.svc.id.goog"


def workload_identity_member(project: str, team: str) -> str:
    """The member by which the team's one Kubernetes service account acts as its service account."""
    return _workload_identity(project, namespace(team), KUBERNETES_SERVICE_ACCOUNT)


def canary_workload_identity_member(project: str) -> str:
    """The member by which the canary's Kubernetes service account acts as its service account."""
    return _workload_identity(project, CANARY_NAMESPACE, CANARY)


def _workload_identity(project: str, within: str, account: str) -> str:
    return f"serviceAccount:{workload_pool(project)}[{within}/{account}]"


def log_bucket(team: str) -> str:
    """The team's log bucket."""
    return f"team-{team}"


def log_view(team: str) -> str:
    """The view of the team's log bucket that its members may read."""
    return f"team-{team}"


def log_sink(team: str) -> str:
    """The sink that routes the namespace's entries to the team's log bucket."""
    return f"team-{team}"


def team_custom_role_id(team: str) -> str:
    """The id of the custom role that carries a team's project-level rights."""
    return custom_role_id(f"team_{team}")


def team_labels(team: str) -> dict[str, str]:
    """The labels of everything a team owns, in Google Cloud as in Kubernetes."""
    return {"team": team}


def team_schedules(team: str) -> str:
    """The ConfigMap of the platform's namespace in which the watch finds what a team declares."""
    return f"schedules-{team}"


def team_custom_role(project: str, team: str) -> str:
    """The custom role that carries a team's project-level rights."""
    return custom_role(project, f"team_{team}")


def removal_role_id(team: str) -> str:
    """The id of the custom role by which a retired team's buckets are emptied."""
    return custom_role_id(f"removal_{team}")


def team_repository(team: str) -> str:
    """The team's Artifact Registry repository."""
    return f"team-{team}"


# --- of a run --------------------------------------------------------------------------------------------


def run_prefix(job: str, run_id: str, attempt: int) -> str:
    """Where one attempt's objects lie in a bucket."""
    return f"runs/{job}/{run_id}/{attempt}/"


def manifest(job: str, run_id: str, shard: int | None = None) -> str:
    """The object of `artifacts` whose existence makes a run (or one shard of it) visible."""
    suffix = "" if shard is None else f"-{shard}"
    return f"runs/{job}/{run_id}/manifest{suffix}.json"


def kubernetes_job(job: str, run_id: str) -> str:
    """The Kubernetes Job of a run."""
    return f"{job}-{run_id}"
