"""Priority classes: one for each accelerator and one for pods without, so that quotas can tell them apart."""

from __future__ import annotations

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack


def build_priority_classes(stack: Stack) -> None:
    """All of equal priority: fairness is the quotas' matter, and no pod drives out another's."""
    for accelerator in (None, *names.accelerators(stack.platform)):
        # By it the quotas tell accelerators apart.
        cdk.kubernetes.PriorityClassV1(
            stack.scope,
            f"class_{accelerator or 'standard'}".replace("-", "_"),
            metadata={"name": names.priority_class(accelerator)},
            description=f"Pods with {accelerator}" if accelerator else "Pods without an accelerator",
            value=0,
            global_default=False,
            preemption_policy="Never",
        )
