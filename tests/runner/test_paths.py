"""Names and paths: nothing outside the directory is reached, whatever a name says or a link points to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.image import paths

TEXT = st.text(alphabet=st.sampled_from("ab./\\\0 \n\"'`$ü\U0001f600-~*"), max_size=30)


@given(TEXT)
def test_a_safe_name_stays_below(name: str) -> None:
    try:
        parts = paths.safe_parts(name)
    except paths.UnsafeName:
        # Refused only for a reason: as a path it is absolute, empty, not normal, or has a zero byte.
        assert (
            "\0" in name
            or name == ""
            or os.path.normpath(name) != name
            or name.startswith(("/", ".."))
            or name == "."
        )
        return
    assert "/".join(parts) == name
    assert os.path.normpath(os.path.join("/top", name)).startswith("/top/")


@pytest.mark.parametrize(
    "name",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b", "x" * 256, "a/" * 2500 + "a", "\ud800"],
)
def test_unsafe_names(name: str) -> None:
    with pytest.raises(paths.UnsafeName):
        paths.safe_parts(name)


@pytest.mark.parametrize("planted", ["file", "directory", "deep directory"])
def test_no_link_is_followed(tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    (outside / "c").mkdir(parents=True)
    (outside / "x").write_text("precious")
    (outside / "c" / "x").write_text("precious")
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    parts: tuple[str, ...]
    if planted == "file":
        (top / "x").symlink_to(outside / "x")
        parts = ("x",)
    elif planted == "directory":
        (top / "link").symlink_to(outside)
        parts = ("link", "x")
    else:
        (top / "a" / "b" / "link").symlink_to(outside / "c")
        parts = ("a", "b", "link", "x")
    with paths.Beneath(top) as beneath:
        for flags in (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_TRUNC | os.O_CREAT):
            with pytest.raises(OSError, match="Errno"):
                os.close(beneath.open(parts, flags))
        if planted != "file":
            with pytest.raises(OSError, match="Errno"), beneath.directory((*parts[:-1], "new"), create=True):
                pass
        kinds = {entry.parts[-1]: entry.kind for entry in paths.walk(beneath.fd)}
        assert kinds[parts[-1] if planted == "file" else "link"] == "link"
        paths.clear(beneath.fd)
    assert list(top.iterdir()) == []
    assert (outside / "x").read_text() == (outside / "c" / "x").read_text() == "precious"


def test_clear_keeps_what_it_is_told_and_opens_what_was_closed(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("in/keep", "in/drop", "in/deep/keep", "in/deep/drop", "other"):
        (tmp_path / name).write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "x").write_text("x")
    (tmp_path / "closed").chmod(0)
    (tmp_path / "in" / "link").symlink_to("keep")
    keep = frozenset({("in", "keep"), ("in", "deep", "keep"), ("in", "link")})
    with paths.Beneath(tmp_path) as beneath:
        paths.clear(beneath.fd, keep)
        left = [("/".join(entry.parts), entry.kind) for entry in paths.walk(beneath.fd)]
    assert left == [
        ("in", "directory"),
        ("in/deep", "directory"),
        ("in/deep/keep", "file"),
        ("in/keep", "file"),
    ]


def test_descriptors_are_closed(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with paths.Beneath(tmp_path) as beneath:
        for index in range(50):
            os.close(beneath.open(("a", "b", str(index)), os.O_WRONLY | os.O_CREAT))
            with pytest.raises(FileNotFoundError):
                beneath.open(("nothing", "here"), os.O_RDONLY)
        list(paths.walk(beneath.fd))
        paths.clear(beneath.fd)
    assert len(os.listdir("/proc/self/fd")) == before
