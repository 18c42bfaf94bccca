"""The image's content: only what it needs, from the lock, the same bytes every time."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from runner.container import base, image
from runner.container.image import ROOT, Layout
from runner.container.wheels import LOCK

# What turns a foothold into more: installers, compilers, network clients, and interpreters nobody asked for.
ABSENT = [
    "apt",
    "apt-get",
    "dpkg",
    "rpm",
    "apk",
    "pip",
    "pip3",
    "pip3.11",
    "easy_install",
    "conda",
    "uv",
    "npm",
    "snap",
    "gcc",
    "cc",
    "g++",
    "c++",
    "clang",
    "ld",
    "as",
    "make",
    "cmake",
    "go",
    "rustc",
    "tcc",
    "gdb",
    "strace",
    "curl",
    "wget",
    "nc",
    "ncat",
    "netcat",
    "socat",
    "ssh",
    "scp",
    "sftp",
    "ftp",
    "telnet",
    "rsync",
    "git",
    "dig",
    "nslookup",
    "host",
    "ping",
    "openssl",
    "gpg",
    "bash",
    "perl",
    "ruby",
    "node",
    "php",
    "lua",
    "su",
    "sudo",
    "mount",
    "umount",
    "passwd",
    "login",
    "nsenter",
    "unshare",
    "setpriv",
    "busybox",
]
SITE = "opt/cloister/lib/python3.11/site-packages"


def files(tree: Path) -> list[Path]:
    return [Path(folder, name) for folder, _, names in os.walk(tree) for name in names]


def locked(path: Path) -> dict[str, set[str]]:
    """Requirement and hashes, as a lock file has them."""
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", path.read_text()):
        match = re.match(r"([a-z0-9-]+==\S+)", block)
        if match:
            found[match[1]] = set(re.findall(r"sha256:[0-9a-f]{64}", block))
    return found


def test_it_is_small(layout: Layout) -> None:
    assert layout.size < 120e6


def test_it_starts_as_the_design_says(layout: Layout) -> None:
    config = json.loads(layout.blob(layout.manifest["config"]["digest"]).read_text())["config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/opt/cloister/bin/python3.11", "-I", "-m", "runner.image"]
    assert config["Cmd"] == ["run"]
    assert {line.partition("=")[0] for line in config["Env"]} == {"PATH", "LANG", "CLOISTER_ISOLATION"}


def test_no_installer_compiler_or_network_client_lies_anywhere(tree: Path) -> None:
    names = {path.name for path in files(tree) if path.lstat().st_mode & 0o111}
    assert not names & set(ABSENT)
    installers = re.compile(r"/(?:ensurepip|pip|setuptools|wheel)(?:[-/.]|$)")
    assert not any(installers.search(str(path.relative_to(tree))) for path in files(tree))
    assert {"sh", "python3.11", "cat"} <= names


def test_no_file_raises_rights_or_is_for_all_to_write(tree: Path) -> None:
    for path in files(tree):
        mode = path.lstat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID), path
        assert stat.S_ISLNK(mode) or not mode & stat.S_IWOTH, path
        assert "security.capability" not in os.listxattr(path, follow_symlinks=False), path


def test_it_holds_this_trees_runner_and_nothing_else_of_ours(tree: Path) -> None:
    there = {path.relative_to(tree / SITE): path for path in (tree / SITE / "runner").rglob("*.py")}
    packages = [
        path
        for name in ("image", "watch", "canary", "serving")
        for path in (ROOT / "runner" / name).rglob("*.py")
    ]
    here = {path.relative_to(ROOT) for path in packages} | {Path("runner/__init__.py")}
    assert set(there) == here
    assert all(path.read_bytes() == (ROOT / name).read_bytes() for name, path in there.items())


def test_its_libraries_are_those_of_the_lock(tree: Path) -> None:
    installed = {path.name.removesuffix(".dist-info") for path in (tree / SITE).glob("*.dist-info")}
    assert {
        re.sub(r"[-_.]+", "-", name.rpartition("-")[0]).lower() + "==" + name.rpartition("-")[2]
        for name in installed
    } == set(locked(LOCK))


def test_the_lock_agrees_with_the_projects() -> None:
    whole = locked(ROOT / "requirements.lock")
    for requirement, hashes in locked(LOCK).items():
        assert hashes and hashes == whole[requirement], requirement


def test_byte_code_is_there_for_every_module_of_the_runner(tree: Path) -> None:
    for path in (tree / SITE / "runner").rglob("*.py"):
        assert (path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc").exists(), path


@pytest.mark.slow
def test_two_builds_have_one_digest(layout: Layout, tmp_path: Path) -> None:
    builder = image.tool()
    if builder is None:
        pytest.skip("neither podman nor buildah: apt-get install podman")
    if not base.can_build():
        pytest.skip("no base can be made again here: apt-get install debootstrap, as root")
    image.build(builder, None, tmp_path, fresh=True)
    assert Layout(tmp_path).digest == layout.digest
