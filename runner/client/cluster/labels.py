"""What the objects of a run carry, so that they are found again."""

from __future__ import annotations

JOB = "cloister.dev/job"  # the name in job.yaml
RUN = "cloister.dev/run"  # the run id, where a person or CI submitted the run
SCHEDULE = "cloister.dev/schedule"  # the name in the team file, where a schedule starts the runs
CANCELLED = "cloister.dev/cancelled"  # annotation: when somebody ended the run
CONTAINER = "run"  # the one container of a run's pod
