"""Two network namespaces with a cable between them: the canary's, and the world's."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ..reach import open_up
from . import world

HERE = Path(__file__).parent
# Addresses that nobody has: of documentation (RFC 5737, RFC 3849), and Google's own inside the namespaces only.
INTERNET, INTERNET_V6 = "192.0.2.1", "2001:db8::1"
METADATA, VIP, PRIVATE_VIP, STORE = "169.254.169.254", "199.36.153.4", "199.36.153.8", "198.51.100.4"
CANARY, WORLD = "10.20.0.2", "10.20.0.1"
CANARY_V6, WORLD_V6 = "2001:db8:1::2", "2001:db8:1::1"
RUN = ("import sys; from runner.canary.__main__ import main; sys.exit(main())",)

SETTINGS = {
    "project": "acme-ml-prod",
    "account": world.OWN,
    "node_account": world.NODE,
    "internet": INTERNET,
    "internet_v6": INTERNET_V6,
    "private_vip": PRIVATE_VIP,
    "api": VIP,
    "outside_name": "example.com",
    "metadata": METADATA,
    "store": f"http://{STORE}",
    "foreign_bucket": "somebody-elses-bucket",
    "namespace": "",
    "kinds": ["code", "data", "artifacts", "results"],
}


@dataclass
class World:
    """What is open: places that listen, by the words of world.py, and routes of the canary's namespace."""

    tcp: list[tuple[str, int]] = field(default_factory=list)
    resolvers: dict[str, str] = field(default_factory=dict)
    metadata: list[str] = field(default_factory=list)
    store: str = ""
    routes: list[str] = field(default_factory=list)
    v6: bool = False
    ping: bool = False


@dataclass
class Namespaces:
    """The two of them, by name."""

    canary: str
    world: str

    def inside(self, *command: str) -> None:
        run("ip", "netns", "exec", self.canary, *command)

    def start(self, open_: World) -> subprocess.Popen[str]:
        """The world, listening, with ways to it."""
        for route in open_.routes:
            self.inside("ip", "route", "add", route, "via", WORLD)
        if open_.v6:
            self.inside("ip", "-6", "route", "add", INTERNET_V6, "via", WORLD_V6)
        if open_.ping:
            self.inside("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647")
        given = {
            "tcp": open_.tcp,
            "resolvers": list({METADATA: "root", **open_.resolvers}.items()),
            "metadata": [METADATA, open_.metadata],
            "store": [STORE, open_.store],
        }
        command = ["ip", "netns", "exec", self.world, sys.executable, str(HERE / "world.py")]
        process = subprocess.Popen([*command, json.dumps(given)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        return process

    def look(self, program: str = RUN[0], **settings: Any) -> tuple[int, list[dict[str, Any]]]:
        """What the canary answers and writes."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.canary, sys.executable, "-I", "-c", program],
            env={"CLOISTER_CANARY": json.dumps({**SETTINGS, **settings})},
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=open_up,
        )
        assert done.stdout, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces are root's: run the tests as root")
    if shutil.which("ip") is None:
        pytest.skip("no ip: apt-get install iproute2")
    here = secrets.token_hex(3)
    made = Namespaces(f"canary-{here}", f"world-{here}")
    resolv = Path("/etc/netns") / made.canary
    try:
        run("ip", "netns", "add", made.canary)
        run("ip", "netns", "add", made.world)
        run("ip", "link", "add", f"c{here}", "netns", made.canary, "type", "veth", "peer", f"w{here}", "netns", made.world)  # fmt: skip
        sides = ((made.canary, f"c{here}", CANARY, CANARY_V6), (made.world, f"w{here}", WORLD, WORLD_V6))
        for name, link, address, address_v6 in sides:
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            run("ip", "-n", name, "-6", "address", "add", f"{address_v6}/64", "dev", link, "nodad")
            run("ip", "-n", name, "link", "set", link, "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        for address in (INTERNET, METADATA, VIP, PRIVATE_VIP, STORE):
            run("ip", "-n", made.world, "address", "add", f"{address}/32", "dev", "lo")
        run("ip", "-n", made.world, "-6", "address", "add", f"{INTERNET_V6}/128", "dev", "lo")
        # The platform's own ways: the metadata server, which is the resolver too, and Google's addresses.
        for address in (METADATA, VIP, STORE):
            made.inside("ip", "route", "add", address, "via", WORLD)
        resolv.mkdir(parents=True)
        (resolv / "resolv.conf").write_text(f"nameserver {METADATA}\n")
        yield made
    finally:
        for name in (made.canary, made.world):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        shutil.rmtree(resolv, ignore_errors=True)
