"""Where names lead, against names put together from parts whose owner is known beforehand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.expressions.values import Unknown
from policies.facts.destinations import KINDS, place
from policies.facts.regions import region_of, within
from policies.facts.urls import url_place
from tests.policies.network.worlds import NUMBER, PROJECT, world_of

FOREIGN = (
    "attacker-project",
    f"{PROJECT}-evil",
    f"x{PROJECT}",
    "999999999999",
    f"{NUMBER}0",
    "acme.data.prod",
)
WORLD = world_of(
    {
        "google_storage_bucket": {"b": {"name": "created", "location": "EU"}},
        "google_pubsub_topic": {"t": {"name": "created"}},
        "google_bigquery_dataset": {"d": {"dataset_id": "created", "location": "EU"}},
        "google_logging_project_bucket_config": {
            "l": {"project": PROJECT, "location": "europe-west1", "bucket_id": "created"}
        },
        "google_kms_key_ring": {"r": {"name": "ring", "location": "europe-west1"}},
        "google_kms_crypto_key": {"k": {"name": "created", "key_ring": "${google_kms_key_ring.r.id}"}},
        "google_compute_network": {"n": {"name": "created"}},
    }
)

# Every way a thing of a kind is written when it names its project.
FULL = {
    "topic": (
        "projects/{p}/topics/{n}", "//pubsub.googleapis.com/projects/{p}/topics/{n}",
        "pubsub.googleapis.com/projects/{p}/topics/{n}",
    ),
    "dataset": (
        "projects/{p}/datasets/{n}", "bigquery.googleapis.com/projects/{p}/datasets/{n}", "{p}:{n}", "{p}.{n}.t",
        "bq://{p}.{n}", "projects/{p}/datasets/{n}/tables/t", "{p}:{n}.t",
    ),
    "log bucket": (
        "projects/{p}/locations/europe-west1/buckets/{n}",
        "logging.googleapis.com/projects/{p}/locations/europe-west1/buckets/{n}",
    ),
    "key": (
        "projects/{p}/locations/europe-west1/keyRings/ring/cryptoKeys/{n}",
        "projects/{p}/locations/europe-west1/keyRings/ring/cryptoKeys/{n}/cryptoKeyVersions/3",
        "//cloudkms.googleapis.com/projects/{p}/locations/europe-west1/keyRings/ring/cryptoKeys/{n}",
    ),
    "network": (
        "projects/{p}/global/networks/{n}",
        "https://www.googleapis.com/compute/v1/projects/{p}/global/networks/{n}",
    ),
}  # fmt: skip
BUCKET = (
    "{n}", "gs://{n}", "gs://{n}/a/b.csv", "storage.googleapis.com/{n}", "https://storage.googleapis.com/{n}/a.zip",
    "https://www.googleapis.com/storage/v1/b/{n}", "projects/_/buckets/{n}", "//storage.googleapis.com/projects/_/buckets/{n}",
)  # fmt: skip
NAMES = st.from_regex(r"[a-z][a-z0-9_]{2,20}", fullmatch=True)


@given(st.sampled_from(sorted(FULL)), st.data())
def test_the_project_in_a_name_decides(kind: str, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(FULL[kind]))
    project = data.draw(st.sampled_from((PROJECT, NUMBER, *FOREIGN)))
    name = data.draw(st.just("created") | NAMES)
    found = place(WORLD, form.format(p=project, n=name), kind)
    if "." in project:  # in a dotted form it cannot be told from a dataset: never inside, whichever it is
        assert not found.inside
    elif project in FOREIGN:
        assert found.where == "foreign"
    elif name == "created":
        assert found.where == "created" and found.res is not None
    else:
        assert found.where == ("unseen" if KINDS[kind].unseen else "own")


@given(st.sampled_from(BUCKET), st.just("created") | NAMES)
def test_a_bucket_is_inside_only_when_it_is_created(form: str, name: str) -> None:
    found = place(WORLD, form.format(n=name), "bucket")
    assert found.inside == (name == "created")
    assert found.where in ("created", "foreign")


@given(
    st.sampled_from(("created-", "created.evil", "xcreated", "created_", "created/../evil")),
    st.sampled_from(BUCKET[:2]),
)
def test_look_alikes_of_a_bucket(name: str, form: str) -> None:
    found = place(WORLD, form.format(n=name), "bucket")
    assert found.inside == name.startswith("created/")


@pytest.mark.parametrize("value", ["created", "events"])
def test_a_short_name_is_read_in_the_project(value: str) -> None:
    assert place(WORLD, value, "topic").where == ("created" if value == "created" else "unseen")


def test_a_resource_in_another_project_is_foreign_however_it_is_named() -> None:
    world = world_of({"google_pubsub_topic": {"t": {"name": "out", "project": "attacker-project"}}})
    assert place(world, "out", "topic").where == "foreign"
    assert (
        place(world, Unknown("later", refs=("platform/google_pubsub_topic.t.id",)), "topic").where
        == "foreign"
    )


@pytest.mark.parametrize(
    ("value", "kind", "where"),
    [
        (Unknown("later", refs=("platform/google_pubsub_topic.t.id",)), "topic", "created"),
        (
            Unknown("later", "pubsub.googleapis.com/", ("platform/google_pubsub_topic.t.id",)),
            "topic",
            "created",
        ),
        (Unknown("later", refs=("platform/google_pubsub_topic.t.id",), exact=False), "topic", "unknown"),
        (Unknown("later", "prefix-", ("platform/google_storage_bucket.b.name",)), "bucket", "unknown"),
        (Unknown("later", refs=("platform/google_pubsub_topic.t.id",)), "dataset", "unknown"),
        (Unknown("later", "projects/attacker-project/topics/"), "topic", "foreign"),
        (Unknown("later", f"projects/{PROJECT}/topics/"), "topic", "unknown"),
        (Unknown("later", f"projects/{PROJECT}/locations/europe-west1/keyRings/"), "key", "own"),
        (Unknown("later", "projects/"), "topic", "unknown"),
        (Unknown("later"), "project", "unknown"),
    ],
)
def test_what_is_not_known_is_placed_by_identity_alone(value: Unknown, kind: str, where: str) -> None:
    assert place(WORLD, value, kind).where == where


def test_a_key_lies_where_its_ring_lies() -> None:
    world = world_of(
        {
            "google_kms_crypto_key": {
                "k": {"name": "k", "key_ring": "projects/attacker-project/locations/eu/keyRings/r"}
            }
        }
    )
    assert (
        place(world, Unknown("later", refs=("platform/google_kms_crypto_key.k.id",)), "key").where
        == "foreign"
    )


@pytest.mark.parametrize(
    ("image", "inside"),
    [
        (f"europe-west1-docker.pkg.dev/{PROJECT}/images/app@sha256:x", True),
        (f"eu.gcr.io/{PROJECT}/app", True),
        ("europe-west1-docker.pkg.dev/attacker-project/images/app", False),
        (f"europe-west1-docker.pkg.dev.attacker.example/{PROJECT}/app", False),
        (f"docker.io/{PROJECT}/app", False),
        ("busybox", False),
    ],
)
def test_images(image: str, inside: bool) -> None:
    assert place(WORLD, image, "registry").inside == inside


def later(suffix: str) -> Unknown:
    """The address of the service of ``SERVED`` with text after it."""
    refs = ("platform/google_cloud_run_v2_service.api.uri",)
    return Unknown("later", refs=refs, exact=False, suffix=suffix)


SERVED = world_of({"google_cloud_run_v2_service": {"api": {"name": "api", "location": "europe-west1"}}})


@pytest.mark.parametrize(
    ("url", "where"),
    [
        (f"https://api-{NUMBER}.europe-west1.run.app/x", "created"),
        (f"https://other-{NUMBER}.europe-west1.run.app", "unseen"),
        ("https://api-999999999999.europe-west1.run.app", "foreign"),
        ("https://api-abcdefghij-ew.a.run.app", "foreign"),
        (f"https://api-{NUMBER}.europe-west1.run.app.attacker.example", "foreign"),
        (f"https://{NUMBER}.attacker.example/api-{NUMBER}.europe-west1.run.app", "foreign"),
        (f"https://europe-west1-{PROJECT}.cloudfunctions.net/f", "own"),
        ("https://europe-west1-attacker-project.cloudfunctions.net/f", "foreign"),
        (f"https://run.googleapis.com/v2/projects/{PROJECT}/locations/europe-west1/jobs/j:run", "own"),
        (
            "https://run.googleapis.com/v2/projects/attacker-project/locations/europe-west1/jobs/j:run",
            "foreign",
        ),
        ("https://storage.googleapis.com/upload/storage/v1/b/attacker-bucket/o", "foreign"),
        ("https://oauth2.googleapis.com/token", "unknown"),
        (f"https://{PROJECT}@attacker.example/", "foreign"),
        ("http://10.1.2.3:8080/", "own"),
        ("http://api.team-a.svc.cluster.local/", "own"),
        ("collector.attacker.example", "foreign"),
        ("http://[::1]:80/", "own"),
        ("http://[bad", "foreign"),
        (Unknown("later", refs=("platform/google_cloud_run_v2_service.api.uri",)), "created"),
        (Unknown("later", refs=("platform/google_cloud_run_v2_service.api.uri",), exact=False), "unknown"),
        (later(suffix="/push"), "created"),
        (later(suffix=".evil.example"), "unknown"),
        (later(suffix=":x@evil.example"), "unknown"),
        (Unknown("later", refs=("platform/google_cloud_run_v2_service.api.etag",)), "unknown"),
        (
            Unknown(
                "later", "https://attacker.example/?to=", ("platform/google_cloud_run_v2_service.api.uri",)
            ),
            "foreign",
        ),
        (Unknown("later", "https://", ("platform/google_cloud_run_v2_service.api.name",)), "unknown"),
    ],
)
def test_urls(url: str | Unknown, where: str) -> None:
    assert url_place(SERVED, url).where == where


@given(
    st.sampled_from(("europe-west1", "EUROPE-WEST1", "us-central1", "eu", "EU", "eur4", "global")),
    st.sampled_from("abcd"),
)
def test_regions(region: str, zone: str) -> None:
    inside = region.lower() == "europe-west1"
    assert within(WORLD, region) is inside
    assert within(WORLD, f"projects/p/locations/{region}") is inside
    if "-" in region:
        assert within(WORLD, f"{region}-{zone}") is inside
        assert region_of(f"projects/p/zones/{region}-{zone}") == region.lower()
    assert within(WORLD, Unknown("later")) is None


@pytest.mark.parametrize(
    ("endpoint", "where"),
    [
        ("${google_cloud_run_v2_service.api.uri}", "created"),
        ("${google_cloud_run_v2_service.api.uri}/push?a=1", "created"),
        ("${google_cloud_run_v2_service.api.uri}.attacker.example/", "unknown"),
        ('${replace(google_cloud_run_v2_service.api.uri, "run.app", "attacker.example")}/push', "unknown"),
        ("https://attacker.example/${google_cloud_run_v2_service.api.uri}", "foreign"),
    ],
)
def test_urls_as_they_are_written(endpoint: str, where: str) -> None:
    pushing = {"name": "s", "topic": "t", "push_config": {"push_endpoint": endpoint}}
    world = world_of(
        {
            "google_cloud_run_v2_service": {"api": {"name": "api", "location": "europe-west1"}},
            "google_pubsub_subscription": {"s": pushing},
        }
    )
    found = world.of("google_pubsub_subscription")[0].get("push_config.push_endpoint")
    assert url_place(world, found).where == where
