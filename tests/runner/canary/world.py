"""The world outside a network namespace, as far as the canary asks for it: `python world.py JSON`, inside its namespace.

Closed by default: the resolver knows nothing but the root's word, the metadata server gives the pod's own token only, the
store refuses. What the JSON names as open is open. A line on stdout says that all of it listens.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OWN = "canary@acme-ml-prod.iam.gserviceaccount.com"
POOL = "acme-ml-prod.svc.id.goog"
NODE = "node-system@acme-ml-prod.iam.gserviceaccount.com"
ACCOUNTS = "/computeMetadata/v1/instance/service-accounts"
REFUSED_BY_PERIMETER = (
    b'{"error": {"code": 403, "message": "Request is prohibited by organization\'s policy.'
    b' vpcServiceControlsUniqueIdentifier: abc"}}'
)


def encoded(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def answer(query: bytes, mode: str) -> bytes:
    """`root`: no such name, by the word of a private root zone. `below`: by that of example.com. `records`: an address."""
    question = query[12 : query.index(b"\0", 12) + 5]
    soa = encoded("ns.example") + encoded("root.example") + struct.pack("!5I", 1, 2, 3, 4, 5)
    if mode == "records":
        code, answers, authorities = 0, record(b"\xc0\x0c", 1, bytes(4)), b""
    else:
        zone = "" if mode == "root" else "example.com"
        code, answers, authorities = 3, b"", record(encoded(zone), 6, soa)
    counts = (1, bool(answers), bool(authorities), 0)
    return query[:2] + struct.pack("!H4H", 0x8180 | code, *counts) + question + answers + authorities


def resolver(address: str, mode: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_DGRAM)
    listener.bind((address, 53))

    def serve() -> None:
        while True:
            query, origin = listener.recvfrom(4096)
            listener.sendto(answer(query, mode), origin)

    threading.Thread(target=serve, daemon=True).start()


def http(address: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
    server = ThreadingHTTPServer((address, port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def metadata(open_: list[str]) -> type[BaseHTTPRequestHandler]:
    """Open: `header` (none is asked for), `legacy`, `node` (its attributes), `list`, `account` (the node's), `default`."""
    token = json.dumps({"access_token": "of-the-canary"}).encode()
    default = NODE if "default" in open_ else OWN
    answers = {
        f"{ACCOUNTS}/": f"default/\n{OWN}/\n{POOL}/\n{'other@x/' if 'list' in open_ else ''}".encode(),
        f"{ACCOUNTS}/default/token": token,
        f"{ACCOUNTS}/{POOL}/token": token,
        f"{ACCOUNTS}/default/email": default.encode(),
    }
    if "account" in open_:
        answers[f"{ACCOUNTS}/{NODE}/token"] = token
    if "list" in open_:
        answers[f"{ACCOUNTS}/other@x/token"] = token
    if "node" in open_:
        answers["/computeMetadata/v1/instance/attributes/kube-env"] = b"KEY: secret"
    if "legacy" in open_:
        answers["/0.1/meta-data/"] = b"id"

    class Metadata(Handler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            flavoured = self.headers.get("Metadata-Flavor") == "Google" or "header" in open_
            self.say(200, answers[path]) if flavoured and path in answers else self.say(
                404 if flavoured else 403
            )

    return Metadata


def store(open_: str) -> type[BaseHTTPRequestHandler]:
    """Empty: a perimeter refuses. Else the methods that are answered, or a status that everything gets."""

    class Store(Handler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if open_.isdecimal():
                self.say(int(open_))
            elif self.command in open_:
                self.say(200, b"{}")
            else:
                self.say(403, REFUSED_BY_PERIMETER)

        do_GET = do_POST = _any

    return Store


def main(given: dict[str, Any]) -> None:
    listeners = []
    for address, port in given["tcp"]:
        listeners.append(
            socket.create_server(
                (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET
            )
        )
    for address, mode in given["resolvers"]:
        resolver(address, mode)
    http(given["metadata"][0], 80, metadata(given["metadata"][1]))
    http(given["store"][0], 80, store(given["store"][1]))
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
