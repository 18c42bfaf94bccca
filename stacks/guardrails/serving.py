"""What every team's services share: the right to ask whose a caller's token is."""

from __future__ import annotations

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack


def build_caller_reviews(stack: Stack) -> None:
    """A role with one right; Kubernetes' own system:auth-delegator could ask what anybody may do, too."""
    # By it a server asks the API server whose a token is; each team's stack binds its own services' account.
    cdk.kubernetes.ClusterRoleV1(
        stack.scope,
        "caller_reviewer",
        metadata={"name": names.caller_reviewer_role()},
        rule=[{"api_groups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}],
    )
