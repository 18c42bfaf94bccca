"""The table of rules: what each looks for, why that would leave or fail, and what to do instead."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.client.flow.lint import decorators, running, texts, uses
from runner.client.flow.lint.inside import Inside
from runner.client.flow.lint.source import Source, read

Hit = tuple[ast.AST, str]


@dataclass(frozen=True)
class Rule:
    """One rule. `check` gives the places it holds for, each with what was found there."""

    id: str
    check: Callable[[Source, Inside], Iterator[Hit]]
    why: str
    do: str


@dataclass(frozen=True, order=True)
class Finding:
    """One thing in a flow, in the words of its rule."""

    file: str
    line: int
    column: int
    rule: str
    what: str
    why: str
    do: str


_INPUTS = "stage it: name it under the flow's inputs (--input data/reviews/:in/) and read the files"
_LOCK = "name what the flow needs in its requirements.lock; `cloister env build` makes the environment"

RULES: tuple[Rule, ...] = (
    Rule(
        "network-client",
        uses.network_clients,
        "it would carry what the step has read to a host of the flow's choosing",
        _INPUTS,
    ),
    Rule(
        "connection",
        uses.connections,
        "a connection can carry data to whoever listens at its other end",
        "keep the step to files; what other steps need is an artifact of the flow",
    ),
    Rule(
        "download",
        uses.downloads,
        "asking a public host for files tells it what is worked on, and there is no way to it",
        "bring the files into the team's data bucket once, then " + _INPUTS,
    ),
    Rule(
        "url",
        texts.urls,
        "whoever is called at this address learns what is sent there, and the address itself may carry data",
        _INPUTS,
    ),
    Rule(
        "bucket",
        texts.buckets,
        "a bucket that is not the team's takes the data out of its scope",
        "read what was staged, and write below the flow's outputs; they go to the team's own buckets",
    ),
    Rule(
        "card-asset",
        texts.card_assets,
        "everyone who opens the card asks that host for it, with the card's address in the request",
        "embed it: metaflow.cards.Image takes bytes, and HTML takes data: URLs",
    ),
    Rule(
        "public-index",
        decorators.public_indexes,
        "its packages come from a public index, which learns of them, and whose code would meet the data",
        _LOCK,
    ),
    Rule(
        "public-image",
        decorators.images,
        "an image from elsewhere runs code the platform never saw, with the team's identity",
        "leave image= out; the team's configuration names the platform's own image by digest",
    ),
    Rule(
        "elsewhere",
        decorators.elsewhere,
        "the step and everything it reads would be sent to machines outside the project",
        "take the decorator off: every step runs in the flow's pod, or with `--fan-out` in the team's namespace",
    ),
    Rule(
        "fan-out",
        decorators.fan_out,
        "the team's pods are sealed: a task in a pod of its own could reach neither the datastore nor Kubernetes",
        "take it off: @resources, foreach and retries work within the flow's one pod",
    ),
    Rule(
        "pod",
        decorators.pod_settings,
        "admission refuses such a pod in the team's namespace",
        "leave it out; the team's configuration sets what its pods may have",
    ),
    Rule(
        "secret",
        decorators.secrets,
        "a credential of another place is a way to that place, and no secret reaches a flow",
        "let whoever owns the source write to the team's data bucket (`sources` in the team file)",
    ),
    Rule(
        "notification",
        running.notifications,
        "the message, with whatever the error quotes, goes to a service outside",
        "leave it out; the platform's alerts tell the team of failed runs",
    ),
    Rule(
        "deployment",
        running.deployments,
        "it hands the flow to a scheduler past what is looked at here, with its code",
        "declare the schedule in the team file and install it by `cloister job deploy`, or use `cloister flow deploy`",
    ),
    Rule(
        "environment",
        running.variables,
        "the variable decides which code is loaded, which hosts are trusted or where data goes",
        "leave it out; the platform sets what a flow needs",
    ),
    Rule(
        "metadata",
        running.metadata,
        "names, parameters and paths of the run would be reported to a service outside the team's scope",
        "leave it out; metadata lies with the datastore, in the team's artifacts bucket",
    ),
    Rule(
        "program",
        running.programs,
        "the program talks to other hosts",
        _INPUTS + ". Libraries: " + _LOCK,
    ),
    Rule(
        "needs-tcp",
        running.needs_tcp,
        "it talks to itself over TCP, and a sealed flow has no sockets but local ones between processes",
        "use multiprocessing, joblib or foreach; or ask for `network: project` in the team file",
    ),
    Rule(
        "unreadable",
        running.unreadable,
        "what is imported or run is decided at run time, so nobody can tell beforehand where it leads",
        "import modules by their names",
    ),
)


def findings(flow: Path, inside: Inside) -> list[Finding]:
    """All rules over the flow's files, in the order of the text. Raises DeclarationErrors."""
    return sorted({finding for source in read(flow) for finding in over(source, inside)})


def over(source: Source, inside: Inside) -> Iterator[Finding]:
    """All rules over one file."""
    for rule in RULES:
        for node, what in rule.check(source, inside):
            line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
            yield Finding(str(source.path), line, column, rule.id, what, rule.why, rule.do)
