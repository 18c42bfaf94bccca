"""The tutorial's part on the platform, as a member of its team, on a real cluster; and what `cloister status` says then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cloister.declarations import names
from tests.cluster import identities
from tests.cluster.node import SERVER
from tests.documents import ROOT, commands, copy_of_the_tree, run

from . import company
from .conftest import Platform

TUTORIAL = ROOT / "docs" / "tutorial.md"
ON_THE_PLATFORM = "## On the platform"
TEAM, NAMESPACE, PROJECT = "reviews", "team-reviews", "acme-ml-prod"
WRITE = ("mkdir", "printf", "cat >", ".venv/bin/cloister team new")  # of the earlier parts, what leaves files
SETTINGS = ("CLOISTER_STORE", "CLOISTER_METADATA", "CLOISTER_PATIENCE", "CLOISTER_GRACE")


@dataclass
class Reader:
    """A person who has followed the tutorial up to the platform."""

    home: Path
    environment: dict[str, str]

    def status(self, *words: str) -> tuple[int, dict[str, Any]]:
        command = [sys.executable, "-m", "cloister", "status", "--format", "json", *words]
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(self.home)}
        done = subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def reader(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    home = copy_of_the_tree(tmp_path_factory.mktemp("tutorial") / "cloister")
    shutil.copy(platform.home / "platform.yaml", home)  # the runner that is on this cluster
    for command in commands(TUTORIAL, end=ON_THE_PLATFORM):
        if command.startswith(WRITE):
            run(command, home)
    declared = company.declarations_of(home, tmp_path_factory.mktemp("declared"))
    core = client.CoreV1Api(platform.cluster.client)
    given = core.read_namespaced_config_map(names.CONFIG_MAP, "team-fakespot").data
    company.put(platform.cluster, declared, {key: given[key] for key in SETTINGS}, only=NAMESPACE)
    for bucket in names.buckets(PROJECT, TEAM).values():
        platform.store.make_bucket(bucket)
    sample = (home / "reviews/data/sample/reviews.txt").read_bytes()
    platform.store.put(names.bucket(PROJECT, TEAM, "data"), "sample/reviews.txt", sample)
    folder = tmp_path_factory.mktemp("person")
    identities.make_certificate(
        platform.node.pki, TEAM, "/O=reviews-ml@acme.example/CN=carol@acme.example", f"DNS:{TEAM}"
    )
    identities.write_kubeconfig(folder / "kubeconfig", platform.node.pki, TEAM, SERVER)
    environment = {
        "KUBECONFIG": str(folder / "kubeconfig"),
        "STORAGE_EMULATOR_HOST": platform.store_url,
        "NO_GCE_CHECK": "true",
        "COLUMNS": "200",
    }
    yield Reader(home, environment)
    company.remove(platform.cluster, [NAMESPACE])


def test_the_commands_of_the_platform_do_what_they_say(reader: Reader) -> None:
    said = {
        command: run(command, reader.home, reader.environment)
        for command in commands(TUTORIAL, begin=ON_THE_PLATFORM)
    }
    submitted, listed, deployed, schedule, status = said.values()
    assert "5 different words" in submitted and submitted.rstrip().endswith("done")
    assert "count" in listed and "100%" in listed
    assert "nightly-count" in deployed
    assert "next " in schedule
    assert "1 done, 0 failed" in status


def test_status_counts_what_is_on_the_cluster(reader: Reader) -> None:
    """After the commands above: one run done, one schedule active, nothing waiting; only the log bucket is not there."""
    code, found = reader.status("--team", TEAM)
    [team] = found["teams"]
    assert [(week["done"], week["failed"]) for week in team["runs"]["weeks"]] == [(1, 0)]
    assert (team["queue"]["running"], team["queue"]["waiting"]) == (0, 0)
    [schedule] = team["schedules"]
    assert (schedule["state"], schedule["missed"], schedule["other_image"]) == ("active", 0, False)
    quota = {each["what"]: (each["used"], each["hard"]) for each in team["quota"]}
    assert quota["CPUs"] == (0, 8) and quota["memory"] == (0, 32 * 2**30) and quota["jobs"][0] == 1
    assert code == 1 and len(found["unread"]) == 2  # the log bucket; and the copy is no git repository
    assert all("Cloud Logging" in reason or "git" in reason for reason in found["unread"])


def test_another_team_is_refused_and_said(reader: Reader) -> None:
    _, found = reader.status("--team", "fakespot")
    [team] = found["teams"]
    assert [team[key] for key in ("runs", "queue", "schedules", "quota")] == [None] * 4
    assert any("you may not do this in the team's namespace" in reason for reason in team["unread"])
