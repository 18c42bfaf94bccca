"""`python -I -m runner.serving`: serve the version that was laid out, until SIGTERM; requests in hand are answered."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.image.seal import kernel
from runner.serving import settings
from runner.serving.app import App
from runner.serving.callers import Callers
from runner.serving.connection import Connection
from runner.serving.versions import Versions

CONNECTIONS = 512
KEPT_SECONDS = 30  # an idle connection
LINGER_SECONDS = (
    3.0  # that a pod that ends goes on taking requests: its callers are told of its end meanwhile
)
DRAIN_SECONDS = 25  # for requests in hand, once the pod ends
LARGEST_HEAD = 32 << 10  # bytes


class Structured(logging.Handler):
    """uvicorn's words as entries of the log: a request that is no HTTP, an answer that was not sent."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._to = log

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        if trace:
            self._to.report("server", record.getMessage(), where="server", trace=trace)
        else:
            self._to.event("WARNING", "server", record.getMessage())


class Server(uvicorn.Server):
    """uvicorn's server, which goes on for a moment once it is told to end."""

    def __init__(self, config: uvicorn.Config, linger: float) -> None:
        super().__init__(config)
        self._linger = linger

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end = super().handle_exit
        self._loop.call_soon_threadsafe(self._loop.call_later, self._linger, end, sig, frame)


def main() -> int:
    """The exit code."""
    log = Log()
    try:
        if not sys.flags.isolated:
            raise Failure(
                Exit.BAD_JOB, "the server must be started as `python -I`", "Leave the entry point alone"
            )
        kernel.harden_self()
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.no_new_privileges()
        given = settings.read(os.environ)
        os.environ.clear()
        log.labels = {"team": given.team}
        callers = Callers(given.api, given.audience, given.callers) if given.audience else None
        listening = socket.create_server((given.address, given.port), backlog=1024)
    except (Failure, OSError) as error:
        log.report("failed", str(error), where="settings")
        return error.code if isinstance(error, Failure) else Exit.BAD_JOB
    logging.getLogger("uvicorn").addHandler(Structured(log))
    # uvicorn answers what is in hand, and then raises the signal again.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(Exit.DONE))
    port = listening.getsockname()[1]
    log.event("NOTICE", "listening", f"on {given.address}:{port}", port=port)
    Server(
        uvicorn.Config(
            App(Versions(given, log), callers, log, given.seconds),
            http=Connection,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=KEPT_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        ),
        LINGER_SECONDS if callers else 0.0,
    ).run(sockets=[listening])
    return Exit.DONE


if __name__ == "__main__":
    # Not sys.exit: that waits for threads, and one may wait for an API server that hangs.
    os._exit(main())
