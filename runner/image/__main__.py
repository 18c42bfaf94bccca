"""`python -I -m runner.image`: run one attempt of a job and exit with the code that says how it ended."""

from __future__ import annotations

import os
import sys
import traceback

from runner.image import config as settings
from runner.image import spec as specs
from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.image.models import request
from runner.image.record import Record
from runner.image.run import CommandFailed, Run
from runner.image.seal import kernel
from runner.image.stop import Stop


def main() -> int:
    """The exit code of this attempt."""
    log = Log()
    try:
        if not sys.flags.isolated:
            raise Failure(
                Exit.BAD_JOB, "the runner must be started as `python -I`", "Leave the entry point alone"
            )
        kernel.harden_self()
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.no_new_privileges()
        config = settings.read(os.environ)
        settings.forget(os.environ)
    except Failure as failure:
        log.report("failed", str(failure), where="settings")
        return failure.code
    log.labels = {"team": config.team, "job": config.job, "run": config.run_id, "shard": str(config.shard)}
    stop = Stop()
    stop.listen()
    try:
        asked = request.read(config.spec)
    except Failure as failure:
        log.report("failed", str(failure), where="settings")
        return failure.code
    return _attempt(config, log, stop) if asked is None else _model(asked, config, log, stop)


def _model(asked: request.Request, config: settings.Config, log: Log, stop: Stop) -> int:
    """A verb of the registry: no command of the team's runs but a model's own, sealed, on its golden requests."""
    from runner.image.models.answer import answer  # a job needs none of it

    try:
        return answer(asked, config, log, stop)
    except Exception as error:
        cause = f"the runner itself failed: {type(error).__name__}: {error}"
        log.report("runner-failed", cause, where="runner", trace=traceback.format_exc())
        return Exit.UNAVAILABLE


def _attempt(config: settings.Config, log: Log, stop: Stop) -> int:
    record = Record(config)
    phase = "settings"
    code, cause, cure = int(Exit.DONE), "", ""
    run: Run | None = None
    try:
        record.spec = specs.parse(config.spec)
        log.version = record.spec.code
        run = Run(config, record.spec, log, stop, record)
        run.execute()
    except Failure as failure:
        code, cause, cure = failure.code, failure.cause, failure.cure
        severity = "WARNING" if code in (Exit.PREEMPTED, Exit.CONFLICT) else "ERROR"
        if severity == "ERROR":
            log.report("failed", str(failure), where=run.phase if run else phase, exit=int(code))
        else:
            log.event(severity, "failed", str(failure), exit=int(code))
    except CommandFailed as failed:
        code, cause, cure = failed.code, failed.cause, failed.cure
    except Exception as error:
        # The runner's own mistake, or the machine's: not the job's, so it is worth another attempt.
        code, cause = Exit.UNAVAILABLE, f"the runner itself failed: {type(error).__name__}: {error}"
        log.report("runner-failed", cause, where="runner", trace=traceback.format_exc())
    record.write(log, int(code), cause, cure)
    return int(code)


if __name__ == "__main__":
    # Not sys.exit: that waits for threads, and one may wait for a store that hangs. Nothing here is buffered.
    os._exit(main())
