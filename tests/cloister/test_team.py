"""`cloister team`: a new team's file passes as it stands, nothing is overwritten, schemas are current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from cloister.capacity import capacity
from cloister.declarations import load
from cloister.declarations.schemas import MODELS, schema
from cloister.main import cli

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases/declarations"


def team(company: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        cli, ["team", arguments[0], "--directory", str(company), *arguments[1:]]
    )


def files(company: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (company / "teams").iterdir()}


def test_a_new_team_passes_as_it_stands(company: Path) -> None:
    result = team(company, "new", "search", "--members", "group:search-ml@acme.example")
    assert result.exit_code == 0, result.output
    new = load(company).teams["search"]
    assert (new.network, new.quota.cpu, new.quota.max_run_hours) == ("sealed", 16, 24)
    for said in (
        "wrote teams/search.yaml",
        "acme-ml-prod-search-data",
        "team-search@",
        "Next: ",
        "make synth check",
    ):
        assert said in result.output


def test_a_new_team_with_everything(company: Path) -> None:
    options = (
        "--cpu 64 --memory 256Gi --gpu nvidia-l4=4 --max-run-hours 48 --budget 4000 --isolation dedicated"
    )
    result = team(
        company, "new", "vision", "--members", "user:ann@acme.example", *options.split(), "--metaflow"
    )
    assert result.exit_code == 0, result.output
    new = load(company).teams["vision"]
    assert new.quota.gpus == {"nvidia-l4": 4}
    assert new.budget is not None and (new.budget.monthly, new.budget.currency) == (4000, "EUR")
    assert (new.isolation, new.metaflow) == ("dedicated", True)


def test_what_a_team_gets_follows_from_what_it_declares(company: Path) -> None:
    members = ("--members", "group:s@acme.example")
    sealed = team(company, "new", "a", *members).output
    other = team(company, "new", "b", *members, "--network", "project", "--metaflow", "--budget", "9").output
    assert "no network" in sealed and "metaflow " not in sealed and "none declared" in sealed
    assert "may call Google APIs" in other and "cloister flow run" in other
    assert "9 EUR a month declared, not watched" in " ".join(other.split())


@pytest.mark.parametrize(
    ("machine", "cpus"),
    [
        ("n2-standard-8", 160),
        ("n2-custom-8-16384", 160),
        ("c3-highmem-22-lssd", 440),
        ("a2-highgpu-1g", None),
    ],
)
def test_the_pools_capacity_is_told_where_the_machine_type_tells_it(
    company: Path, machine: str, cpus: int | None
) -> None:
    platform = load(company).platform
    [cpu, *_] = platform.pools
    alone = platform.model_copy(update={"pools": (cpu.model_copy(update={"machine": machine}),)})
    assert capacity(alone).cpus == cpus


def test_a_quota_that_no_pool_can_give_is_noted_and_no_mistake(company: Path) -> None:
    said = team(
        company,
        "new",
        "a",
        "--members",
        "group:s@acme.example",
        "--cpu",
        "225",
        "--gpu",
        "nvidia-l4=9",
        "--format",
        "json",
    )
    assert said.exit_code == 0
    cpu, gpu = json.loads(said.stdout)["team"]["notes"]
    assert "at most 224" in cpu and "quota.gpus.nvidia-l4 is 9" in gpu and "at most 8" in gpu


def test_a_new_team_in_json(company: Path) -> None:
    result = team(company, "new", "search", "--members", "group:s@acme.example", "--format", "json")
    answer = json.loads(result.stdout)
    assert (answer["version"], answer["file"]) == (1, "teams/search.yaml")
    assert answer["team"]["resources"]["buckets"]["code"] == "acme-ml-prod-search-code"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fakespot", "--members", "group:x@acme.example"], "exists already"),
        (["search", "--members", "group:x@other.example"], "expected a member of acme.example"),
        (["search", "--members", "everyone"], "expected a member: "),
        (["Search", "--members", "group:x@acme.example"], "expected a team name"),
        (["../search", "--members", "group:x@acme.example"], "expected a team name"),
        ([".search", "--members", "group:x@acme.example"], "expected a team name"),
        (["search\nx", "--members", "group:x@acme.example"], "expected a team name"),
        (["s" * 300, "--members", "group:x@acme.example"], "expected a team name"),
        (["google-ads", "--members", "group:x@acme.example"], "google"),
        (["search", "--members", "group:x@acme.example", "--gpu", "nvidia-l4"], "expected TYPE=COUNT"),
        (["search", "--members", "group:x@acme.example", "--gpu", "nvidia-t4=1"], "expected a GPU of a pool"),
        (["search", "--members", "group:x@acme.example", "--cpu", "0"], "a whole number of CPUs"),
        (["search", "--members", "group:x@acme.example", "--memory", "lots"], "expected a memory quantity"),
        (
            ["search", "--members", "group:x@acme.example", "--isolation", "none"],
            "expected shared or dedicated",
        ),
        (["search"], "--members"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(company: Path, arguments: list[str], said: str) -> None:
    before = files(company)
    result = team(company, "new", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert files(company) == before


def test_a_link_is_not_followed(company: Path, tmp_path: Path) -> None:
    (company / "teams" / "search.yaml").symlink_to(tmp_path / "target")
    assert team(company, "new", "search", "--members", "group:x@acme.example").exit_code == 2
    assert not (tmp_path / "target").exists()


def test_list(company: Path) -> None:
    text = team(company, "list").output
    assert text.splitlines()[0].split() == [
        "TEAM",
        "MEMBERS",
        "NETWORK",
        "CPU",
        "MEMORY",
        "GPUS",
        "HOURS",
        "SCHEDULES",
    ]
    assert (
        "translations  group:translations-ml@acme.example  sealed   64   256Gi   4 nvidia-l4  24     1"
        in text
    )
    answer = json.loads(team(company, "list", "--format", "json").stdout)
    assert [each["declared"]["team"] for each in answer["teams"]] == ["fakespot", "translations"]


def test_show(company: Path) -> None:
    assert "acme-ml-prod-fakespot-results" in team(company, "show", "fakespot").output
    answer = json.loads(team(company, "show", "translations", "--format", "json").stdout)["team"]
    assert answer["declared"]["schedules"][0]["cron"] == "0 3 * * *"
    assert answer["resources"]["namespace"] == "team-translations"
    result = team(company, "show", "translation")
    assert result.exit_code == 2
    assert "did you mean translations" in result.stderr


@pytest.mark.parametrize("name", MODELS)
def test_the_published_schemas_are_current(name: str) -> None:
    published = ROOT / "docs" / "schemas" / f"{name}.json"
    assert json.loads(published.read_text()) == schema(name), (
        "run `cloister team schema --output docs/schemas`"
    )


def test_schemas_are_written_and_printed(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["team", "schema", "--output", str(tmp_path)])
    assert result.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.json" for name in MODELS}
    assert json.loads(CliRunner().invoke(cli, ["team", "schema", "job"]).output) == schema("job")


def plain(value: Any) -> Any:
    """A YAML value as JSON sees it: dates are strings."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def validator(name: str) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    return jsonschema.Draft202012Validator(schema(name))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("boundary", "boundary.yaml"),
        ("platform", "platform.yaml"),
        ("team", "teams/translations.yaml"),
        ("team", "teams/fakespot.yaml"),
    ],
)
def test_the_example_fits_its_schemas(name: str, path: str) -> None:
    validator(name).validate(plain(yaml.safe_load((ROOT / path).read_text())))


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("team", "unknown-key/teams/fakespot.yaml"),
        ("team", "bad-memory/teams/fakespot.yaml"),
        ("team", "gpu-misspelt/teams/fakespot.yaml"),
        ("team", "everyone-as-member/teams/fakespot.yaml"),
        ("team", "retired/teams/fakespot.yaml"),
        ("team", "release-of-raw-data/teams/fakespot.yaml"),
        ("boundary", "unknown-assurance/boundary.yaml"),
        ("boundary", "organization-as-word/boundary.yaml"),
        ("boundary", "organization-incomplete/boundary.yaml"),
        ("platform", "image-by-tag/platform.yaml"),
        ("platform", "pool-without-bounds/platform.yaml"),
        ("job", "job-input-dots/job.yaml"),
        ("job", "job-output-to-data/job.yaml"),
    ],
)
def test_a_schema_refuses_what_the_models_refuse(name: str, case: str) -> None:
    content = plain(yaml.safe_load((CASES / case).read_text()))
    assert list(validator(name).iter_errors(content))


def test_a_release_that_takes_a_filter_away_is_said(company: Path) -> None:
    file = company / "teams" / "fakespot.yaml"
    release = '{bucket: BUCKET, to: "group:shop@acme.example", why: it sells, owner: a@acme.example, until: 2099-12-31}'
    before = file.read_text()
    for bucket, told in (("artifacts", True), ("results", False)):
        file.write_text(f"{before}releases: [{release.replace('BUCKET', bucket)}]\n")
        said = team(company, "show", "fakespot", "--format", "json")
        assert said.exit_code == 0, said.output
        notes = json.loads(said.stdout)["team"]["notes"]
        assert any("acme-ml-prod-fakespot-artifacts has no IP filter" in note for note in notes) is told
