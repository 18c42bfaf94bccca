"""The registry on the platform: each question is a Job in the team's namespace, and its log is the answer."""

from __future__ import annotations

import time
from typing import Any

from cloister.declarations import Job
from cloister.declarations.job import Resources
from runner.client.cluster import entries, manifests
from runner.client.cluster.connection import Cluster, Json
from runner.client.cluster.history import History
from runner.client.cluster.place import Place
from runner.client.local import new_run_id
from runner.client.models.asking import Answer, NoAnswer
from runner.image.models.request import Request

CPU, MEMORY, TIMEOUT = 1.0, "2Gi", "30m"  # a model is loaded to answer its golden requests
POLL = 0.3  # seconds
PATIENCE = 900.0  # seconds for a node, the image and the answer
LABEL = "cloister.dev/model-verb"


class There:
    """A team's registry on the platform."""

    def __init__(self, place: Place, cluster: Cluster) -> None:
        self._place, self._cluster = place, cluster

    @property
    def who(self) -> str:
        """Who asks, as the cluster knows them. The cluster's audit log says the same of the Job's creation."""
        return self._cluster.who()

    def job_of(self, run: str) -> tuple[str, str]:
        """Job and id of a run. Raises NoSuchRun."""
        history = History(self._place, self._cluster)
        found = history.find(run)
        if found is not None:
            return found.job, found.run_id
        record = history.recorded(run)[-1]
        return str(record["job"]), str(record["run_id"])

    def ask(self, request: Request) -> Answer:
        """Submit the question and wait for its answer. Raises Refused and NoAnswer."""
        run_id = new_run_id()
        manifest = self._manifest(request, run_id)
        name = manifest["metadata"]["name"]
        self._cluster.create_job(manifest)
        deadline = time.monotonic() + PATIENCE
        while not _ended(job := self._cluster.job(name)):
            if job is None or time.monotonic() > deadline:
                raise NoAnswer(f"the registry did not answer: see Job {name} in {self._place.namespace}")
            time.sleep(POLL)
        answer = Answer()
        pods = self._cluster.pods(f"batch.kubernetes.io/job-name={name}")
        for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"])):
            lines = (
                line.decode(errors="replace").partition(" ")[2]
                for line in self._cluster.log(pod["metadata"]["name"])
            )
            answer.take(entries.parse(line) for line in lines)
        return answer

    def _manifest(self, request: Request, run_id: str) -> dict[str, Any]:
        job = Job(
            name="model",
            run=("model",),
            code=".",
            resources=Resources(cpu=CPU, memory=MEMORY),
            timeout=TIMEOUT,
            retries=1,
        )
        manifest = manifests.run_manifest(manifests.Pinned(self._place, job, request.dump()), run_id)
        # It is no run of a job of the team's: `cloister job list` passes it over.
        for metadata in (manifest["metadata"], manifest["spec"]["template"]["metadata"]):
            del metadata["labels"][manifests.labels.JOB], metadata["labels"][manifests.labels.RUN]
            metadata["labels"][LABEL] = request.verb
        return manifest


def _ended(job: Json | None) -> bool:
    conditions = (job or {}).get("status", {}).get("conditions") or []
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)
