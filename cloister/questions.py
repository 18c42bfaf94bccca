"""The questions of `cloister team new` on a terminal: one field at a time, each answer checked as it is given."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from cloister.capacity import capacity
from cloister.declarations import DeclarationErrors, load, load_with
from cloister.declarations.mistakes import shown
from cloister.declarations.terminal import width
from cloister.fields import FIELDS, HEADER, as_yaml, content, gpus_of

NONE = "-"


def ask(directory: Path, given: dict[str, Any]) -> dict[str, Any]:
    """One answer per field: those `given`, the others asked for. Raises DeclarationErrors, and click.Abort on Ctrl-D."""
    declarations = load(directory)
    domain, have = declarations.boundary.domain, capacity(declarations.platform)
    offered = ", ".join(f"{kind} (the pools can have {count})" for kind, count in sorted(have.gpus.items()))
    more = {
        "cpu": "" if have.cpus is None else f" All pools together can have {have.cpus}.",
        "gpus": f" There are {offered}." if offered else "",
    }
    answers = {key: field.default for key, field in FIELDS.items()} | {"gpus": {}} | given
    for key in given:
        if mistakes := _wrong(directory, domain, answers, key, given[key]):
            raise click.UsageError(f"{FIELDS[key].place}: {'; '.join(mistakes)}")
    teams = ", ".join(declarations.teams) or "none yet"
    click.echo(f"A new team of {declarations.boundary.project}. Teams so far: {teams}.")
    click.echo("Enter takes what stands in brackets, Ctrl-D ends without writing anything.")
    for key, field in FIELDS.items():
        if key in given or (key == "gpus" and not have.gpus):
            continue
        if key == "currency" and answers["monthly"] is None:
            continue
        offer = f"group:{answers['name']}-ml@{domain}" if key == "members" else field.default
        click.echo(f"\n{click.style(field.place, bold=True)}: {field.help}")
        click.echo(_wrapped(f"{field.why}{more.get(key, '')}"))
        answers[key] = _asked(key, offer, partial(_wrong, directory, domain, answers, key))
    return answers


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text, min(100, width()), initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )


def _asked(key: str, offer: Any, wrong: Callable[[Any], list[str]]) -> Any:
    """One answer, asked for until nothing is wrong with it."""

    def parsed(text: str) -> Any:
        value = _parsed(key, text.strip())
        if mistakes := wrong(value):
            raise click.UsageError("; ".join(mistakes))
        return value

    if key == "metaflow":
        return click.confirm("  metaflow", default=offer)
    shown_offer = NONE if offer is None or offer == () else str(offer)
    default = None if key == "name" else shown_offer
    return click.prompt(f"  {FIELDS[key].place.rpartition('.')[2]}", default=default, value_proc=parsed)


def _parsed(key: str, text: str) -> Any:
    default = FIELDS[key].default
    if key == "gpus":
        try:
            return {} if text == NONE else gpus_of(tuple(text.replace(",", " ").split()))
        except ValueError as error:
            raise click.UsageError(
                f"found {shown(str(error))}, expected TYPE=COUNT, as nvidia-l4=4"
            ) from None
    if key == "monthly" and text == NONE:
        return None
    if key == "monthly" or isinstance(default, int):
        if not (text.isascii() and text.isdecimal()):
            raise click.UsageError(f"found {shown(text)}, expected a whole number")
        return int(text)
    return text


def _wrong(directory: Path, domain: str, answers: dict[str, Any], key: str, value: Any) -> list[str]:
    """What is wrong with one answer, the later ones as they are by default."""
    tried = {**answers, key: value}
    name = tried["name"]
    if key == "name" and name in {path.stem for path in (directory / "teams").glob("*.yaml")}:
        return [f"teams/{name}.yaml exists already; choose another name"]
    tried["members"] = tried["members"] or f"group:members@{domain}"
    place = FIELDS[key].place
    try:
        load_with(directory, name, HEADER + as_yaml(content(tried)))
    except DeclarationErrors as errors:
        starts = (f"{place}:", f"{place}.")
        found = [each.message for each in errors.mistakes if each.message.startswith(starts)]
        return [message.partition(": ")[2] for message in found]
    return []
