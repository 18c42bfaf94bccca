"""The team's Metaflow configuration, as Metaflow reads it from METAFLOW_HOME/config.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloister.declarations import Team, names
from cloister.declarations.names import BucketKind
from cloister.declarations.platform import Images
from stacks import cdk
from stacks.base import Stack

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, keep_trailing_newline=True
)
# What admission demands of every container. Metaflow has no setting for it but the decorator's own argument.
_POD = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "run_as_non_root": True,
    "run_as_user": 65532,
    "seccomp_profile": {"type": "RuntimeDefault"},
}


def build_metaflow(stack: Stack, team: Team, namespace: str, buckets: dict[BucketKind, Any]) -> None:
    """The configuration in a ConfigMap of the namespace, where the platform alone can change it."""
    # Metaflow's configuration, where pods and people find it and the platform alone changes it.
    cdk.kubernetes.ConfigMapV1(
        stack.scope,
        "metaflow",
        metadata={"name": names.METAFLOW_CONFIG_MAP, "namespace": namespace},
        data={"config.json": metaflow_config(stack.project, team, stack.platform.images)},
    )


def metaflow_config(project: str, team: Team, images: Images) -> str:
    """The text of config.json: a local datastore in a sealed pod, the team's artifacts bucket otherwise.

    Without an image of Metaflow's own the runner's is named: Metaflow's default is a public one. Tasks may use what
    they ask for and no more: without limits of their own they would get the namespace's, which are less than the 4 GB
    that Metaflow asks for by default, and the API server takes no such pod.
    """
    return _templates.get_template("metaflow.json.j2").render(
        sealed=team.network == "sealed",
        artifacts=names.bucket(project, team.team, "artifacts"),
        namespace=names.namespace(team.team),
        service_account=names.KUBERNETES_SERVICE_ACCOUNT,
        image=images.metaflow or images.runner,
        longest_run=team.quota.max_run_hours * 3600,
        pod=_POD,
        dedicated=team.isolation == "dedicated",
        team_label=names.TEAM_LABEL,
        team=team.team,
    )
