"""Staging in and publishing by the runner, beside its peers, on the same object store and files.

Sizes can be set: CLOISTER_BENCH_FILES (1000), CLOISTER_BENCH_FILE_KB (64), CLOISTER_BENCH_LARGE_MB (512). Times are
printed beside their goals and not asserted: they are the machine's as much as the runner's.
"""

from __future__ import annotations

import os
import secrets
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runner.support import Job, StoreClient

from .peers import ARTIFACTS, DATA, Gcloud, Gsutil, Loop, Metaflow, Missing, Peer, serving

FILES = int(os.environ.get("CLOISTER_BENCH_FILES", "1000"))
FILE_KB = int(os.environ.get("CLOISTER_BENCH_FILE_KB", "64"))
LARGE_MB = int(os.environ.get("CLOISTER_BENCH_LARGE_MB", "512"))
GOAL_OF_LIMIT = {"small": 0.5, "large": 0.8}
GOAL_OVER_PEERS = 3.0
ROUNDS = 3  # of the runner and the other, in turns so that both meet the same machine; medians are compared


@pytest.fixture(scope="module")
def store() -> Iterator[tuple[StoreClient, int]]:
    with serving() as started:
        yield started


@dataclass(frozen=True)
class Load:
    """The same bytes as files here and as objects of the data bucket."""

    kind: str
    files: Sequence[Path]
    names: Sequence[str]

    def __str__(self) -> str:
        return f"{len(self.files)} x {self.files[0].stat().st_size >> 10} kB"


@pytest.fixture(scope="module", params=["small", "large"])
def load(
    request: pytest.FixtureRequest, store: tuple[StoreClient, int], tmp_path_factory: pytest.TempPathFactory
) -> Load:
    kind = request.param
    size, count = (FILE_KB << 10, FILES) if kind == "small" else (LARGE_MB << 20, 1)
    folder = tmp_path_factory.mktemp(kind)
    block = os.urandom(min(size, 1 << 20))
    files = [folder / f"{index:05}" for index in range(count)]
    for file in files:
        file.write_bytes((block * (size // len(block) + 1))[:size])
        store[0].put(DATA, f"{kind}/{file.name}", file.read_bytes())
    return Load(kind, files, [f"{kind}/{file.name}" for file in files])


def measured(peer: Peer, client: StoreClient, load: Load, folder: Path) -> tuple[float, float]:
    """Seconds in and out; what was sent is checked by its count and taken away: the store slows with what it holds."""
    folder.mkdir()
    prefix = secrets.token_hex(4)
    seconds = peer.down(load.names, folder), peer.up(load.files, prefix)
    assert sum(file.stat().st_size for file in folder.iterdir()) == sum(f.stat().st_size for f in load.files)
    sent = client.names(ARTIFACTS, prefix)
    assert len(sent) == len(load.files)
    for name in sent:
        client.delete(ARTIFACTS, name)
    return seconds


def by_the_runner(client: StoreClient, load: Load, folder: Path) -> tuple[float, float]:
    """The runner's own phases, for a command that hands its input on."""
    inputs, outputs = [{"from": f"data/{load.kind}/", "to": "in"}], [{"from": "out", "to": "artifacts"}]
    job = Job(client, folder, {"x": ""}, run=["cp", "-rl", "in/.", "out"], inputs=inputs, outputs=outputs)
    result = job.finish()
    assert result.code == 0, result.why()
    manifest = job.manifest()
    assert manifest is not None and len(manifest["objects"]) == len(load.files)
    for item in manifest["objects"]:
        client.delete(item["bucket"], item["name"])
    return result.record["durations"]["stage-in"], result.record["durations"]["publish"]


def in_turns(
    peers: Sequence[Peer], client: StoreClient, load: Load, folder: Path
) -> Iterator[tuple[str, float, list[float]]]:
    """The direction, and the runner's and the peers' median seconds."""
    theirs: list[list[tuple[float, float]]] = [[] for _ in peers]
    ours = []
    for turn in range(ROUNDS):
        for number, peer in enumerate(peers):
            theirs[number].append(measured(peer, client, load, folder / f"peer{number}-{turn}"))
        ours.append(by_the_runner(client, load, folder / f"run{turn}"))
    for index, direction in enumerate(("in", "out")):
        own, *others = (statistics.median(pair[index] for pair in pairs) for pairs in (ours, *theirs))
        yield direction, own, others


def test_against_the_limit(
    store: tuple[StoreClient, int], load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, _ = store
    goal = GOAL_OF_LIMIT[load.kind]
    with capsys.disabled():
        for direction, own, [limit] in in_turns([Loop(client.url)], client, load, tmp_path):
            met = "met" if limit / own >= goal else "not met"
            print(
                f"\n{load} {direction}: runner {own:.2f} s, loop {limit:.2f} s:"
                f" {limit / own:.0%} of the limit (goal {goal:.0%}: {met})",
                end="",
            )


PEERS: dict[str, Callable[[StoreClient, int, Path], Peer]] = {
    "gcloud storage cp": lambda client, tls, folder: Gcloud(client.url, folder / "gcloud"),
    "gsutil -m (TLS)": lambda client, tls, folder: Gsutil(tls, folder / "gsutil"),
    "Metaflow's client": lambda client, tls, folder: Metaflow(client.url, folder),
}


@pytest.mark.parametrize("name", PEERS)
def test_against_a_peer(
    store: tuple[StoreClient, int],
    load: Load,
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client, tls = store
    try:
        peer = PEERS[name](client, tls, tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    with capsys.disabled():
        for direction, own, [other, limit] in in_turns([peer, Loop(client.url)], client, load, tmp_path):
            met = "met" if other / own >= GOAL_OVER_PEERS else "not met"
            print(
                f"\n{load} {direction}: runner {own:.2f} s, {name} {other:.2f} s: {other / own:.1f}x"
                f" (goal {GOAL_OVER_PEERS:g}x: {met}; the loop, which is the limit, has {other / limit:.1f}x)",
                end="",
            )
