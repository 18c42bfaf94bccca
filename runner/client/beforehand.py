"""What in a sealed job's code and lock would want the network, said before the queue does. Nothing is imported or run.

The seal is the boundary; a library that is only present, or used only elsewhere, is named all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from cloister.declarations import DeclarationErrors
from runner.client import locks, packages
from runner.client.flow.lint import rules
from runner.client.flow.lint.inside import of_team
from runner.client.flow.lint.source import Source, parse
from runner.client.flow.lint.tables import TCP_MODULES
from runner.client.jobs import Prepared
from runner.client.view import printable

# Of the rules for flows those whose finds fail without a network; the others are about Metaflow, or texts.
WITHOUT_A_NETWORK = {
    "network-client": "there is nobody it could talk to",
    "connection": "only sockets between processes of the command open",
    "download": "there is no way to that host; stage the files as inputs",
    "program": "there is nobody it could talk to; libraries come from the job's lock",
    "needs-tcp": "it talks to itself over TCP; multiprocessing, joblib and threads do run",
}
# Distributions are named as their modules, but for the dash.
NEED_TCP = {module.replace("_", "-"): name for module, name in TCP_MODULES.items() if "." not in module}


@dataclass(frozen=True, order=True)
class Finding:
    """One place that wants the network. `file` as a person finds it from here."""

    file: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        why = WITHOUT_A_NETWORK[self.rule]
        return f"{self.file}:{self.line}: {self.what}; the job runs sealed: {why} [{self.rule}]"


def warn(job: Prepared) -> None:
    """Say what a sealed run will not have before it waits in a queue. It may be code that no run reaches."""
    for finding in findings(job):
        click.echo(printable(f"warning: {finding}"), err=True)


def findings(job: Prepared) -> list[Finding]:
    """All of a sealed job; none for one that is on the project's network."""
    if not job.sealed:
        return []
    found = set(_in_code(job))
    if job.lock is not None:
        found |= set(_in_lock(job.lock))
    return sorted(found)


def _in_code(job: Prepared) -> Iterator[Finding]:
    # A job may be sealed where its team is not.
    inside = of_team(job.declarations, job.team.model_copy(update={"network": "sealed"}))
    folder = job.folder / job.job.code
    for name, path in packages.files(folder):
        if path.suffix != ".py" or not path.is_file():
            continue
        try:
            source = Source(path, folder, parse(path))
        except DeclarationErrors:
            continue  # a file for another Python, or a test's own data: no reason to say anything of it
        for finding in rules.over(source, inside):
            if finding.rule in WITHOUT_A_NETWORK:
                shown = name if name.isprintable() else ascii(name)
                yield Finding(f"{folder}/{shown}", finding.line, finding.rule, finding.what)


def _in_lock(lock: Path) -> Iterator[Finding]:
    for number, line in locks.logical_lines(lock.read_text(encoding="utf-8")):
        name = re.sub(r"[-_.]+", "-", re.split(r"[\s=\[]", line, maxsplit=1)[0]).lower()
        if name in NEED_TCP:
            yield Finding(str(lock), number, "needs-tcp", f"{NEED_TCP[name]} (installs {name})")
