"""What is known of a team's runs: from Kubernetes while it keeps them, from the team's log bucket afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from cloister.declarations.mistakes import nearest, shown
from runner.client.cluster import entries, explain
from runner.client.cluster.cloud_logging import CloudLogging
from runner.client.cluster.connection import Cluster
from runner.client.cluster.entries import Entry, Unreadable
from runner.client.cluster.place import Place
from runner.client.cluster.pod_logs import END, PodLogs
from runner.client.cluster.runs import Attempt, Run, State, runs

Record = dict[str, Any]


class NoSuchRun(Exception):
    """A run that neither Kubernetes nor the log bucket knows, in one line."""


class History:
    """A team's runs. Methods raise Refused, and Unreadable where only Cloud Logging could answer."""

    def __init__(self, place: Place, cluster: Cluster) -> None:
        self.place, self._cluster = place, cluster
        self.pods = PodLogs(cluster, self.runs)

    def runs(self) -> list[Run]:
        """Every run that Kubernetes keeps, newest first."""
        return runs(self._cluster.jobs(), self._cluster.pods())

    @cached_property
    def logging(self) -> CloudLogging:
        """The team's log bucket. Raises Unreadable where it is out of reach."""
        return CloudLogging(self.place)

    def find(self, name: str) -> Run | None:
        """A run by its id, the last eight digits of it, or its Kubernetes Job's name."""
        for run in self.runs():
            if name in (run.run_id, run.name, run.run_id.rpartition("-")[2]):
                return run
        return None

    def again(self, run: Run) -> Run | None:
        """The run as it is now."""
        job = self._cluster.job(run.name)
        pods = self._cluster.pods(f"batch.kubernetes.io/job-name={run.name}") if job else []
        return next(iter(runs([job] if job else [], pods)), None)

    def missing(self, name: str, why: object) -> NoSuchRun:
        """What to say of a run that Kubernetes does not know."""
        near = nearest(name, [run.run_id for run in self.runs()])
        return NoSuchRun(
            f"found no run {shown(name)} in Kubernetes, which keeps ended runs for 3 days{near}; before that: {why}"
        )

    def recorded(self, name: str) -> list[Record]:
        """The records of a run that Kubernetes has forgotten, by its id. Raises NoSuchRun."""
        try:
            found = [record for entry in self.logging.of(name) if (record := entries.record_of(entry))]
        except Unreadable as error:
            raise self.missing(name, error) from None
        if not found:
            raise self.missing(name, "the team's log bucket has none either")
        return found

    def ending(self, run: Run) -> tuple[Record | None, str]:
        """The record of the attempt that decided how a run ended, and the exception it ended with, where it left them."""
        attempt = self._decided(run)
        found = [] if attempt is None else list(self.pods.of(attempt, END))
        records = [record for entry in found if (record := entries.record_of(entry))]
        raised = [line for entry in found if (line := entries.raised(entry))]
        return (records[-1] if records else None), (raised[-1] if raised else "")

    def explained(self, run: Run) -> explain.Said:
        """How a run stands, asking Kubernetes and the logs for what that takes."""
        if run.state is State.FAILED:
            record, raised = self.ending(run)
            return explain.explain(run, record, raised=raised)
        if run.state is State.WAITING:
            return explain.explain(run, events=self._cluster.events("Job", run.name))
        return explain.explain(run)

    def log(self, name: str, last: int | None) -> Iterator[Entry]:
        """A run's entries, wherever they are. Raises NoSuchRun."""
        run = self.find(name)
        if run is not None and (run.attempts or not run.state.ended):
            return self.pods.entries(run, last)
        try:
            return self.logging.of(run.run_id if run else name, last)
        except Unreadable as error:
            if run is None:
                raise self.missing(name, error) from None
            raise

    def _decided(self, run: Run) -> Attempt | None:
        if run.state is State.DONE:
            return next((a for a in reversed(run.attempts) if a.phase == "Succeeded"), None)
        return explain.deciding(run)
