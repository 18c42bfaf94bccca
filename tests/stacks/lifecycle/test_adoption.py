"""With Google's own provider, where terraform finds it: what a destroy leaves, the next deploy adopts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stacks.lifecycle.cloud import Cloud
from tests.stacks.lifecycle.conftest import STATE

RING = "projects/acme-ml-prod/locations/europe-west1/keyRings/ml"
DATA = "acme-ml-prod-fakespot-data"
PROVIDER = {
    "terraform": {"required_providers": {"google": {"source": "google", "version": "6.50.0"}}},
    "provider": {"google": [{"project": "acme-ml-prod", "region": "europe-west1"}]},
}
LOG = {"project": "acme-ml-prod", "location": "europe-west1", "retention_days": 400}
KEPT = {"lifecycle": {"prevent_destroy": True}}


def foundation() -> dict[str, Any]:
    """As `stacks/foundation` writes them: a ring, a key in it, and two log buckets of which one is locked."""
    ring = {"project": "acme-ml-prod", "location": "europe-west1", "name": "ml"}
    key = {"name": "storage", "key_ring": "${google_kms_key_ring.keys.id}", "purpose": "ENCRYPT_DECRYPT"}
    return {
        "resource": {
            "google_kms_key_ring": {"keys": ring | KEPT},
            "google_kms_crypto_key": {"key_storage": key | KEPT},
            "google_logging_project_bucket_config": {
                "locked": LOG | KEPT | {"bucket_id": "audit", "locked": True},
                "open": LOG | {"bucket_id": "team-fakespot"},
            },
        }
    }


def team(**arguments: Any) -> dict[str, Any]:
    bucket = {"name": DATA, "project": "acme-ml-prod", "location": "EUROPE-WEST1", "force_destroy": False}
    return {"resource": {"google_storage_bucket": {"bucket_data": bucket | arguments}}}


def write(company: Any, name: str, after: list[str], content: dict[str, Any]) -> None:
    company.write(name, after, content)
    file = company.home / "cdktf.out/stacks" / name / "cdk.tf.json"
    tree = json.loads(file.read_text())
    tree["terraform"] |= PROVIDER["terraform"]
    file.write_text(json.dumps(tree | {"provider": PROVIDER["provider"]}))


@pytest.fixture
def cloud(company: Any) -> Cloud:
    cloud = Cloud(company.apis)
    write(company, "foundation", [], foundation())
    write(company, "team-fakespot", ["foundation"], team())
    company.first_deploy()
    return cloud


@pytest.mark.slow
def test_what_cannot_be_made_again_is_kept_and_adopted(company: Any, cloud: Cloud) -> None:
    kept = {RING, f"{RING}/cryptoKeys/storage", "projects/acme-ml-prod/locations/europe-west1/buckets/audit"}
    done = company.destroy()
    assert done.returncode == 0, done.stderr + done.stdout
    assert cloud.things.keys() == kept
    assert cloud.deleted == ["projects/acme-ml-prod/locations/europe-west1/buckets/team-fakespot"]
    done = company.deploy()
    assert done.returncode == 0, done.stderr + done.stdout
    assert (
        f"adopts google_kms_crypto_key.key_storage: {RING}/cryptoKeys/storage exists already" in done.stdout
    )
    # The log bucket that was left is taken over as it is: making it a second time would have been refused.
    assert "2 imported, 2 added" in done.stdout
    assert company.deploy().stdout.count("No changes.") == 2


@pytest.mark.slow
def test_a_bucket_with_data_stays_until_its_team_is_retired(company: Any, cloud: Cloud) -> None:
    """The provider deletes no bucket that holds anything, but for `force_destroy`."""
    company.storage.put(DATA, "reviews/1.txt", b"a review")

    done = company.destroy("team-fakespot")
    assert done.returncode == 1, done.stdout
    assert f"team-fakespot is not gone: buckets that hold data stay ({DATA})." in done.stderr
    assert company.storage.objects(DATA) == ["reviews/1.txt"]

    done = company.destroy("team-fakespot", "--keep-data")
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"before team-fakespot is deployed again, its file has to say adopt: [{DATA}]" in done.stdout
    assert (company.state("team-fakespot"), company.storage.objects(DATA)) == ([], ["reviews/1.txt"])

    # Adopted again, and then retired: the file's day has come.
    adopted = {"import": [{"to": "google_storage_bucket.bucket_data", "id": f"acme-ml-prod/{DATA}"}]}
    write(company, "team-fakespot", ["foundation"], team(force_destroy=True) | adopted)
    assert company.deploy().returncode == 0
    done = company.destroy("team-fakespot")
    assert done.returncode == 0, done.stderr + done.stdout
    assert company.storage.buckets() == [STATE]
