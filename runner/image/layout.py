"""Where a run's objects lie in the team's buckets (design section 3)."""

from __future__ import annotations

from dataclasses import dataclass

CODE = "code"  # code packages in the code bucket: code/<sha256>.tar.gz
ENVIRONMENTS = "environments"  # environments in the code bucket: environments/<sha256>.tar.gz


def package(folder: str, digest: str) -> str:
    """The object of a content-addressed archive; `digest` is `sha256:` and 64 hex digits."""
    return f"{folder}/{digest.removeprefix('sha256:')}.tar.gz"


@dataclass(frozen=True)
class RunLayout:
    """Object names of one run, or of one shard of it."""

    job: str
    run_id: str
    shard: int
    shards: int

    @property
    def root(self) -> str:
        return f"runs/{self.job}/{self.run_id}/"

    @property
    def _suffix(self) -> str:
        return f"-{self.shard}" if self.shards > 1 else ""

    @property
    def inputs(self) -> str:
        """The generations every attempt and shard reads, written once by the first."""
        return f"{self.root}inputs.json"

    @property
    def manifest(self) -> str:
        return f"{self.root}manifest{self._suffix}.json"

    def claim(self, attempt: int) -> str:
        """Created by the one process that is this attempt."""
        return f"{self.root}{attempt}/attempt{self._suffix}.json"

    def checkpoint(self, attempt: int) -> str:
        """Lists the objects of the attempt's checkpoint; written after them."""
        return f"{self.root}{attempt}/checkpoint{self._suffix}.json"

    def outputs(self, attempt: int) -> str:
        """Prefix of the attempt's outputs; shards do not share one."""
        shard = f"shard{self._suffix}/" if self.shards > 1 else ""
        return f"{self.root}{attempt}/{shard}"
