"""Fifty hostile payloads: each a clear answer of one line, and the model answers the next request as before."""

from __future__ import annotations

import json
import socket
import time

import pytest

from .conftest import Serve

JSON = {"Content-Type": "application/json"}
POST = b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"


def _one(value: bytes) -> bytes:
    return b'{"instances": [{"x": ' + value + b"}]}"


# Bodies of POST /invocations, and the status each gets.
BODIES: list[tuple[str, bytes, int]] = [
    ("nothing", b"", 400),
    ("a zero byte", b"\0", 400),
    ("not JSON", b"{", 400),
    ("not UTF-8", b'{"instances": "\xff\xfe"}', 400),
    ("UTF-16", '{"instances": [{"x": 1}]}'.encode("utf-16"), 400),
    ("a byte order mark", b"\xef\xbb\xbf" + _one(b"1"), 400),
    ("a number", b"1", 400),
    ("null", b"null", 400),
    ("a list", b"[]", 400),
    ("a string", b'"instances"', 400),
    ("no instances", b"{}", 400),
    ("another key", b'{"inputs": [1]}', 400),
    ("one key more", b'{"instances": [{"x": 1}], "params": {}}', 400),
    ("instances that are no list", b'{"instances": {"x": 1}}', 400),
    ("no instance", b'{"instances": []}', 400),
    ("too many instances", b'{"instances": [' + b",".join([b'{"x":1}'] * 1001) + b"]}", 400),
    ("an instance that is null", b'{"instances": [null]}', 400),
    ("an instance that is a list", b'{"instances": [[1]]}', 400),
    ("an empty instance", b'{"instances": [{}]}', 400),
    ("another column", b'{"instances": [{"y": 1}]}', 400),
    ("one column more", b'{"instances": [{"x": 1, "__class__": 2}]}', 400),
    ("a string for a number", _one(b'"1"'), 400),
    ("true for a number", _one(b"true"), 400),
    ("null for a number", _one(b"null"), 400),
    ("a list for a number", _one(b"[1]"), 400),
    ("an object for a number", _one(b'{"$gt": 0}'), 400),
    ("not a number", _one(b"NaN"), 400),
    ("infinity", _one(b"-Infinity"), 400),
    ("a number beyond doubles", _one(b"1e400"), 400),
    ("ten thousand digits", _one(b"9" * 10_000), 400),
    ("deep lists", b'{"instances": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400),
    ("deep objects", b'{"instances": [' + b'{"x":' * 100_000 + b"1" + b"}" * 100_000 + b"]}", 400),
    ("a second line", _one(b"1") + b"\n" + _one(b"2"), 400),
    ("a pickle", b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.", 400),
    ("YAML that makes objects", b"!!python/object/apply:os.system ['id']", 400),
    ("XML with an entity", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400),
    ("over a megabyte", _one(b" " * (1 << 20) + b"1"), 413),
    ("a number with spaces", _one(b" 1 "), 200),  # valid, and answered
]  # fmt: skip

# Whole requests, and how their answers begin; the last ones are cut off.
REQUESTS: list[tuple[str, bytes, bytes]] = [
    ("no HTTP", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", b"HTTP/1.1 400"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 404"),
    ("no host", b"GET /health HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
    ("a head without end", b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000, b"HTTP/1.1 400"),
    ("two lengths", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 400"),
    ("a length that is none", POST + b"Content-Length: -1\r\n\r\n", b"HTTP/1.1 400"),
    ("an endless length", POST + b"Content-Length: 99999999999999999999\r\n\r\n{", b"HTTP/1.1 4"),
    ("length and chunks", POST + CLOSE + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 4"),
    ("a chunk of no size", POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 400"),
    ("compressed", POST + CLOSE + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", b"HTTP/1.1 415"),
    ("a form", b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 415"),
    ("another method", b"DELETE /invocations HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n", b"HTTP/1.1 405"),
    ("a path upwards", b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n", b"HTTP/1.1 404"),
    ("a proxy's request", b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n", b"HTTP/1.1 404"),
    ("a tunnel", b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n" + CLOSE + b"\r\n", b"HTTP/1.1 404"),
    ("a line feed in a header", b"GET /health HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n", b"HTTP/1.1 400"),
]  # fmt: skip


def test_hostile_payloads_get_clear_answers(serve: Serve) -> None:
    assert len(BODIES) + len(REQUESTS) >= 50
    server = serve()
    for name, body, expected in BODIES:
        status, answer = server.call("POST", "/invocations", body, JSON)
        assert status == expected, (name, status, answer)
        if status != 200:
            assert isinstance(answer, dict) and set(answer) == {"error"}, name
            assert "\n" not in answer["error"] and 0 < len(answer["error"]) < 300, name
    for name, data, begins in REQUESTS:
        answer_ = server.raw(data)
        assert answer_.startswith(begins), (name, answer_)
        assert b"Traceback" not in answer_ and b"root:" not in answer_, name
    assert server.ask(3) == (200, {"predictions": [{"y": 6}]})
    assert len(server.events("ready")) == 1  # none of them reached the model, or harmed it
    assert "Traceback" not in json.dumps(server.entries)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"GET /hea", b""), (POST + b"Content-Length: 100\r\n\r\n{", b"HTTP/1.1 408")],
    ids=["head", "body"],
)
def test_a_caller_that_dawdles_is_cut_off(serve: Serve, sent: bytes, answer: bytes) -> None:
    server = serve()
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        connection.sendall(sent)
        found = connection.recv(1 << 16)
    assert found.startswith(answer) and bool(found) == bool(answer)
    assert 3 < time.monotonic() - begun < 9
