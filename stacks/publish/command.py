"""`cloister image`: publish the platform's images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cloister.declarations import Declarations, load, names
from stacks.publish.attest import attest, find_attestor
from stacks.publish.platform_file import NotWritten, write_image
from stacks.publish.push import LocalImage, NotHere, NotPushed, find, push
from stacks.publish.scan import SEVERITIES, scan
from stacks.rest import Google, NoCredentials, Refused

REPOSITORIES = {"runner": names.RUNNER_REPOSITORY, "metaflow": names.METAFLOW_REPOSITORY}
_NO = 1


@click.group(
    epilog="""\b
Example:
  cloister image publish localhost/cloister/runner
"""
)
def image() -> None:
    """Publish the platform's images."""


@image.command(
    epilog="""\b
Examples:
  cloister image publish localhost/cloister/runner --dry-run
  cloister image publish localhost/cloister/runner
  cloister image publish localhost/cloister/metaflow --as metaflow --max-severity MEDIUM

\b
Roll back by reverting the change of platform.yaml: an image that was published
stays attested, and in the registry for as long as it is among the newest twenty.
"""
)
@click.argument("name", metavar="IMAGE")
@click.option(
    "--as",
    "key",
    type=click.Choice(list(REPOSITORIES)),
    default="runner",
    show_default=True,
    help="Which of the platform's images it becomes.",
)
@click.option(
    "--max-severity",
    type=click.Choice(SEVERITIES),
    default="HIGH",
    show_default=True,
    help="The gravest vulnerability the image may have.",
)
@click.option(
    "--patience", type=click.IntRange(1), default=600, show_default=True, help="Seconds to wait for the scan."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where boundary.yaml, platform.yaml and teams/ lie. Default: here.",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def publish(
    name: str, key: str, max_severity: str, patience: int, dry_run: bool, directory: Path, format_: str
) -> None:
    """Push IMAGE, scan it, attest it, and write its digest into platform.yaml.

    IMAGE is one that podman, buildah or docker has here. Each step is done once, however often the command runs.
    """
    declared = load(directory)
    repository = _repository(declared, key)
    try:
        local = find(name)
        if dry_run:
            return _would(local, repository, key)
        result = _publish(declared, local, repository, max_severity, patience)
        result["changed"] = write_image(directory, key, result["image"])
    except (NotHere, NotWritten, NoCredentials) as error:
        raise click.UsageError(str(error)) from None
    except (NotPushed, Refused) as error:
        click.echo(f"image publish: {error}", err=True)
        raise SystemExit(_NO) from None
    if format_ == "json":
        click.echo(json.dumps({"version": 1, **result}, indent=2))
    elif result["changed"]:
        click.echo(
            f"platform.yaml names {result['image']}. Next: make synth check, and a pull request with that line."
        )
    else:
        click.echo(f"platform.yaml names {result['image']} already.")


def _publish(
    declared: Declarations, local: LocalImage, repository: str, max_severity: str, patience: int
) -> dict[str, Any]:
    """Everything but the change of the file. Raises NoCredentials, NotPushed, Refused."""
    google = Google(declared.boundary.project)
    attestor = find_attestor(google)  # asked first: an image that nobody can attest is not pushed
    _say(f"pushing {local.name} to {repository}:{local.tag}")
    digest = push(local, repository, google.token())
    reference = f"{repository}@{digest}"
    _say(f"pushed {digest}")
    found = scan(google, reference, patience, _say)
    _say(f"scanned: {found}")
    if grave := found.worse_than(max_severity):
        for finding in grave:
            _say(f"  {finding.severity} {finding.name} {finding.package}".rstrip())
        raise Refused(0, f"not attested: {len(grave)} found that is graver than {max_severity}")
    attestation = attest(google, attestor, repository, digest)
    _say(f"attested by {attestor.key_version}")
    return {
        "image": reference,
        "vulnerabilities": [vars(finding) for finding in found.findings],
        "attestation": attestation,
    }


def _repository(declared: Declarations, key: str) -> str:
    """Where the image goes; a path that security trusts."""
    boundary = declared.boundary
    path = names.registry(boundary.project, declared.platform.region, REPOSITORIES[key])
    if not any(f"{path}/".startswith(prefix) for prefix in boundary.trusted.images):
        raise click.UsageError(
            f"{path} is under none of boundary.yaml's trusted.images; security adds it there"
        )
    return f"{path}/{key}"


def _would(local: LocalImage, repository: str, key: str) -> None:
    click.echo(f"would push {local.name} ({local.id[:12]}, by {local.tool}) to {repository}:{local.tag}")
    click.echo(f"would wait for its scan, and sign it with the key of the attestor {names.ATTESTOR}")
    click.echo(f"would write its digest to images.{key} of platform.yaml")
    click.echo("nothing was changed")


def _say(line: str) -> None:
    click.echo(line, err=True)
