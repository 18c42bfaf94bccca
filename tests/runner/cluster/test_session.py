"""The recorded session of the documentation: a regression found in a minute, by the real commands on a real cluster.

`make session` records it anew; the test runs the same commands and compares what they answer.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from docs.generate import recording
from runner.container.image import ROOT

from ..support import BUCKETS
from .conftest import Platform

CAST, PICTURE = ROOT / "docs" / "session.cast", ROOT / "docs" / "pictures" / "session.svg"
TITLE = "A job that broke, found in a minute"
JOB = """name: evaluate
run: ["python", "evaluate.py"]
code: ./src
inputs:  [{from: data/verdicts/, to: in/}]
outputs: [{from: out/, to: artifacts}]
resources: {cpu: 0.2, memory: 256Mi}
timeout: 5m
metrics: [accuracy]
"""
PROGRAM = """import csv, json, pathlib

rows = [row for path in pathlib.Path("in").iterdir() for row in csv.reader(path.open())]
right = sum(said == true for said, true in rows)
print(f"{right} of {len(rows)} right")
pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": right / len(rows)}))
pathlib.Path("out/right.txt").write_text(str(right))
"""
# What is typed. A run's short name stands for its last eight digits, which nobody knows before.
SCRIPT = (
    "cat src/evaluate.py",
    "cloister job check job.yaml --team fakespot",
    "cloister job submit job.yaml --team fakespot --follow",
    "sed -i 's/said == true/said is true/' src/evaluate.py   # the refactoring",
    "cloister job submit job.yaml --team fakespot --follow",
    "cloister job compare {0} {1} --team fakespot",
    "sed -i 's/row for path/row[2] for path/' src/evaluate.py   # and another one",
    "cloister job submit job.yaml --team fakespot --follow",
    "cloister job status {2} --team fakespot",
    "cloister job errors --team fakespot --job evaluate",
)
_RUN = re.compile(r"^run (\d{8}-\d{6}-[0-9a-f]{8})$", re.M)
# What differs from one time to the next, and nothing else.
_DIFFERS = (
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}"), "RUN"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "SHORT"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)?( s\b|s\b|m\d\ds\b)"), "LONG"),
    (re.compile(r"^(the same: |seconds in ).*"), r"\1"),
    (re.compile(r" +"), " "),
)


def record(platform: Platform, folder: Path) -> recording.Recording:
    """Type the script as a member of the team, in the company's directory."""
    home = folder / "company"
    shutil.copytree(platform.home, home, ignore=shutil.ignore_patterns("cdktf.out"))
    (home / "src").mkdir()
    (home / "job.yaml").write_text(JOB)
    (home / "src/evaluate.py").write_text(PROGRAM)
    rows = "".join(f"{'good' if n % 4 else 'bad'},good\n" for n in range(80))
    platform.store.put(BUCKETS["data"], "verdicts/november.csv", rows.encode())
    variables = platform.environment() | {
        "COLUMNS": str(recording.WIDTH), "TERM": "xterm", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    made, runs = recording.Recording(TITLE), []
    for words in SCRIPT:
        _, printed = made.run(words.format(*runs), home, variables)
        runs += [found[-8:] for found in _RUN.findall(printed)]
    return made


def comparable(cast: str) -> list[str]:
    """The lines without what differs, and without the waiting that only a slow machine shows."""
    lines = [line for _, line in recording.transcript(cast)]
    for pattern, instead in _DIFFERS:
        lines = [pattern.sub(instead, line).rstrip() for line in lines]
    return [line for line in lines if line and not line.startswith(("its pod", "waiting for"))]


def test_the_session_is_what_the_commands_say_now(platform: Platform, tmp_path: Path) -> None:
    made = record(platform, tmp_path).cast()
    if os.environ.get("CLOISTER_RECORD"):
        CAST.write_text(made, encoding="utf-8")
        PICTURE.write_text(recording.svg(made), encoding="utf-8")
    assert comparable(made) == comparable(CAST.read_text(encoding="utf-8"))


def test_the_recording_is_of_this_script_and_drawn_as_it_is() -> None:
    cast = CAST.read_text(encoding="utf-8")
    typed = [re.sub(r"\b[0-9a-f]{8}\b", "{}", command) for command in recording.commands(cast)]
    assert typed == [re.sub(r"{\d}", "{}", command) for command in SCRIPT]
    assert PICTURE.read_text(encoding="utf-8") == recording.svg(cast)


@pytest.mark.parametrize("words", ["the refactoring", "metric accuracy", "IndexError", "began in: "])
def test_it_tells_the_story(words: str) -> None:
    assert any(words in line for _, line in recording.transcript(CAST.read_text(encoding="utf-8")))
