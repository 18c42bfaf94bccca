"""`make deploy`: prove the tree, then apply its stacks in order, adopting what an earlier destroy left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import storage

from cloister.declarations import Declarations
from stacks.lifecycle.terraform import Terraform
from stacks.lifecycle.tree import Kept, StackFile
from stacks.rest import Google, Refused

Say = Callable[[str], None]


def deploy(
    home: Path, stacks: list[StackFile], google: Google, say: Say, *, ask: bool, dry_run: bool
) -> None:
    """Apply each stack. Raises Failed at the first that Terraform does not apply, Refused where Google does not answer."""
    for number, stack in enumerate(stacks, start=1):
        say(f"[{number}/{len(stacks)}] {stack.name}")
        terraform = Terraform(home, stack)
        terraform.init()
        held = set(terraform.addresses())
        found = {
            kept.address: kept.id
            for kept in stack.kept()
            if kept.address not in held and _exists(google, kept)
        }
        for address, id_ in found.items():
            say(f"  {'would adopt' if dry_run else 'adopts'} {address}: {id_} exists already")
        if dry_run:
            say(f"  would apply; {len(held)} things are in its state")
            continue
        terraform.adopt({address: id_ for address, id_ in found.items() if id_})
        terraform.apply(ask=ask)


def _exists(google: Google, kept: Kept) -> bool:
    return kept.url is not None and google.find(kept.url) is not None


def forgotten(google: Google, declared: Declarations, stacks: list[StackFile]) -> list[str]:
    """Stacks that have a state and are not declared any more: all they made is still there. Raises Refused."""
    client = storage.Client(project=google.project, credentials=google.credentials)
    try:
        pages = client.list_blobs(declared.platform.state_bucket, delimiter="/").pages
        prefixes = {prefix.rstrip("/") for page in pages for prefix in page.prefixes}
    except GoogleAPICallError as error:
        cure = "; make bootstrap makes it" if error.code == 404 else ""
        raise Refused(int(error.code or 0), f"the state bucket: {error.message}{cure}") from None
    return sorted(prefixes - {stack.name for stack in stacks})
