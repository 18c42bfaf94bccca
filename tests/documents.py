"""Documents whose `sh` blocks are run as they stand: the blocks of a page, and a copy of the tree to run them in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
_HERE_DOCUMENT = re.compile(r"<<-?'?(\w+)'?")


def commands(document: Path, begin: str = "", end: str = "") -> list[str]:
    """The commands of a document's `sh` blocks in order; between two of its headings where those are named."""
    text = document.read_text(encoding="utf-8")
    text = text[text.index(f"\n{begin}\n") if begin else 0 : text.index(f"\n{end}\n") if end else len(text)]
    return [command for block in _BLOCK.findall(text) for command in _split(block)]


def _split(block: str) -> Iterator[str]:
    """Commands of a block: a line each, with the lines of its here-document."""
    lines = iter(block.splitlines())
    for line in lines:
        if not line.strip():
            continue
        command = [line]
        if found := _HERE_DOCUMENT.search(line):
            for following in lines:
                command.append(following)
                if following == found[1]:
                    break
        yield "\n".join(command)


def copy_of_the_tree(target: Path) -> Path:
    """What git knows of the tree, with this tree's own environment."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".venv").symlink_to(ROOT / ".venv")
    # Older than the environment whatever happened to them: `make setup` of a copy must never install the copy.
    for name in ("requirements.lock", "pyproject.toml"):
        os.utime(target / name, (0, 0))
    return target


def run(command: str, where: Path, environment: Mapping[str, str] = {}) -> str:
    """Run one command in a copy of the tree; what it printed. Anything but exit 0 fails the test."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=where,
        # The copy's own packages, not those of the tree the environment was made for.
        env={**os.environ, "PYTHONPATH": str(where), **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
