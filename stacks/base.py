"""What every stack has: its providers, its backend, and the declarations it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloister.declarations import Boundary, Declarations, Organization, Platform, Team
from stacks import cdk


@dataclass(frozen=True)
class Stack:
    """A Terraform stack under construction. `scope` is the engine's stack, to which resources are added."""

    scope: Any
    declared: Declarations

    @property
    def boundary(self) -> Boundary:
        return self.declared.boundary

    @property
    def platform(self) -> Platform:
        return self.declared.platform

    @property
    def teams(self) -> dict[str, Team]:
        return self.declared.teams

    @property
    def project(self) -> str:
        return self.boundary.project

    @property
    def organization(self) -> Organization | None:
        """The organisation above the project, where the boundary names one."""
        organization = self.boundary.organization
        return organization if isinstance(organization, Organization) else None

    @property
    def region(self) -> str:
        return self.platform.region

    @property
    def key_path(self) -> tuple[str, str, str]:
        """Where the keys lie: the first arguments of `names.crypto_key_id`."""
        return self.project, self.region, self.platform.name

    @property
    def operators(self) -> list[str]:
        """The members security trusts with the platform."""
        return sorted(principal.member for principal in self.boundary.trusted.principals)


def new_stack(app: Any, name: str, declared: Declarations) -> Stack:
    """A stack with the google provider and its own state, `<state_bucket>/<name>`."""
    scope = cdk.TerraformStack(app, name)
    boundary, platform = declared.boundary, declared.platform
    cdk.google.GoogleProvider(
        scope,
        "google",
        project=boundary.project,
        region=platform.region,
        # Calls count against the project's own quota, whoever deploys: some APIs, that of budgets among them, take a
        # person's credentials no other way.
        billing_project=boundary.project,
        user_project_override=True,
        add_terraform_attribution_label=False,  # labels are ours alone, so that a plan shows what the file says
    )
    cdk.GcsBackend(scope, bucket=platform.state_bucket, prefix=name)
    return Stack(scope, declared)


def connect_kubernetes(stack: Stack, cluster_stack: str, endpoint_output: str) -> None:
    """Let the stack's kubernetes provider reach the cluster at its DNS endpoint, as the deployer.

    The endpoint is the one fact that cannot be derived, so it comes from the cluster's state. Its certificate is
    signed by a public authority; no CA is given, and no program is run to authenticate.
    """
    state = cdk.DataTerraformRemoteStateGcs(
        stack.scope, cluster_stack, bucket=stack.platform.state_bucket, prefix=cluster_stack
    )
    deployer = cdk.google.DataGoogleClientConfig(stack.scope, "deployer")
    cdk.kubernetes.KubernetesProvider(
        stack.scope,
        "kubernetes",
        host=f"https://{state.get_string(endpoint_output)}",
        token=deployer.access_token,
    )
