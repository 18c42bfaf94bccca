"""``python -m stacks.table``: docs/resources.md, every resource of the example, why it is there and what it closes.

Why is the comment, docstring or `why` beside the code that makes the resource; which channels it closes is the proof's answer,
from the controls of `cloister check --format json`. Nothing is written down here.
"""

from __future__ import annotations

import json
import linecache
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from cloister.declarations import Declarations, load, names

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "resources.md"
_HEAD = """\
# Every resource, why it is there, and what it closes

Of the example company's stacks, in deploy order, and of `perimeter`, which an
[organisation](organization.md) adds. Made by `python -m stacks.table`; do not edit it by hand.
A channel stands beside each resource that the proof names as a control of it: `cloister explain NET-01` says what the
channel is, and why it is closed. A resource without one is there for another reason, which its sentence gives.
"""


def main() -> int:
    """Write the page; 0."""
    text = page(ROOT)
    PAGE.write_text(text)
    rows = text.count("\n| `")
    print(f"{PAGE.relative_to(ROOT)}: {rows} rows", file=sys.stderr)
    return 0


def page(root: Path) -> str:
    """The page of the declarations under `root`, and of the stack `perimeter` that an organisation adds, as Markdown."""
    parts = [_HEAD, *_sections(root)]
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder)
        shutil.copy(root / "platform.yaml", inside)
        shutil.copytree(root / "teams", inside / "teams")
        shutil.copy(root / "examples" / "organization" / "boundary.yaml", inside)
        parts.extend(_sections(inside, names.PERIMETER))
    return "".join([*parts, *_left_out()])


def _sections(root: Path, only: str = "") -> Iterator[str]:
    """A table for every stack of the declarations under `root`, or for the one that is named."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "cdktf.out"
        out.mkdir()
        reasons = synthesize(load(root), out)
        channels = closed(out, root / "boundary.yaml")
    for stack, why in reasons.items():
        if stack.startswith(only):
            yield f"\n## {stack}\n\n| resource | why it is there | channels it closes |\n|---|---|---|\n"
            yield from _rows(stack, why, channels)


def _left_out() -> Iterator[str]:
    """The constraints that `perimeter` does not set, and why."""
    from stacks.perimeter.policies import constraints

    yield "\n### Constraints that it leaves alone\n\n| constraint | why it is not set |\n|---|---|\n"
    for constraint, why in constraints("left").items():
        yield f"| `{constraint}` | {_escaped(why)} |\n"


def synthesize(declared: Declarations, out: Path) -> dict[str, dict[str, list[str]]]:
    """Write the stacks; by stack and sentence, the resources that are there for it, as `type.name`."""
    from stacks import cdk
    from stacks.app import synthesize as write

    reasons: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def note(resource: Any, frame: FrameType) -> None:
        if isinstance(resource, cdk.TerraformResource):
            address = f"{resource.terraform_resource_type}.{resource.friendly_unique_id}"
            reasons[resource.node.scope.node.id][reason(frame)].append(address)

    cdk.observer = note
    try:
        write(declared, out, lambda _: None)
    finally:
        cdk.observer = None
    return reasons


def reason(frame: FrameType | None) -> str:
    """Why a resource is there: what the function that makes it calls `why`, or the comment right above the call, or else
    the first line of the docstring of the innermost function of the stacks around it that has one.
    """
    while frame is not None:
        code = frame.f_code
        if frame.f_globals["__name__"].startswith("stacks."):
            if "why" in frame.f_locals:
                return str(frame.f_locals["why"])
            if above := _comment(code.co_filename, frame.f_lineno):
                return above
            # A function's docstring is the first of its constants, None where it has none.
            first = code.co_consts[0] if code.co_consts and not code.co_name.startswith("<") else None
            if isinstance(first, str):
                return first.partition("\n")[0].strip()
        frame = frame.f_back
    raise ValueError("a resource that no function of the stacks makes")


def _comment(file: str, line: int) -> str:
    """The comment that ends on the line before."""
    words: list[str] = []
    while (text := linecache.getline(file, line - 1).strip()).startswith("#"):
        words.insert(0, text.removeprefix("#").strip())
        line -= 1
    return " ".join(words)


def closed(out: Path, boundary: Path) -> dict[str, list[str]]:
    """By address, the channels of which the proof names it as a control."""
    command = [
        sys.executable,
        "-m",
        "cloister",
        "check",
        str(out),
        "--boundary",
        str(boundary),
        "--format",
        "json",
    ]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    found: dict[str, list[str]] = defaultdict(list)
    for channel in report["channels"]:
        for address in dict.fromkeys(control["address"] for control in channel["controls"]):
            found[address].append(channel["id"])
    return found


def _rows(stack: str, reasons: dict[str, list[str]], channels: dict[str, list[str]]) -> Iterator[str]:
    """One row for the resources of a type that share a reason and the channels they close."""
    for why, addresses in reasons.items():
        alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
        for address in addresses:
            type_, _, name = address.partition(".")
            alike[type_, tuple(channels.get(f"{stack}/{address}", ()))].append(name)
        for (type_, closes), same in alike.items():
            listed = ", ".join(f"`{name}`" for name in same)
            yield f"| `{type_}` {listed} | {_escaped(why)} | {', '.join(closes)} |\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main())
