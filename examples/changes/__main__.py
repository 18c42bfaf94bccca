"""`python -m examples.changes [NAME ...]`: what a pull request says of the example changes beside this file.

Each NAME.patch is applied to a copy of the example, synthesized, and compared with the example as it is: the commands CI
runs on a pull request (.github/workflows/boundary.yml). `--write` keeps the answers in docs/pull-requests.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "pull-requests.md"
CHANGES = ("new-team", "release", "leak")
_CLOISTER = str(Path(sys.executable).with_name("cloister"))
_COPIED = ("boundary.yaml", "platform.yaml", "CODEOWNERS", "teams", "stacks")
_SYNTHESIZE = """
from pathlib import Path
from cloister.declarations import load
from stacks.app import synthesize
synthesize(load(Path.cwd()), Path("cdktf.out"), print)
"""
_NOW = {"SOURCE_DATE_EPOCH": "1796083200"}  # 2026-12-01, before anything the changes declare has expired


def example(home: Path, change: str | None = None) -> Path:
    """`home`, with a copy of the example that has the change, synthesized. The proof's gate is not asked: a pull
    request that opens something is to be shown, not only refused."""
    home.mkdir(parents=True)
    for item in _COPIED:
        copy = shutil.copytree if (ROOT / item).is_dir() else shutil.copy2
        copy(ROOT / item, home / item)
    if change:
        # Outside of any repository that lies above: git would silently skip what that does not hold.
        alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(home.parent)}
        subprocess.run(["git", "apply", str(HERE / f"{change}.patch")], cwd=home, env=alone, check=True)
    run = [sys.executable, "-c", _SYNTHESIZE]
    environment = {**os.environ, **_NOW, "PYTHONPATH": str(home)}  # the copy's stacks/, not the tree's
    subprocess.run(run, cwd=home, env=environment, check=True, stdout=subprocess.DEVNULL)
    return home


def answer(base: Path, head: Path, format_: str = "markdown") -> tuple[int, str]:
    """Exit code and words of `cloister diff` between the example, synthesized at `base`, and a changed copy of it."""
    command = [_CLOISTER, "diff", str(base), "cdktf.out", "--base-boundary", str(ROOT / "boundary.yaml")]
    done = subprocess.run(
        [*command, "--format", format_], cwd=head, env={**os.environ, **_NOW}, capture_output=True, text=True
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return done.returncode, done.stdout


def shown(page: str, answers: Mapping[str, str]) -> str:
    """The page with the answers between their marks: headings two levels down, below the page's own, and what is folded
    marked as markdown for mkdocs."""
    for name, text in answers.items():
        lower = re.sub(r"^(#+) ", r"##\1 ", text, flags=re.M).replace("<details>", '<details markdown="1">')
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{lower}\n{end}{rest.partition(end)[2]}"
    return page


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.changes", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(CHANGES)}; all when left out"
    )
    parser.add_argument("--write", action="store_true", help="keep the answers in docs/pull-requests.md")
    asked = parser.parse_args()
    if wrong := [name for name in asked.names if name not in CHANGES]:
        parser.error(f"no such change: {', '.join(wrong)}; there are {', '.join(CHANGES)}")
    answers = {}
    with tempfile.TemporaryDirectory() as directory:
        base = example(Path(directory) / "base") / "cdktf.out"
        for name in asked.names or CHANGES:
            code, answers[name] = answer(base, example(Path(directory) / name, name))
            print(f"$ cloister diff BASE HEAD    # {name}: exit {code}\n\n{answers[name]}")
    if asked.write:
        PAGE.write_text(shown(PAGE.read_text(encoding="utf-8"), answers), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
