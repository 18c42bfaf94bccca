"""`make destroy`: the stacks in reverse order, after what Google cannot remove was taken out of their states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stacks.lifecycle.terraform import Failed, Terraform
from stacks.lifecycle.tree import StackFile

Say = Callable[[str], None]


class Remains(Exception):
    """A stack is not gone; one line that says what to do."""


def destroy(home: Path, stacks: list[StackFile], say: Say, *, keep_data: bool, dry_run: bool) -> None:
    """Destroy each stack, the last deployed first. Raises Failed or Remains at the first that is not gone."""
    for number, stack in enumerate(reversed(stacks), start=1):
        terraform = Terraform(home, stack)
        terraform.init()
        held = terraform.addresses()
        say(f"[{number}/{len(stacks)}] {stack.name}: {len(held)} things in its state")
        kept = [found.address for found in stack.kept() if found.address in held]
        data = [
            address
            for address, (_, forced) in stack.buckets().items()
            if keep_data and not forced and address in held
        ]
        for address in kept:
            say(f"  keeps {address}: it cannot be made again; the next deploy adopts it")
        for address in data:
            say(f"  keeps {address}: {stack.buckets()[address][0]}, with its data")
        protected = [address for address in stack.protected() if address in held]
        for address in protected:
            say(f"  takes deletion_protection from {address}")
        say(f"  {'would destroy' if dry_run else 'destroys'} {len(held) - len(kept) - len(data)}")
        if dry_run or not held:
            continue
        if kept or data:
            terraform.forget([*kept, *data])
        if protected:
            terraform.unprotect(protected)
        try:
            terraform.destroy()
        except Failed:
            raise Remains(_what_remains(stack, terraform)) from None


def to_adopt(stacks: list[StackFile]) -> dict[str, list[str]]:
    """What `keep_data` left, as the team files have to say it before the next deploy: stack to bucket names."""
    kept = {stack.name: [name for name, forced in stack.buckets().values() if not forced] for stack in stacks}
    return {stack: buckets for stack, buckets in kept.items() if buckets}


def _what_remains(stack: StackFile, terraform: Terraform) -> str:
    """What to do about a stack that was not destroyed."""
    held = set(terraform.addresses())
    full = [name for address, (name, forced) in stack.buckets().items() if address in held and not forced]
    if not full:
        return f"{stack.name} is not gone, {len(held)} things are left in its state; when the cause is, run it again"
    return (
        f"{stack.name} is not gone: buckets that hold data stay ({', '.join(full)}). Give the team a `retired:` date and"
        " deploy once it has come, or keep the buckets with KEEP_DATA=1"
    )
