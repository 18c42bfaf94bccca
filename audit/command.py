"""``cloister audit``: the proof over what is deployed."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from audit.model import Reading
from audit.proof import audit as prove
from audit.reading.files import read_files, recording
from audit.shown import as_json, head
from cloister.declarations import Boundary, load_boundary
from cloister.declarations.terminal import Progress
from policies.command import BOUNDARY, FORMATS, asked, rendered, stop, tell, write


@dataclass(frozen=True, slots=True)
class _Sources:
    """What the caller asked to be read."""

    assets: tuple[Path, ...]
    whole: bool
    inventory: bool
    cluster: bool
    kubeconfig: str | None
    context: str | None
    buckets: bool

    @property
    def any(self) -> bool:
        return bool(self.assets) or self.inventory or self.cluster or self.buckets


@click.command()
@click.option("--assets", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="An export or list of Cloud Asset Inventory, an export's operation, or a recording of --save. May be given again.")  # fmt: skip
@click.option(
    "--whole",
    is_flag=True,
    help="Your word that exports without an operation were of the whole project, all types.",
)
@click.option(
    "--inventory", is_flag=True, help="Ask Cloud Asset Inventory, with your application default credentials."
)
@click.option("--kubeconfig", type=click.Path(), help="Read the cluster of this kubeconfig.")
@click.option("--context", help="Read the cluster of this context of the kubeconfig.")
@click.option("--buckets", is_flag=True, help="Ask Cloud Storage for the project's buckets and their grants.")
@BOUNDARY
@click.option("--against", type=click.Path(path_type=Path),
              help="The synthesized tree to compare with: cdktf.out where it is there.")  # fmt: skip
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    help="Write what was read here, to be judged again with --assets.",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", *FORMATS, "html"]), default="text", show_default=True
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the report here instead of printing it."
)
def audit(
    assets: tuple[Path, ...], whole: bool, inventory: bool, kubeconfig: str | None, context: str | None, buckets: bool, boundary: Path,
    against: Path | None, save: Path | None, format_: str, output: Path | None,
) -> None:  # fmt: skip
    """Prove the boundary over what is deployed, not over what was planned.

    Reads exports of Cloud Asset Inventory (or asks it), the objects of the cluster, and buckets; translates them into
    the resources a plan would show; and runs the proof of `cloister check` over them. What was not read closes nothing:
    channels that hang on it are undecided.
    Exit 0: nothing fails. 1: something is open, weakened, undecided or expired. 2: a file or a flag was wrong.

    \b
    Examples:
      cloister audit --inventory --context ml
      cloister audit --assets resource.json --assets operation.json
      cloister audit --assets resource.json --assets iam.json --whole
      cloister audit --inventory --save live.json --format json
      cloister audit --assets live.json --format html --output live.html
    """
    sources = _Sources(assets, whole, inventory, bool(kubeconfig or context), kubeconfig, context, buckets)
    if not sources.any:
        stop(
            "nothing to read: give --assets FILE, --inventory, --context NAME, --kubeconfig FILE or --buckets"
        )
    declared = asked(lambda: load_boundary(boundary, expired_ok=True))
    readings = asked(lambda: _read(sources, declared))
    if save:
        write(save, recording(readings))
    tree = against or (Path("cdktf.out") if Path("cdktf.out").is_dir() else None)
    with Progress("channels judged") as progress:
        found = asked(lambda: prove(readings, boundary, tree, progress.tell))
    if format_ == "json":
        text = as_json(found)
    else:
        text = rendered(found.report, format_)
        if format_ == "text":
            text = head(found, shutil.get_terminal_size((100, 24)).columns) + text
    tell(found.report, text, output)
    if found.report.failing:
        sys.exit(1)


def _read(sources: _Sources, boundary: Boundary) -> list[Reading]:
    """Every answer, in the order of the options; each reader is imported when it is asked for."""
    steps = sum((bool(sources.assets), sources.inventory, sources.cluster, sources.buckets))
    found: list[Reading] = []
    with Progress("sources read") as progress:
        done = 0
        if sources.assets:
            found += read_files(sources.assets, sources.whole)
            progress.tell(done := done + 1, steps)
        if sources.inventory:
            from audit.reading.inventory import read_inventory

            found += read_inventory(boundary.project, getattr(boundary.organization, "id", None))
            progress.tell(done := done + 1, steps)
        if sources.cluster:
            from audit.reading.cluster import read_cluster

            found.append(read_cluster(sources.kubeconfig, sources.context))
            progress.tell(done := done + 1, steps)
        if sources.buckets:
            from audit.reading.buckets import read_buckets

            found.append(read_buckets(boundary.project))
            progress.tell(done + 1, steps)
    return found
