"""The canary in real network namespaces: all is held where all is closed, and each hole makes exactly its probe bark."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import pytest

from runner.canary.probe import MARK

from .conftest import CANARY, INTERNET, INTERNET_V6, PRIVATE_VIP, VIP, WORLD, Namespaces, World, run

UNSEALED = """
import sys
from dataclasses import replace
from runner.canary import __main__, seal
sealed = seal.request
seal.request = lambda settings: replace(sealed(settings), network=True)
sys.exit(__main__.main())
"""


def outcomes(lines: list[dict[str, object]]) -> dict[str, object]:
    return {str(line["probe"]): line["outcome"] for line in lines if line["event"] == "probe"}


def barking(lines: list[dict[str, object]]) -> set[str]:
    return {name for name, outcome in outcomes(lines).items() if outcome == "escaped"}


def test_where_all_is_closed_all_is_held(namespaces: Namespaces) -> None:
    process = namespaces.start(World())
    try:
        code, lines = namespaces.look()
    finally:
        process.kill()
    assert set(outcomes(lines).values()) == {"held"}, lines
    assert code == 0 and len(lines) == 21
    assert {line["severity"] for line in lines} == {"INFO", "NOTICE"}
    summary = lines[-1]
    assert (summary["event"], summary["complete"], summary["held"]) == ("canary", True, 20)
    assert (summary["escaped"], summary["untried"]) == ([], [])
    how = {str(line["probe"]): str(line["how"]) for line in lines[:-1]}
    assert how["internet-tcp"] == "no route" and how["dns-tunnel"].endswith("no such name")
    assert how["foreign-bucket"] == "refused by VPC Service Controls"
    assert how["metadata-without-header"] == "refused with 403"
    assert how["sealed-socket"] == "Operation not permitted (5)"


def test_what_is_dropped_is_held_and_said_to_be_unanswered(namespaces: Namespaces) -> None:
    """Routes lead there and everything listens: a filter alone holds it."""
    if shutil.which("iptables") is None:
        pytest.skip("no iptables: apt-get install iptables")
    everything = World(
        tcp=[(INTERNET, 443), (INTERNET, 53), (PRIVATE_VIP, 443)],
        resolvers={INTERNET: "records"},
        routes=[INTERNET, PRIVATE_VIP],
        ping=True,
    )
    process = namespaces.start(everything)
    try:
        for address in (INTERNET, PRIVATE_VIP):
            drop = ("iptables", "-A", "INPUT", "-d", address, "-j", "DROP")
            run("ip", "netns", "exec", namespaces.world, *drop)
        code, lines = namespaces.look()
    finally:
        process.kill()
    assert code == 0 and set(outcomes(lines).values()) == {"held"}
    how = {str(line["probe"]): str(line["how"]) for line in lines[:-1]}
    for probe in ("internet-tcp", "internet-dns-tcp", "internet-udp", "internet-icmp", "private-vip"):
        assert "no answer" in how[probe], how[probe]


HOLES = {
    "tcp": (World(tcp=[(INTERNET, 443)], routes=[INTERNET]), {"internet-tcp"}),
    "resolver by tcp": (World(tcp=[(INTERNET, 53)], routes=[INTERNET]), {"internet-dns-tcp"}),
    "resolver by udp": (World(resolvers={INTERNET: "root"}, routes=[INTERNET]), {"internet-udp"}),
    "ping": (World(ping=True, routes=[INTERNET]), {"internet-icmp"}),
    "v6": (World(tcp=[(INTERNET_V6, 443)], v6=True), {"internet-tcp-v6"}),
    "resolver by v6": (World(resolvers={INTERNET_V6: "root"}, v6=True), {"internet-udp-v6"}),
    "ping by v6": (World(ping=True, v6=True), {"internet-icmp-v6"}),
    "private vip": (World(tcp=[(PRIVATE_VIP, 443)], routes=[PRIVATE_VIP]), {"private-vip"}),
    "records": (World(resolvers={"169.254.169.254": "records"}), {"dns-tunnel"}),
    "the internet's word": (World(resolvers={"169.254.169.254": "below"}), {"dns-tunnel"}),
    "no header": (World(metadata=["header"]), {"metadata-without-header"}),
    "legacy": (World(metadata=["legacy"]), {"metadata-legacy"}),
    "attributes": (World(metadata=["node"]), {"metadata-node"}),
    "the node's account": (World(metadata=["account"]), {"metadata-account"}),
    "a listed account": (World(metadata=["list"]), {"metadata-account"}),
    "the node's token": (World(metadata=["default"]), {"metadata-account"}),
    "a foreign read": (World(store="GET"), {"foreign-bucket"}),
    "a foreign write": (World(store="POST"), {"foreign-bucket"}),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_makes_its_probe_bark_and_no_other(namespaces: Namespaces, hole: str) -> None:
    open_, expected = HOLES[hole]
    process = namespaces.start(open_)
    try:
        code, lines = namespaces.look()
    finally:
        process.kill()
    assert barking(lines) == expected, lines
    assert code == 0 and "untried" not in outcomes(lines).values()
    [line] = [line for line in lines if line.get("outcome") == "escaped"]
    assert line["severity"] == lines[-1]["severity"] == "CRITICAL" and line["channels"]
    # What succeeded is an answer to the question all the same.
    assert lines[-1]["complete"] is True and lines[-1]["escaped"] == sorted(expected)


def test_a_seal_without_the_filter_barks(namespaces: Namespaces) -> None:
    """Sockets are the hole: the rest of the filter stays."""
    process = namespaces.start(World(tcp=[(VIP, 443)]))
    try:
        code, lines = namespaces.look(UNSEALED)
    finally:
        process.kill()
    assert code == 0 and barking(lines) == {"sealed-socket", "sealed-metadata"}
    [socket] = [str(line["how"]) for line in lines if line.get("probe") == "sealed-socket"]
    assert f"to {VIP} port 443: connected from {CANARY}" in socket


@pytest.mark.parametrize("answer", ["404", "403", "500"])
def test_a_bucket_that_proves_nothing_is_not_held(namespaces: Namespaces, answer: str) -> None:
    process = namespaces.start(World(store=answer))
    try:
        code, lines = namespaces.look()
    finally:
        process.kill()
    assert code == 1 and not barking(lines)
    assert lines[-1]["untried"] == ["foreign-bucket"] and lines[-1]["complete"] is False
    [line] = [line for line in lines if line.get("probe") == "foreign-bucket"]
    assert line["severity"] == "WARNING" and answer in str(line["how"])


@pytest.mark.parametrize(("way", "expected"), [("tcp", "escaped"), ("udp", "escaped"), ("", "held")])
def test_the_other_pod_sees_what_reaches_it(namespaces: Namespaces, way: str, expected: str) -> None:
    """And so does the one that tries."""
    listens = "from runner.canary.peer import listen; print(listen(8443, 3.0))"
    other = subprocess.Popen(
        ["ip", "netns", "exec", namespaces.world, sys.executable, "-I", "-c", listens],
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)
    if way:
        call = {"tcp": f"tcp({WORLD!r}, 8443)", "udp": f"udp({WORLD!r}, 8443, {MARK!r})"}[way]
        tries = f"from runner.canary.internet import *; print({call})"
        here = subprocess.run(
            ["ip", "netns", "exec", namespaces.canary, sys.executable, "-I", "-c", tries],
            capture_output=True,
            text=True,
        )
        assert "escaped" in here.stdout, here.stderr
    assert expected in other.communicate()[0]
