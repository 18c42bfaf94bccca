"""Dates in the declarations: when the runner was pinned, and when what is signed ends."""

from __future__ import annotations

import subprocess
from datetime import date

from cloister.declarations import Declarations
from runner.client.status.model import Expiry, Image

PLATFORM = "platform.yaml"


def image(declarations: Declarations, today: date) -> Image:
    """The runner's digest and the day on which git says that it was written into platform.yaml."""
    digest = declarations.platform.images.runner.partition("@")[2]
    # The oldest commit that changed how often the digest stands in the file is the one that wrote it.
    asked = ["git", "log", "--format=%cs", "--reverse", f"-S{digest}", "--", PLATFORM]
    try:
        done = subprocess.run(asked, cwd=declarations.root, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Image(digest, None, None, f"git cannot be asked: {error}")
    if done.returncode:
        return Image(digest, None, None, "the declarations are in no git repository")
    if not done.stdout.strip():
        return Image(digest, None, None, f"{PLATFORM} with this runner is not committed")
    pinned = date.fromisoformat(done.stdout.split()[0])
    return Image(digest, pinned, (today - pinned).days)


def expiries(declarations: Declarations, today: date, teams: set[str]) -> tuple[Expiry, ...]:
    """Everything signed that ends: of the boundary, and of the teams asked for. The next first."""
    found = []

    def add(kind: str, what: str, owner: str, until: date) -> None:
        found.append(Expiry(kind, what, owner, until, (until - today).days))

    boundary = declarations.boundary
    for exception in boundary.exceptions:
        add("exception", f"{exception.finding} on {exception.subject}", exception.owner, exception.expires)
    for attestation in boundary.attestations:
        add("attestation", attestation.channel, attestation.owner, attestation.expires)
    for name in sorted(teams):
        team = declarations.teams[name]
        for release in team.releases:
            add("release", f"of {name}'s {release.bucket} to {release.to}", release.owner, release.until)
        for share in team.shares:
            add("share", f"of {name}'s {share.bucket} with {share.with_}", share.owner, share.until)
        for service in team.services:
            for caller in service.callers:
                add("caller", f"of {name}'s {service.name}: {caller.namespace}", caller.owner, caller.until)
    return tuple(sorted(found, key=lambda each: (each.until, each.kind, each.what)))
