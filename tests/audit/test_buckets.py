"""Cloud Storage: the embedded store for real, and Google's own words about grants where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from audit.model import Reading
from audit.proof import audit
from audit.reading.buckets import read_buckets
from policies.snapshot.model import Input, InputError
from runner.client.object_store import ObjectStore
from tests.audit.deployed import NUMBER, PROJECT
from tests.googleapis import GoogleApis
from tests.googleapis.storage import Storage
from tests.stacks.trees import ROOT


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Client]:
    with ObjectStore() as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        yield storage.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]


def test_the_stores_buckets_are_read_and_their_grants_are_not_guessed(store: storage.Client) -> None:
    """The store knows no IAM: what its buckets are is read, who may read them stays undecided."""
    for name in ("acme-ml-prod-fakespot-data", "acme-ml-prod-side"):
        store.create_bucket(name)
    reading = read_buckets(PROJECT)
    assert {item["name"] for item in reading.items} >= {"acme-ml-prod-fakespot-data", "acme-ml-prod-side"}
    assert "IAM policies of acme-ml-prod-fakespot-data" in reading.narrowed
    found = audit([reading], ROOT / "boundary.yaml", None, lambda done, of: None)
    statuses = {verdict.id: verdict.status for verdict in found.report.verdicts}
    assert statuses["GCS-01"] in ("undecided", "open", "weakened")
    assert statuses["GCS-02"] == "undecided"
    uniform = [finding.subject for finding in found.report.findings if finding.channel == "GCS-03"]
    assert "acme-ml-prod-side" in uniform


def test_a_public_bucket_of_the_real_words_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ObjectStore() as running, GoogleApis(tmp_path) as apis:
        google = Storage(apis, running.url, NUMBER)
        for name, value in apis.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        client = storage.Client(project=PROJECT)
        bucket = client.create_bucket("acme-ml-prod-fakespot-data", location="EUROPE-WEST1")
        google.policies[bucket.name] = [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]
        reading = read_buckets(PROJECT)
    assert reading.narrowed == ""
    findings = audit([reading], ROOT / "boundary.yaml", None, lambda done, of: None).report.findings
    public = [finding for finding in findings if finding.channel == "GCS-01" and finding.status == "open"]
    assert [finding.subject for finding in public] == ["acme-ml-prod-fakespot-data"]


def test_grants_that_the_store_told_count_beside_an_export_without_them(tmp_path: Path) -> None:
    name = "acme-ml-prod-fakespot-data"
    exported = {"name": f"//storage.googleapis.com/{name}", "assetType": "storage.googleapis.com/Bucket",
                "resource": {"data": {"name": name, "iamConfiguration": {"publicAccessPrevention": "inherited"}}}}  # fmt: skip
    public = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
    readings = [
        Reading("resources", Input("export", ""), (exported,)), Reading("buckets", Input("store", ""), ({"name": name, "iamPolicy": public},)),
    ]  # fmt: skip
    found = audit(readings, ROOT / "boundary.yaml", None, lambda done, of: None)
    assert [live.type for live in found.seen.live].count("google_storage_bucket") == 1
    assert ("GCS-01", "open", name) in {
        (finding.channel, finding.status, finding.subject) for finding in found.report.findings
    }


def test_a_store_that_does_not_answer_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setattr("google.cloud.storage.retry.DEFAULT_RETRY._timeout", 1.0, raising=False)
    with pytest.raises(InputError) as error:
        read_buckets(PROJECT)
    assert len(error.value.messages) == 1
    assert error.value.messages[0].startswith("Cloud Storage: ")
