"""The runner in a running container and in a pod, with the rights a restricted pod has."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from testinfra.host import Host

from runner.container.image import NAME, Layout

from .running import RESTRICTED
from .test_image import ABSENT


def test_it_runs_as_its_own_user(host: Host) -> None:
    assert (host.user().name, host.user().uid, host.user().gid) == ("runner", 65532, 65532)
    assert host.user("runner").shell == "/usr/sbin/nologin"
    assert host.file("/proc/1/status").contains("^CapEff:\\s*0000000000000000$")
    assert host.file("/proc/1/status").contains("^NoNewPrivs:\\s*1$")


def test_process_one_is_the_isolated_runner(host: Host) -> None:
    words = host.file("/proc/1/cmdline").content_string.split("\0")
    assert words == ["/opt/cloister/bin/python3.11", "-I", "-m", "runner.image", "run", ""]


def test_its_environment_and_memory_are_closed_to_its_own_user(host: Host) -> None:
    for name in ("environ", "mem", "maps", "fd"):
        assert host.run(f"ls /proc/1/{name}/ 2>/dev/null || cat /proc/1/{name}").rc != 0, name


def test_the_root_is_read_only_and_the_two_mounts_are_not(host: Host) -> None:
    for place in ("/", "/etc", "/opt/cloister", "/usr/lib/python3.11", "/home"):
        assert host.run(f"touch {place}/x").rc != 0
    for place in ("/work", "/tmp"):
        assert host.run(f"touch {place}/x").rc == 0


def test_it_listens_on_nothing(host: Host) -> None:
    for table in ("tcp", "tcp6", "udp", "udp6", "raw"):
        listed = host.file(f"/proc/net/{table}").content_string.splitlines()[1:]
        assert not [line for line in listed if line.split()[3] == "0A" or not table.startswith("tcp")], table
    unix = host.file("/proc/net/unix").content_string.splitlines()[1:]
    assert not [line for line in unix if line.split()[3] == "00010000"]  # __SO_ACCEPTCON


@pytest.mark.parametrize("name", ABSENT)
def test_a_command_that_must_not_be_there(host: Host, name: str) -> None:
    assert host.run(f"command -v {name}").rc != 0


@pytest.mark.parametrize("name", ["sh", "cat", "find", "grep", "sed", "env", "python3.11"])
def test_a_command_that_scripts_count_on(host: Host, name: str) -> None:
    assert host.exists(name)


def test_the_teams_python_has_none_of_the_runners_libraries(host: Host) -> None:
    for module in ("google", "requests", "runner", "pip", "ensurepip"):
        assert host.run(f"python3.11 -c 'import {module}'").rc == 1
    assert (
        host.run(
            "python3.11 -c 'import ssl, sqlite3, ctypes, lzma, zoneinfo; zoneinfo.ZoneInfo(\"Europe/Berlin\")'"
        ).rc
        == 0
    )


def test_a_pod_without_settings_is_told_so(layout: Layout) -> None:
    if shutil.which("podman") is None:
        pytest.skip("no podman: apt-get install podman")
    done = subprocess.run(["podman", "run", "--rm", *RESTRICTED, NAME], capture_output=True, text=True)
    assert done.returncode == 64
    assert "CLOISTER_TEAM is not set" in done.stdout
