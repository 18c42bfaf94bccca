"""`cloister flow deploy`: a flow for the platform's Argo Workflows, as the real Metaflow makes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from cloister.declarations import DeclarationErrors, Job, Mistake, load_job
from runner.client.cluster.connection import Cluster
from runner.client.cluster.options import CONTEXT, answers
from runner.client.cluster.place import Place
from runner.client.flow import fan_out, packaging
from runner.client.flow.lint.decorators import called
from runner.client.flow.lint.source import Source, flow_name, read
from runner.client.flow.linting import refuse
from runner.client.flow.workflow.applying import Applied, apply, refusals
from runner.client.flow.workflow.generating import Generated, NotGenerated, generate
from runner.client.flow.workflow.judging import leaves, of_team
from runner.client.jobs import find_team
from runner.client.libraries import NotBuilt
from runner.client.object_store import NotStarted
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import printable

DONE, REFUSED, WRONG_QUESTION = 0, 1, 2
# Decorators of a flow that the platform does not answer, and why.
_REFUSED = {
    "trigger": "events come by Argo Events, which the platform does not have",
    "trigger_on_finish": "events come by Argo Events, which the platform does not have",
    "exit_hook": "Metaflow's exit hooks have the controller call an address outside",
}


@click.command(
    "deploy",
    short_help="Hand a flow to the platform's Argo Workflows.",
    epilog="""\b
Examples:
  cloister flow deploy flow.py --team vision --check
  cloister flow deploy flow.py --team vision
  cloister flow deploy flow.py --team vision --production
  cloister flow deploy flow.py --team vision --output flow.json

Exit codes: 0 deployed, or with --check or --output nothing would leave; 1 something would; 2 it could not be done as
asked.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--team", "team_name", required=True, help="The team whose flow it is: a file of teams/.")
@click.option("--production", is_flag=True, help="Of a flow with @project: its production branch.")
@click.option("--branch", help="Of a flow with @project: this branch of it. Default: your own.")
@click.option("--max-workers", type=click.IntRange(1, 1000), help="Tasks at once. Default: Metaflow's, 100.")
@click.option("--check", "only_check", is_flag=True, help="Say what would leave, and change nothing.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the objects here as JSON, and change nothing else.",
)
@CONTEXT
@DIRECTORY
@FORMAT
@answers
def deploy(
    file: Path,
    team_name: str,
    production: bool,
    branch: str | None,
    max_workers: int | None,
    only_check: bool,
    output: Path | None,
    context: str | None,
    directory: Path,
    format_: str,
) -> None:
    """Let Metaflow make the flow in FILE a WorkflowTemplate, and a CronWorkflow where it has @schedule.

    What it makes is looked at before anything is deployed: images, accounts, variables, volumes, hooks, and whatever
    else a template can say; the cluster is asked about each kind of pod. Only for teams with `network: project` and
    `metaflow: true`. The code package goes to the team's artifacts, which people may not write: the team's CI may.
    """
    here = only_check or output is not None
    if here and context:
        raise click.UsageError("--context goes with neither --check nor --output")
    if production and branch:
        raise click.UsageError("--production goes without --branch")
    declarations, team = find_team(team_name, directory)
    refuse(file, declarations, team, "deployed")
    source = read(file)[0]
    mistakes: list[Mistake] = []
    job: Job | None = None
    needs = beside if (beside := file.parent / packaging.JOB_FILE).is_file() else None
    if needs is not None:
        with suppress(DeclarationErrors):  # only the lock it names matters here
            job = load_job(needs, team=team)
    flow = packaging.Flow(file, flow_name(source) or "", job, needs or file)
    mistakes += packaging.mistakes(flow)
    mistakes += fan_out.mistakes(declarations, team, flow, "flow deploy")
    mistakes += _mistakes(file, source)
    if declarations.platform.argo is None:
        mistakes.append(
            Mistake("platform.yaml", 1, "found no argo, expected it; nothing here runs deployed flows")
        )
    if mistakes:
        raise DeclarationErrors(mistakes)
    config = fan_out.configuration(declarations, team)
    assert config is not None  # else a mistake
    words = ["--production"] if production else [f"--branch={branch}"] if branch else []
    options = [f"--max-workers={max_workers}"] if max_workers else []
    try:
        made = generate(
            flow, declarations, team, config, words, options, lambda text: click.echo(text, err=True)
        )
    except (NotGenerated, NotBuilt, NotStarted) as error:
        click.echo(printable(str(error)), err=True)
        raise SystemExit(WRONG_QUESTION) from None
    found = leaves(made.template, of_team(declarations, team))
    applied: list[Applied] = []
    if not here and not found:
        place = Place(declarations, team)
        cluster = Cluster(place, context)
        found = [*refusals(made, cluster)]
        if not found:
            applied = apply(made, place, cluster)
    if output is not None and not found:
        output.write_text(json.dumps(made.manifests, indent=2) + "\n", encoding="utf-8")
    _say(made, found, applied, team_name, output, format_)
    raise SystemExit(REFUSED if found else DONE)


def _mistakes(file: Path, source: Source) -> Iterator[Mistake]:
    """What of the flow Metaflow would make something of that the platform does not have."""
    for decorator, name in called(source, *_REFUSED):
        line = getattr(decorator.node, "lineno", 1)
        yield Mistake(str(file), line, f"found @{name}, expected none; {_REFUSED[name]}")


def _say(
    made: Generated, found: list[str], applied: list[Applied], team: str, output: Path | None, format_: str
) -> None:
    if format_ == "json":
        report = {
            "version": 1,
            "team": team,
            "workflow": made.name,
            "objects": [each["kind"] for each in made.manifests],
            "found": found,
            "applied": [asdict(each) for each in applied],
        }
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for sentence in found:
        click.echo(printable(sentence), err=True)
    if found:
        click.echo(f"not deployed: {len(found)} found in what Metaflow made of the flow", err=True)
    else:
        pods = sum("container" in each for each in made.template["spec"]["templates"])
        kinds = " and ".join(each["kind"] for each in made.manifests)
        click.echo(f"{made.name}: {kinds}, {pods} kinds of pod; nothing would leave")
    for each in applied:
        click.echo(f"{each.kind} {made.name}: {each.what}")
    if output is not None and not found:
        click.echo(f"wrote {output}; the code package is not uploaded")
