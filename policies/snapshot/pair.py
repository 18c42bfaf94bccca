"""A plan and the configuration it was made from as one stack: values from the plan, intent from the configuration.

The plan knows what count, defaults and the provider make of the arguments; the configuration knows the text of
expressions, lifecycle, locals and the backend.
"""

from __future__ import annotations

from dataclasses import replace

from policies.snapshot.model import Resource, Stack

# The share of a plan's resources that a configuration must name to be the one the plan was made from.
_ENOUGH = 0.5


def paired(stacks: list[Stack]) -> list[Stack]:
    """Every plan merged with its configuration where both are there, in the order of the configurations."""
    configurations = [stack for stack in stacks if stack.kind == "synth"]
    merged: dict[int, Stack] = {}
    taken: set[int] = set()
    for plan in stacks:
        if plan.kind != "plan":
            continue
        free = [stack for stack in configurations if id(stack) not in merged]
        best = max(free, key=lambda stack: _likeness(stack, plan), default=None)
        if best is not None and _likeness(best, plan) >= _ENOUGH:
            merged[id(best)] = _merged(best, plan)
            taken.add(id(plan))
    return [merged.get(id(stack), stack) for stack in stacks if id(stack) not in taken]


def _likeness(stack: Stack, plan: Stack) -> float:
    """Which share of the plan's managed resources outside modules the configuration names."""
    ours = {_block(resource) for resource in stack.resources}
    theirs = {
        _block(resource) for resource in plan.resources if resource.mode == "managed" and not resource.module
    }
    if not theirs:
        return 1.0 if stack.name == plan.name else 0.0
    return len(ours & theirs) / len(theirs)


def _block(resource: Resource) -> tuple[str, str, str, str]:
    return resource.module_path, resource.mode, resource.type, resource.name


def _merged(stack: Stack, plan: Stack) -> Stack:
    written = {_block(resource): resource for resource in stack.resources}
    planned = {_block(resource) for resource in plan.resources}
    resources = [_joined(resource, written.get(_block(resource)), stack, plan) for resource in plan.resources]
    only_written = [resource for resource in stack.resources if _block(resource) not in planned]
    notes = [*stack.notes, *plan.notes]
    notes += [
        ("disagreement", f"{resource.address} is configured, and the plan does not have it")
        for resource in only_written
        if resource.mode == "managed" and not {"count", "for_each"} & resource.meta.keys()
    ]
    notes += [
        ("disagreement", f"{resource.address} is planned, and the configuration does not have it")
        for resource in resources
        if not resource.module and _block(resource) not in written
    ]
    outputs = {
        name: block
        | ({"known": plan.outputs[name]["known"]} if "known" in plan.outputs.get(name, {}) else {})
        for name, block in stack.outputs.items()
    }
    return replace(
        stack,
        resources=resources + only_written,
        children=plan.children,
        given=plan.given,
        outputs=outputs,
        notes=notes,
    )


def _joined(resource: Resource, written: Resource | None, stack: Stack, plan: Stack) -> Resource:
    address = stack.name + resource.address.removeprefix(plan.name)
    if written is None:
        return replace(resource, address=address, stack=stack.name)
    meta = {key: value for key, value in written.meta.items() if key not in ("count", "for_each")}
    return replace(
        resource, address=address, stack=stack.name, configured=written.body, meta=meta, provider=written.provider,
        paired=True,
    )  # fmt: skip
