"""The server as an ASGI application.

POST /invocations   {"instances": [...]} -> {"predictions": [...]}, MLflow's words; for callers only
GET  /health        this process stands
GET  /ready         the model stands: its hashes hold and its golden requests were answered
GET  /metrics       Prometheus' text
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.serving import body
from runner.serving.body import Message, Receive, Refused
from runner.serving.callers import LONGEST, Callers, Unasked
from runner.serving.counts import CONTENT_TYPE
from runner.serving.model import Model
from runner.serving.versions import Versions

WAITING = 256  # requests that wait for the model at most
STARTING = "the model is starting; ask again in a moment"
STATUS = {Exit.TIMEOUT: 504, Exit.UNAVAILABLE: 503}
JSON = "application/json"
Send = Callable[[Message], Awaitable[None]]


class App:
    """A model and its callers; `callers` None: whoever reaches 127.0.0.1."""

    def __init__(self, versions: Versions, callers: Callers | None, log: Log, seconds: float) -> None:
        self._versions, self._callers, self._log, self._seconds = versions, callers, log, seconds
        self._waiting = 0
        self._reviewing = ThreadPoolExecutor(8, "reviews")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            self._versions.start()
            await send({"type": "lifespan.startup.complete"})
        await self._versions.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        match scope["method"], scope["path"]:
            case "POST", "/invocations":
                await self._invocation(scope, receive, send)
            case (("GET" | "HEAD"), "/health"):
                await _say(send, 200, {"up": True})
            case (("GET" | "HEAD"), "/ready"):
                await _say(
                    send, 200 if self._versions.counts.ready else 503, {"ready": self._versions.counts.ready}
                )
            case "GET", "/metrics":
                await _send(send, 200, self._versions.counts.text().encode(), CONTENT_TYPE)
            case _, "/invocations" | "/health" | "/ready" | "/metrics":
                await _say(
                    send, 405, {"error": "expected another method: POST for /invocations, GET for the others"}
                )
            case _:
                await _say(send, 404, {"error": "expected /invocations, /health, /ready or /metrics"})

    async def _invocation(self, scope: Message, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        caller, count, size, why = "", 0, 0, ""
        model: Model | None = None
        try:
            caller = await self._caller(scope)
            data = await body.read(scope, receive)
            size = len(data)
            # The same one to the end: another may take over meanwhile, with another signature.
            model = self._versions.current
            if model is None:
                raise Refused(503, STARTING)
            instances = body.instances(data, model.card)
            count = len(instances)
            status, answer = 200, {"predictions": await self._ask(model, instances)}
        except Refused as refused:
            status, why, answer = refused.status, refused.why, {"error": refused.why}
        seconds = time.perf_counter() - begun
        if model is None or model is self._versions.current:
            self._versions.counts.answered(status, seconds)
        # Never a byte of the request or of its answer, and no token.
        self._log.event(
            "INFO" if status == 200 else "ERROR" if status >= 500 else "WARNING",
            "request",
            f"{status} to {caller or 'nobody'}" + (f": {why}" if why else ""),
            status=status,
            caller=caller,
            instances=count,
            bytes=size,
            milliseconds=round(seconds * 1e3, 3),
            model=model.name if model else "",
            number=model.number if model else 0,
        )
        if model is self._versions.current:
            self._versions.judge()
        await _say(send, status, answer, version=model.number if model else None)

    async def _ask(self, model: Model, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self._waiting >= WAITING:
            raise Refused(503, "too many requests wait already")
        deadline = time.monotonic() + self._seconds
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._versions.asking, _asked, model, instances, deadline)
        except Failure as failure:
            if failure.code != Exit.UNAVAILABLE and model is self._versions.current:
                self._versions.restart()
            # Its words may be the model's: the log has them, the caller does not.
            self._log.report("no-answer", str(failure), where="model", exit=int(failure.code))
            status = STATUS.get(failure.code, 500)
            said = {504: "the model did not answer in time", 503: STARTING}
            raise Refused(status, said.get(status, "the model failed on this request")) from None
        finally:
            self._waiting -= 1

    async def _caller(self, scope: Message) -> str:
        """The namespace that calls. Raises Refused 401, 403, or 503 where nobody could say."""
        if self._callers is None:
            return "loopback"
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        word, _, token = given[0].decode("latin-1").partition(" ") if len(given) == 1 else ("", "", "")
        if word.lower() != "bearer" or not 0 < len(token) <= LONGEST or not token.isascii():
            raise Refused(
                401, f"expected Authorization: Bearer and a token for the audience {self._callers.audience}"
            )
        try:
            caller = self._callers.remembered(token) or await asyncio.get_running_loop().run_in_executor(
                self._reviewing, self._callers.ask, token
            )
        except Unasked as error:
            self._log.report("unasked", str(error), where="callers")
            raise Refused(503, "the cluster did not say whose the token is; ask again") from None
        if caller.why:
            raise Refused(403 if caller.namespace else 401, caller.why)
        return caller.namespace


def _asked(model: Model, instances: list[dict[str, Any]], deadline: float) -> list[dict[str, Any]]:
    left = deadline - time.monotonic()
    if left <= 0:
        raise Failure(Exit.UNAVAILABLE, "the request waited too long for those before it")
    return model.ask(instances, left)


async def _say(send: Send, status: int, answer: dict[str, Any], version: int | None = None) -> None:
    await _send(send, status, json.dumps(answer, separators=(",", ":")).encode(), JSON, version)


async def _send(send: Send, status: int, data: bytes, kind: str, version: int | None = None) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(data)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    headers += [(b"x-model-version", str(version).encode())] if version is not None else []
    # What was not read of a body must not be taken for the next request; uvicorn closes on this.
    headers += [(b"connection", b"close")] if status in (401, 403, 408, 413, 415) else []
    headers += [(b"retry-after", b"1")] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
