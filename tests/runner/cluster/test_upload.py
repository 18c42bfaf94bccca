"""Archives go up under their digest, with the rights that people have: create, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner.client.cluster.upload import NotUploaded, upload
from runner.client.packages import digest

from ..support import BUCKETS, StoreClient
from . import store as rights

ARCHIVE = b"an archive"


@pytest.fixture
def people(store: StoreClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreClient]:
    """The store as people meet it."""
    proxy = rights.with_rights(store.url.removeprefix("http://"), store.url)
    with rights.serving(proxy, "127.0.0.1") as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{address}")
        yield store


def test_the_first_upload_sends_it_and_the_second_finds_it(people: StoreClient) -> None:
    name = f"code/{digest(ARCHIVE)[7:]}.tar.gz"
    people.delete(BUCKETS["code"], name)
    assert upload(BUCKETS["code"], "acme-ml-prod", "code", ARCHIVE) == (digest(ARCHIVE), True)
    assert people.get(BUCKETS["code"], name) == ARCHIVE
    assert upload(BUCKETS["code"], "acme-ml-prod", "code", ARCHIVE) == (digest(ARCHIVE), False)  # 403


def test_a_precondition_that_fails_means_the_same(
    store: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
    store.put(BUCKETS["code"], f"code/{digest(b'there')[7:]}.tar.gz", b"there")
    assert upload(BUCKETS["code"], "acme-ml-prod", "code", b"there") == (digest(b"there"), False)  # 412


def test_a_large_archive_goes_up_in_a_resumable_way(people: StoreClient) -> None:
    large = bytes(range(256)) * (12 << 12)  # 12 MiB: beyond what one request carries
    identity, sent = upload(BUCKETS["code"], "acme-ml-prod", "environments", large)
    assert sent and people.get(BUCKETS["code"], f"environments/{identity[7:]}.tar.gz") == large


def test_who_may_not_create_is_told_so(people: StoreClient) -> None:
    with pytest.raises(NotUploaded, match="are you of the team's members"):
        upload(BUCKETS["data"], "acme-ml-prod", "code", ARCHIVE)


def test_a_bucket_that_is_not_there(store: StoreClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
    with pytest.raises(NotUploaded, match="gs://acme-nobody-code/code/"):
        upload("acme-nobody-code", "acme-ml-prod", "code", ARCHIVE)


@pytest.mark.parametrize(
    ("account", "method", "kind", "may"),
    [
        (False, "POST", "code", True), (False, "GET", "code", False), (False, "GET", "data", False),
        (False, "POST", "data", False), (False, "GET", "results", False), (False, "DELETE", "code", False),
        (True, "GET", "code", True), (True, "POST", "code", False), (True, "GET", "data", True),
        (True, "POST", "data", False), (True, "GET", "artifacts", True), (True, "DELETE", "artifacts", True),
        (True, "POST", "results", True), (True, "GET", "results", False),
    ],
)  # fmt: skip
def test_the_fixtures_rights_are_those_of_the_stacks(
    account: bool, method: str, kind: str, may: bool
) -> None:
    assert rights.allowed(account, method, kind) is may
