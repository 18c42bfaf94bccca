"""Cloud Asset Inventory asked over TLS as it is asked at Google: pages, content types, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.proof import audit
from audit.reading.inventory import read_inventory
from policies.snapshot.model import InputError
from tests.audit.conftest import Answers
from tests.audit.deployed import PROJECT
from tests.googleapis import Answer, GoogleApis, Request, refusal
from tests.stacks.trees import ROOT

pytestmark = pytest.mark.engine
HOST = "cloudasset.googleapis.com"
WHEN = "2026-11-30T08:30:00Z"


@pytest.fixture
def apis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GoogleApis:
    with GoogleApis(tmp_path) as played:
        for name, value in played.environment.items():
            monkeypatch.setenv(name, value)
        yield played


def serve(apis: GoogleApis, answers: Answers) -> None:
    """`assets.list`, at most fifty assets a page, in the camel case of REST."""
    contents = {"RESOURCE": answers.company.resources, "IAM_POLICY": answers.company.iam(), "ORG_POLICY": []}

    def page(request: Request) -> Answer:
        query = dict(request.query)
        items = contents[query["contentType"]]
        start = int(query.get("pageToken", "0"))
        assets = [
            {
                "assetType" if key == "asset_type" else "iamPolicy" if key == "iam_policy" else key: value
                for key, value in item.items()
            }
            for item in items[start : start + 50]
        ]
        body = {"readTime": WHEN, "assets": assets}
        return Answer(200, body | ({"nextPageToken": str(start + 50)} if start + 50 < len(items) else {}))

    apis.on("GET", f"{HOST}/v1/projects/{PROJECT}/assets", page)


def test_all_pages_of_all_content_are_read_as_of_one_moment(apis: GoogleApis, answers: Answers) -> None:
    serve(apis, answers)
    readings = read_inventory(PROJECT, None)
    assert [(reading.part, len(reading.items), reading.when) for reading in readings] == [
        ("resources", len(answers.company.resources), WHEN), ("iam", len(answers.company.iam()), WHEN), ("org-policies", 0, WHEN),
    ]  # fmt: skip
    later = [dict(request.query) for request in apis.asked("GET", HOST) if "pageToken" in dict(request.query)]
    assert later
    assert {query["readTime"] for query in later} == {WHEN}
    report = audit(readings, ROOT / "boundary.yaml", None, lambda done, of: None).report
    assert next(verdict.status for verdict in report.verdicts if verdict.id == "NET-06") == "closed"


def test_a_refusal_is_one_clear_line_and_no_empty_answer(apis: GoogleApis) -> None:
    apis.on(
        "GET",
        f"{HOST}/v1/projects/{PROJECT}/assets",
        lambda _: refusal(403, "Cloud Asset API has not been used in project"),
    )
    with pytest.raises(InputError) as error:
        read_inventory(PROJECT, None)
    assert error.value.messages == (
        f"Cloud Asset Inventory of projects/{PROJECT} (RESOURCE): 403 Cloud Asset API has not been used in project",
    )


def test_no_credentials_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"type": "nothing"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(InputError, match="no credentials"):
        read_inventory(PROJECT, None)
