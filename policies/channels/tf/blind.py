"""TF-06: what a configuration or a plan does not show of what will be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.channels.tf.harmless import HARMLESS, harmless_drift
from policies.expressions.values import Unknown, holds_unknown
from policies.facts.resource import Res
from policies.facts.types import entry
from policies.facts.world import World

_LAST = re.compile(r"([\w-]+)(?:\[[^\]]*\])*$")
_NOTES: dict[str, tuple[Failing, str]] = {
    "drift": ("weakened", "was changed outside Terraform since its last apply: {}"),
    "deferred": ("undecided", "is deferred: what it becomes is not part of this plan: {}"),
    "incomplete": ("undecided", "is not whole: {}"),
    "errored": ("undecided", "is not whole: {}"),
    "forget": ("open", "leaves {} in the cloud and out of sight: it is forgotten, not deleted"),
    "disagreement": ("undecided", "and its plan do not agree: {}"),
    "unread": ("undecided", "has more for Terraform to read than was checked: {}"),
}


@channel("TF-06")
def nothing_is_left_out_of_sight(world: World) -> Iterator[Evidence]:
    """Every argument of a modelled type is in force as written, every instance is known, and the plan is whole."""
    for res in world.resources:
        yield from _ignored(res)
        yield from _uncounted(res)
        yield from _abandoned(res)
        yield from _unresolved(world, res)
    for stack in world.snapshot.stacks:
        notes = [*stack.notes]
        for kind, detail in notes:
            yield from _noted(stack.name, kind, detail)
        if not notes:
            yield Control(stack.name, "complete")
    for reference in world.evaluation.disagreements():
        address, _, attribute = reference.rpartition(".")
        yield _leak(
            address, address, "undecided", attribute,
            f"The plan of {address} does not say what its configuration says of {attribute}: it was made of another one",
        )  # fmt: skip


def _ignored(res: Res) -> Iterator[Evidence]:
    lifecycle = res.meta.get("lifecycle")
    for block in lifecycle if isinstance(lifecycle, list) else [lifecycle]:
        ignored = block.get("ignore_changes") if isinstance(block, Mapping) else None
        for path in [ignored] if isinstance(ignored, str) else ignored or ():
            if res.mode == "managed" and not _harmless(res, str(path)):
                what = "every argument" if path in ("all", "${all}") else path
                yield _leak(
                    res.address, res.subject, "open", "lifecycle.ignore_changes",
                    f"Whoever changes {what} of {res.type} {res.subject} outside Terraform is not undone: what the "
                    f"configuration says of it is not what will be",
                )  # fmt: skip


def _harmless(res: Res, path: str) -> bool:
    """Whether an argument cannot open anything: a harmless type's, or one that says nothing of reach."""
    known = entry(res.type)
    if known is not None and known.kind == "harmless":
        return True
    # The labels of a Kubernetes object are what policies select by.
    if res.type.startswith("kubernetes_") and "label" in path:
        return False
    return not HARMLESS.isdisjoint(re.findall(r"\w+", path))


def _uncounted(res: Res) -> Iterator[Evidence]:
    for name in ("count", "for_each"):
        value = res.meta.get(name)
        if isinstance(value, Unknown):
            yield _leak(
                res.address, res.address, "undecided", name,
                f"How many of {res.type} {res.name} there will be is not known: {value.reason}",
            )  # fmt: skip


def _abandoned(res: Res) -> Iterator[Evidence]:
    policy = res.get("deletion_policy")
    if isinstance(policy, str) and policy.upper() == "ABANDON":
        yield _leak(
            res.address, res.subject, "weakened", "deletion_policy",
            f"{res.type} {res.subject} stays in the cloud, out of sight, when it is taken out of the configuration",
        )  # fmt: skip


def _unresolved(world: World, res: Res) -> Iterator[Evidence]:
    """Values that are neither known nor something the snapshot creates, known by reference."""
    if res.mode != "managed" or not holds_unknown(res.values):
        return
    known = entry(res.type)
    if known is not None and known.kind == "harmless":
        return
    for attribute, value in res.unknowns():
        last = _LAST.search(attribute)
        name = last[1] if last else ""
        # What is write-only is a secret's value, of which nothing else depends.
        if name in HARMLESS or name.endswith("_wo") or _by_reference(world, value):
            continue
        yield _leak(
            res.address, res.subject, "undecided", attribute,
            f"What {attribute} of {res.type} {res.subject} will be is not known: {value.reason}",
        )  # fmt: skip


def _by_reference(world: World, value: Unknown) -> bool:
    """Whether everything a value hangs on is a resource of the snapshot: what only Google can name is its identity.

    A data source says what it finds: Google's own are about things that are judged, others may say anything.
    """
    whole = [world.referred(Unknown(value.reason, refs=(ref,))) for ref in value.refs]
    return bool(whole) and all(
        target is not None and (target.mode == "managed" or target.type.startswith("google_"))
        for target in whole
    )


def _noted(stack: str, kind: str, detail: str) -> Iterator[Evidence]:
    if kind == "removed":
        address, _, how = detail.partition(" ")
        if how == "keep":
            yield _leak(
                f"{stack}/removed", f"{stack}/{address}", "open", "lifecycle.destroy",
                f"{address} is taken out of the configuration and stays in the cloud: nobody judges it any more",
            )  # fmt: skip
    elif kind == "drift" and harmless_drift(detail):
        return
    elif kind in _NOTES:
        status, says = _NOTES[kind]
        yield _leak(stack, stack, status, kind, f"Stack {stack} {says.format(detail)}")


def _leak(address: str, subject: str, status: Failing, attribute: str, text: str) -> Leak:
    return Leak(
        status, subject, f"{text} (`{address}.{attribute}`).",
        (Step("what the configuration says", "what will be", f"`{attribute}` lets them differ", address, attribute),),
        f"remove {attribute} from {address}, or give it a value that can be resolved", address, attribute,
    )  # fmt: skip
