"""Where a team's runs are: its namespace, its code bucket, and what the platform gives them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cloister.declarations import Declarations, Team, names
from runner.client.jobs import find_team


@dataclass(frozen=True)
class Place:
    """A team on its platform."""

    declarations: Declarations
    team: Team

    @property
    def namespace(self) -> str:
        return names.namespace(self.team.team)

    @property
    def code_bucket(self) -> str:
        return names.bucket(self.declarations.boundary.project, self.team.team, "code")

    @property
    def image(self) -> str:
        """The runner, by digest."""
        return self.declarations.platform.images.runner

    @property
    def longest_run(self) -> int:
        """Seconds that a pod of the team may run."""
        return self.team.quota.max_run_hours * 3600

    @property
    def log_view(self) -> str:
        """What Cloud Logging calls the team's view of its log bucket."""
        project, region = self.declarations.boundary.project, self.declarations.platform.region
        bucket = f"projects/{project}/locations/{region}/buckets/{names.log_bucket(self.team.team)}"
        return f"{bucket}/views/{names.log_view(self.team.team)}"

    @property
    def how_to_connect(self) -> str:
        """The command that makes the cluster known to this machine."""
        platform, project = self.declarations.platform, self.declarations.boundary.project
        return (
            f"gcloud container clusters get-credentials {names.cluster(platform.name)}"
            f" --region {platform.region} --project {project} --dns-endpoint"
        )


def place(team_name: str, root: Path) -> Place:
    """A team of the declarations under `root`. Raises DeclarationErrors."""
    return Place(*find_team(team_name, root))
