"""The one change in platform.yaml: everything else stays as it was, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from cloister.declarations import DeclarationErrors
from stacks.publish.platform_file import NotWritten, with_image, write_image

ROOT = Path(__file__).parents[3]
NEW = "europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner@sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('images: {runner: "a@sha256:0"}   # why\nx: 1\n', f'images: {{runner: "{NEW}"}}   # why\nx: 1\n'),
        (
            "# é\nimages:\n  runner: 'a'  # old\n  # end\n",
            f"# é\nimages:\n  runner: '{NEW}'  # old\n  # end\n",
        ),
        ("images:\n    runner: a\r\nx: 1\r\n", f"images:\n    runner: {NEW}\r\nx: 1\r\n"),
        ("images: {metaflow: b}\n", f'images: {{metaflow: b, runner: "{NEW}"}}\n'),
        (
            "images:\n  metaflow: b   # of flows\nx: 1",
            f'images:\n  metaflow: b   # of flows\n  runner: "{NEW}"\nx: 1',
        ),
        ("images:\n  metaflow: b", f'images:\n  metaflow: b\n  runner: "{NEW}"'),
    ],
)
def test_only_the_image_changes(before: str, after: str) -> None:
    assert with_image(before, "runner", NEW) == after
    assert yaml.safe_load(after)["images"]["runner"] == NEW
    assert with_image(after, "runner", NEW) == after


@pytest.mark.parametrize("text", ["x: 1\n", "images: []\n", "images: {}\n"])
def test_a_file_without_a_place_for_it_is_told(text: str) -> None:
    with pytest.raises(NotWritten, match="found no mapping images"):
        with_image(text, "runner", NEW)


def test_a_change_that_would_not_load_is_taken_back(tmp_path: Path) -> None:
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "teams", tmp_path / "teams")
    before = (tmp_path / "platform.yaml").read_bytes()
    with pytest.raises(DeclarationErrors, match="runner"):
        write_image(tmp_path, "runner", "europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner:latest")
    assert (tmp_path / "platform.yaml").read_bytes() == before
    assert write_image(tmp_path, "runner", NEW) is True
    assert write_image(tmp_path, "runner", NEW) is False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boundary.yaml", "platform.yaml", "teams"]
