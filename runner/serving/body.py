"""What a request says: a bounded body, and instances that fit the signature. No answer repeats a byte of a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from runner.image.models import card

LARGEST = 1 << 20  # bytes of a body
MOST = 1000  # instances of a request
SECONDS = 5.0  # for a body to arrive

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Refused(Exception):
    """An answer other than predictions: its status, and why, in one line."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


async def read(scope: Message, receive: Receive) -> bytes:
    """The body. Raises Refused."""
    headers = dict(scope["headers"])
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise Refused(415, "expected Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Refused(415, "expected a body that is not compressed")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 15 or int(length) > LARGEST:
        raise Refused(413, f"expected a body of at most {LARGEST} bytes")
    try:
        async with asyncio.timeout(SECONDS):
            return await _whole(receive)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive in {SECONDS:g} s") from None


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "the caller went away")
        body += message.get("body", b"")
        if len(body) > LARGEST:
            raise Refused(413, f"expected a body of at most {LARGEST} bytes")
        if not message.get("more_body"):
            return bytes(body)


def instances(body: bytes, about: card.Card) -> list[dict[str, Any]]:
    """The instances of {"instances": [...]}. Raises Refused."""
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(value, dict) or set(value) != {"instances"} or not isinstance(value["instances"], list):
        raise Refused(400, 'expected {"instances": [...]} and nothing else')
    found = value["instances"]
    if not 0 < len(found) <= MOST:
        raise Refused(400, f"expected 1 to {MOST} instances, found {len(found)}")
    for number, instance in enumerate(found):
        if wrong := card.misfit(instance, about.inputs):
            raise Refused(400, f"instance {number}: {wrong}")
    return found
