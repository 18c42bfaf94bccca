"""`cloister flow run`: a flow inside the boundary, here or on the platform, sealed in one pod."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from cloister.declarations import DeclarationErrors, Declarations, Mistake, Team, load_job
from runner.client.flow import fan_out as fanned
from runner.client.flow import packaging, parameters
from runner.client.flow.lint.source import flow_name, read
from runner.client.flow.linting import refuse
from runner.client.jobs import find_team, prepare
from runner.client.options import DIRECTORY, FORMAT

DONE, FAILED, WRONG_QUESTION = 0, 1, 2


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True},
    short_help="Run a flow here or on the platform, sealed.",
    epilog="""\b
Examples:
  cloister flow run examples/translations/flow.py --team translations
  cloister flow run flow.py --team translations --alpha 0.5       the flow's own parameters
  cloister flow run flow.py --team translations --submit --follow
  cloister flow run flow.py --team translations --lay-out jobs/languages
  cloister flow run flow.py --team translations --resume 20261125-051904-4dde14ec

Exit codes: 0 done (with --submit: submitted); 1 the lint found something, or the flow failed; 2 it could not be run
as asked.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAMETER VALUE]...")
@click.option("--team", "team_name", required=True, help="The team whose flow it is: a file of teams/.")
@click.option(
    "--job",
    "job_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The job file that says what the flow needs. Default: job.yaml beside FILE, if there.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the inputs lie on this machine, as data/... below it. Default: beside the job file.",
)
@click.option("--resume", "run", help="Go on from this run: steps that ended well are not run again.")
@click.option("--step", help="With --resume: the step to start at. Default: the one that failed.")
@click.option("--submit", "there", is_flag=True, help="On the platform, not here.")
@click.option("--fan-out", is_flag=True, help="A pod per task, where the team file says `network: project`.")
@click.option(
    "--follow", "-f", "following", is_flag=True, help="With --submit: show the log until it has ended."
)
@click.option(
    "--dry-run", is_flag=True, help="With --submit: ask the cluster whether it would, print the Job."
)
@click.option(
    "--lay-out",
    "layout",
    type=click.Path(path_type=Path, file_okay=False),
    help="Run nothing: write the flow's job here, for a schedule and `cloister job deploy`.",
)
@click.option("--context", help="With --submit: the kubeconfig's context. Default: its current one.")
@DIRECTORY
@FORMAT
def run(
    file: Path,
    words: Sequence[str],
    team_name: str,
    job_file: Path | None,
    data: Path | None,
    run: str | None,
    step: str | None,
    there: bool,
    fan_out: bool,
    following: bool,
    dry_run: bool,
    layout: Path | None,
    context: str | None,
    directory: Path,
    format_: str,
) -> None:
    """Run the flow in FILE with the real Metaflow: every step in one sealed pod, foreach as processes of it.

    What the lint finds is refused first. Here means sealed on an object store of this machine, as `cloister job run`;
    with --submit the same job goes to the platform. --fan-out is Metaflow's own Kubernetes runtime instead, configured
    by the team's stack, and needs the team's identity.
    """
    if (following or dry_run or context) and not there:
        raise click.UsageError("--follow, --dry-run and --context go with --submit")
    if fan_out and (there or layout):
        raise click.UsageError("--fan-out goes with neither --submit nor --lay-out")
    if layout and (there or run):
        raise click.UsageError("--lay-out goes with neither --submit nor --resume")
    if step and not run:
        raise click.UsageError("--step goes with --resume")
    declarations, team = find_team(team_name, directory)
    refuse(file, declarations, team, "run")
    source = read(file)[0]
    needs = job_file or (beside if (beside := file.parent / packaging.JOB_FILE).is_file() else None)
    mistakes: list[Mistake] = []
    job = None
    stand_in = data or (needs or file).parent
    if needs is not None:
        with suppress(DeclarationErrors):  # said below, with whatever else is wrong
            job = load_job(needs, team=team)
        try:
            prepare(needs, team_name, directory, stand_in, here=not there)
        except DeclarationErrors as errors:
            mistakes.extend(errors.mistakes)
    flow = packaging.Flow(file, flow_name(source) or "", job, needs or file)
    given, wrong = parameters.given(file, parameters.declared(source), words, resumed=run is not None)
    mistakes += [*wrong, *parameters.step_mistakes(file, parameters.steps(source), step)]
    mistakes += packaging.mistakes(flow) if job is not None or needs is None else []
    if fan_out:
        mistakes += fanned.mistakes(declarations, team, flow, "--fan-out")
    if mistakes:
        raise DeclarationErrors(mistakes)
    asked = Asked(flow, given, declarations, team, run, step)
    if fan_out:
        raise SystemExit(_fan_out(asked))
    if layout:
        click.echo(f"wrote {packaging.lay_out(flow, layout, given, None)}")
        return
    if there:
        from runner.client.cluster import submit
        from runner.client.cluster.submitting import How, start_run
        from runner.client.flow import on_platform

        resumed = (
            None
            if run is None
            else packaging.Resumed(on_platform.run_id(declarations, team, context, run), step)
        )
        with _laid_out(flow, given, resumed) as path:
            with _named_as_known(flow):
                prepared = submit.prepared(path, team_name, directory)
            raise SystemExit(start_run(prepared, How(context, following, dry_run, format_)))
    _here(asked, stand_in, format_)


@dataclass(frozen=True)
class Asked:
    """What is to run: a flow with its words, or from `step` on what an earlier `run` left."""

    flow: packaging.Flow
    given: Sequence[str]
    declarations: Declarations
    team: Team
    run: str | None
    step: str | None


def _fan_out(asked: Asked) -> int:
    """Here a run is named as Metaflow names it."""
    from runner.client.libraries import NotBuilt

    what = ["run"]
    if asked.run is not None:
        what = ["resume", f"--origin-run-id={asked.run}", *([asked.step] if asked.step else [])]
    config = fanned.configuration(asked.declarations, asked.team)
    assert config is not None  # else a mistake
    try:
        words = [*what, *asked.given]
        code = fanned.run(asked.flow, asked.team, config, words, lambda text: click.echo(text, err=True))
    except NotBuilt as error:
        click.echo(str(error), err=True)
        return WRONG_QUESTION
    return DONE if code == 0 else FAILED


def _here(asked: Asked, stand_in: Path, format_: str) -> None:
    from runner.client import command
    from runner.client.flow import local_runs

    flow, team, root = asked.flow, asked.team.team, asked.declarations.root
    kept = None if asked.run is None else local_runs.find(root, asked.run)
    resumed = None if kept is None else packaging.Resumed(kept.name, asked.step)
    with _laid_out(flow, asked.given, resumed) as path:
        buckets = local_runs.stand_in(path.parent, stand_in, flow.job_name, kept)
        with _named_as_known(flow):
            prepared = prepare(path, team, root, buckets)
        code, finished = command.run_here(prepared, format_)
    if code and finished is not None and local_runs.resumable(finished.directory):
        again = f"cloister flow run {flow.path} --team {team} --resume {finished.run_id}"
        click.echo(f"go on from the failed step: {again}", err=format_ == "json")
    raise SystemExit(code)


@contextmanager
def _named_as_known(flow: packaging.Flow) -> Iterator[None]:
    """Mistakes in the job that was laid out name the file a person knows."""
    try:
        yield
    except DeclarationErrors as errors:
        raise DeclarationErrors(
            Mistake(str(flow.needs_path), 1, mistake.message) for mistake in errors.mistakes
        ) from None


@contextmanager
def _laid_out(
    flow: packaging.Flow, given: Sequence[str], resumed: packaging.Resumed | None
) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cloister-flow-") as folder:
        yield packaging.lay_out(flow, Path(folder), given, resumed)
