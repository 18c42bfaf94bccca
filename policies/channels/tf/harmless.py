"""Arguments whose change opens nothing."""

from __future__ import annotations

# Arguments that say nothing about who reaches what: words for people, and how many of something there are.
HARMLESS = frozenset(
    {
        "annotations", "autoscaling", "description", "display_name", "documentation", "effective_annotations",
        "effective_labels", "friendly_name", "initial_node_count", "labels", "maintenance_policy", "min_master_version",
        "node_count", "node_version", "replicas", "resource_labels", "target_size", "terraform_labels", "timeouts",
        "title", "user_labels", "version", "wait_for_rollout",
    }
)  # fmt: skip


def harmless_drift(detail: str) -> bool:
    """Whether all that a drift note names after the address (``<address>: <argument>, ...``) is of no account."""
    _, _, changed = detail.partition(": ")
    names = [name for name in changed.split(", ") if name]
    return bool(names) and all(name in HARMLESS for name in names)
