"""Libraries under the seal: programs of tried.yaml, run by the runner, and the table of how they ended."""

from __future__ import annotations

import re
import secrets
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from runner.client import libraries, packages
from tests.runner.support import Job, Result, StoreClient

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LOCK = HERE / "requirements.lock"
PLACE = ROOT / ".cloister" / "sealed"  # where the environment of the lock is made
PAGE = ROOT / "docs" / "sealed-libraries.md"
LONGEST = 60  # seconds: what waits for others longer than that does not run

HEAD = """# What runs sealed

A sealed command has files, processes and Unix sockets, and no network: not to other hosts, not to names, and no TCP to
itself. Each line below was made by running a program that uses the library as people do, sealed, with the versions of
`tests/runner/sealed/requirements.lock`. `make sealed-libraries` runs them again and writes this page.

"""
FOOT = """
Not tried, because installing them is out of proportion, and not expected to run: `torchrun` and `torch.distributed`
(they meet over TCP, even on one machine), NCCL (GPUs, and TCP to find each other), MPI and Horovod.

`cloister job check` and `cloister flow lint` find the libraries of the lower half in code and locks before anything is
submitted. A team that needs them asks for `network: project` in its team file; the report's first page then names it.
"""


@dataclass(frozen=True)
class Tried:
    """One program. `runs` is what is expected."""

    library: str
    what: str
    runs: bool
    program: str

    def run(self, store: StoreClient, work: Path, environments: Path) -> Result:
        """Run it by the runner, sealed."""
        return self.job(store, work, environments).finish()

    def job(self, store: StoreClient, work: Path, environments: Path, metrics: Sequence[str] = ()) -> Job:
        """The job that runs it, with the libraries of the lock."""
        return Job(
            store,
            work / secrets.token_hex(4),
            {"main.py": self.program},
            timeout=LONGEST,
            lock=packages.digest(LOCK.read_bytes()),
            metrics=metrics,
            settings={"CLOISTER_ENVIRONMENTS": str(environments)},
        )


def tried() -> list[Tried]:
    return [Tried(**each) for each in yaml.safe_load((HERE / "tried.yaml").read_text(encoding="utf-8"))]


def environments(say: Callable[[str], None], set_variable: Callable[[str, str], None]) -> Path:
    """The directory of environments with that of the lock in it. Raises libraries.NotBuilt."""
    set_variable("XDG_CACHE_HOME", str(PLACE))
    libraries.build(LOCK, say)
    return libraries.cache()


def page(ended: Iterable[tuple[Tried, Result]]) -> str:
    """The documentation's page of how they ended."""
    lines = ["| library | what was run | sealed | where not, what it said |", "|---|---|---|---|"]
    for each, result in ended:
        named = f"`{each.library}`{version(each.library)}"
        runs = "runs" if result.code == 0 else "does not run"
        lines.append(f"| {named} | {each.what} | {runs} | {'' if result.code == 0 else said(result)} |")
    return HEAD + "\n".join(lines) + "\n" + FOOT


def version(library: str) -> str:
    found = re.search(rf"^{re.escape(library)}==(\S+)", LOCK.read_text(), re.M)
    return f" {found[1]}" if found else ""


def said(result: Result) -> str:
    """The last error a person would read, shortened, without what differs from run to run."""
    if result.code == 78:
        return f"nothing for {LONGEST} s"
    lines = [
        line for line in result.printed("stderr").splitlines() if re.match(r"[\w.]*(Error|Exception)\b", line)
    ]
    last = lines[-1] if lines else result.record["cause"]
    last = re.sub(r"0x[0-9a-f]+|\b\d{5,}\b|/work/\S+", "...", last).replace("|", "\\|")
    return f"`{textwrap.shorten(last, 110, placeholder=' ...')}`"
