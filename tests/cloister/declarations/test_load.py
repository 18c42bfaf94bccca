"""Loading: the shipped example, what the proof loads, and what a file can do to the reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cloister.declarations import (
    DeclarationErrors,
    gpus,
    load,
    load_beside,
    load_boundary,
    load_job,
    load_with,
    local_ssd,
)
from cloister.declarations.dates import today
from cloister.declarations.fields import duration_seconds, memory_bytes
from cloister.declarations.platform import maintenance_window

ROOT = Path(__file__).parents[3]
Edit = Callable[[str, str, str], Path]
DAY = date(2026, 6, 1)
EXPIRED = """attestations:
  - {channel: TF-01, claim: closed, evidence: ticket 1, owner: ann, expires: 2026-01-01}
exceptions:
  - {finding: IAM-01, subject: a-bucket, why: migration, owner: ann, expires: 2026-01-01}
"""
ORGANIZATION = 'organization: {id: "123456789012", access_policy: "987654321", customer: C0123abcd}'


def refused(call: Callable[[], object]) -> list[str]:
    with pytest.raises(DeclarationErrors) as raised:
        call()
    return [str(mistake) for mistake in raised.value.mistakes]


def test_the_shipped_example() -> None:
    declarations = load(ROOT)
    assert declarations.boundary.project == "acme-ml-prod"
    assert declarations.boundary.assurance == "mediated"
    assert declarations.boundary.organization == "none"
    assert list(declarations.teams) == ["fakespot", "translations"]
    assert declarations.teams["translations"].schedules[0].time_zone == "Europe/Berlin"
    assert declarations.teams["fakespot"].network == "sealed"


def test_a_misspelt_gpu_of_a_pool_is_refused(edit: Edit) -> None:
    tree = edit(
        "platform.yaml",
        "n2-standard-8, min: 0, max: 20",
        "g2-standard-8, min: 0, max: 20, gpus: {nvidia-l5: 1}",
    )
    (mistake,) = refused(lambda: load(tree, today=DAY))
    assert (
        'pools[0].gpus.nvidia-l5: found "nvidia-l5", expected a GPU type that the platform runs on: '
        in mistake
    )
    assert mistake.endswith("; did you mean nvidia-l4")


def test_the_reference_boundary() -> None:
    boundary = load_boundary(ROOT / "tests/data/reference/boundary.yaml", expired_ok=True)
    assert (boundary.assurance, boundary.organization) == ("project", "none")


def test_an_organisation_left_out_is_unknown(edit: Edit) -> None:
    assert load(edit("boundary.yaml", "organization: none\n", ""), today=DAY).boundary.organization is None


def test_the_proof_reads_a_boundary_with_an_organisation(edit: Edit) -> None:
    tree = edit("boundary.yaml", "organization: none", ORGANIZATION)
    boundary = load_boundary(tree / "boundary.yaml")
    assert not isinstance(boundary.organization, str) and boundary.organization is not None
    assert boundary.organization.id == "123456789012"
    assert load_beside(tree / "boundary.yaml") is not None
    assert load(tree, today=DAY).boundary == boundary


def test_the_proof_reads_what_has_expired(edit: Edit) -> None:
    tree = edit("boundary.yaml", "trusted:\n", f"{EXPIRED}trusted:\n")
    path = tree / "boundary.yaml"
    assert load_boundary(path, expired_ok=True).exceptions[0].expires == date(2026, 1, 1)
    assert load_beside(path) is not None
    assert len(refused(lambda: load_boundary(path))) == 2
    assert len(refused(lambda: load(tree))) == 2


def test_a_last_day_is_still_a_day(edit: Edit) -> None:
    tree = edit("boundary.yaml", "trusted:\n", f"{EXPIRED}trusted:\n")
    load(tree, today=date(2026, 1, 1))
    assert len(refused(lambda: load(tree, today=date(2026, 1, 2)))) == 2


def test_source_date_epoch_is_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225599")
    assert today() == date(2025, 12, 31)


def test_nothing_beside_a_lonely_boundary(tree: Path) -> None:
    (tree / "platform.yaml").unlink()
    assert load_beside(tree / "boundary.yaml") is None


def test_beside_a_boundary_of_another_name(tree: Path) -> None:
    (tree / "boundary.yaml").rename(tree / "stricter.yaml")
    beside = load_beside(tree / "stricter.yaml")
    assert beside is not None and list(beside.teams) == ["fakespot"]


def test_a_foreign_member_counts_as_declared_for_nobody(edit: Edit) -> None:
    tree = edit("teams/fakespot.yaml", "@acme.example", "@evil.example")
    assert "expected a member of acme.example" in refused(lambda: load_beside(tree / "boundary.yaml"))[0]


def test_a_draft_is_checked_with_the_tree(tree: Path) -> None:
    text = (
        "team: search\nmembers: group:search@acme.example\nquota: {cpu: 1, memory: 1Gi, max_run_hours: 1}\n"
    )
    assert list(load_with(tree, "search", text).teams) == ["fakespot", "search"]
    assert list(load(tree).teams) == ["fakespot"]
    assert refused(lambda: load_with(tree, "search", text.replace("search@acme", "search@other")))


def test_a_pipe_is_not_read(tree: Path) -> None:
    os.mkfifo(tree / "teams" / "pipe.yaml")
    assert "no regular file" in refused(lambda: load(tree))[0]


def test_a_directory_is_not_read(tree: Path) -> None:
    (tree / "teams" / "nested.yaml").mkdir()
    assert "no regular file" in refused(lambda: load(tree))[0]


def test_a_huge_file_is_not_read(tree: Path) -> None:
    (tree / "teams" / "huge.yaml").write_text("# " + "x" * 300_000)
    assert "expected at most 262,144" in refused(lambda: load(tree))[0]


def test_a_linked_directory_out_of_the_tree(tree: Path, tmp_path: Path) -> None:
    (tree / "teams").rename(tmp_path / "elsewhere")
    (tree / "teams").symlink_to(tmp_path / "elsewhere")
    lines = refused(lambda: load(tree))
    assert "expected a directory of this tree" in lines[0] and "expected a file of this tree" in lines[1]


def test_a_strange_file_name_stays_on_its_line(tree: Path) -> None:
    (tree / "teams" / "a\n\x1b[31mb.yaml").write_text("x")
    lines = refused(lambda: load(tree))
    assert len(lines) == 1 and lines[0].startswith("teams/a\\n\\x1b[31mb.yaml:1: ")


def test_a_link_inside_the_tree_is_fine(tree: Path) -> None:
    (tree / "shared").mkdir()
    (tree / "teams" / "fakespot.yaml").rename(tree / "shared" / "f.yaml")
    (tree / "teams" / "fakespot.yaml").symlink_to("../shared/f.yaml")
    assert list(load(tree).teams) == ["fakespot"]


JOB = """name: train
run: [python, train.py]
code: ./src
resources: {cpu: 2, memory: 4Gi, gpus: {nvidia-l4: 1}}
timeout: 30m
network: sealed
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "cpu: 2",
            "cpu: 64.5",
            "4: resources.cpu: found 64.5, expected at most 64, the quota of translations",
        ),
        (
            "4Gi",
            "257Gi",
            '4: resources.memory: found "257Gi", expected at most 256Gi, the quota of translations',
        ),
        (
            "l4: 1",
            "l4: 5",
            "4: resources.gpus.nvidia-l4: found 5, expected at most 4, the quota of translations",
        ),
        (
            "l4: 1",
            "t4: 1",
            '4: resources.gpus.nvidia-t4: found "nvidia-t4", expected a GPU in the quota of translations: nvidia-l4; did you mean nvidia-l4',
        ),
        ("30m", "25h", '5: timeout: found "25h", expected at most 24h, the quota of translations'),
        (
            "sealed",
            "project",
            '6: network: found "project", expected sealed; translations is sealed and a job may not ask for more',
        ),
    ],
)
def test_a_job_asks_for_no_more_than_its_team_has(tmp_path: Path, old: str, new: str, said: str) -> None:
    team = load(ROOT).teams["translations"]
    file = tmp_path / "job.yaml"
    file.write_text(JOB)
    assert load_job(file, team=team).timeout_seconds == 1800
    file.write_text(JOB.replace(old, new))
    load_job(file)
    assert refused(lambda: load_job(file, team=team)) == [f"job.yaml:{said}"]


@pytest.mark.parametrize(
    ("quantity", "size"), [("1", 1), ("16Gi", 16 * 2**30), ("2k", 2000), ("3T", 3 * 10**12), ("5Ki", 5120)]
)
def test_memory(quantity: str, size: int) -> None:
    assert memory_bytes(quantity) == size


@pytest.mark.parametrize(
    ("duration", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1h1m1s", 3661)]
)
def test_durations(duration: str, seconds: int) -> None:
    assert duration_seconds(duration) == seconds


@pytest.mark.parametrize("text", ["", "h", "1d", "5", "1m2h"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration_seconds(text)


def test_a_window_that_crosses_midnight() -> None:
    window = maintenance_window("Sat,Sun 22:00-04:00")
    assert window.recurrence == "FREQ=WEEKLY;BYDAY=SA,SU"
    assert (window.start_time, window.end_time) == ("2026-01-05T22:00:00Z", "2026-01-06T04:00:00Z")
    assert window.minutes == 360


def test_every_gpu_that_passes_has_its_regions() -> None:
    """A type without any would pass everywhere."""
    assert gpus.REGIONS.keys() == gpus.SERIES.keys()
    assert all(gpus.REGIONS.values())


@pytest.mark.parametrize(
    ("machine", "types", "expected"),
    [
        ("n1-standard-8", (), (1, 2, 3, 4, 5, 6, 7, 8, 16, 24)),
        ("n1-standard-8", ("nvidia-tesla-t4",), (1, 2, 3, 4, 5, 6, 7, 8, 16)),
        ("n2-standard-8", (), (1, 2, 4, 8, 16, 24)),
        ("n2-highmem-128", (), (16, 24)),
        ("n2-custom-12-49152", (), (2, 4, 8, 16, 24)),
        ("c2d-highcpu-112", (), (8,)),
        ("g2-standard-32", (), (1,)),
        ("a2-highgpu-4g", (), (4, 8)),
        ("a2-ultragpu-1g", (), ()),  # it brings its own
        ("c3-standard-8-lssd", (), ()),
        ("e2-standard-4", (), ()),
    ],
)
def test_a_machine_takes_these_counts_of_local_ssds(
    machine: str, types: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    assert local_ssd.counts(machine, types) == expected
