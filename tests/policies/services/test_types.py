"""Every type of the provider is modelled, harmless for a reason, or undecided; and the table tells the truth."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from policies.channels.registry import FAMILIES
from policies.facts import schema
from policies.facts.kubernetes.objects import kinds
from policies.facts.types import entries, entry
from tests.policies.network.worlds import world_of

POLICIES = Path(__file__).parents[3] / "policies"
ROWS = entries()
# Attributes that may send, name who reads, or run something. What a harmless type has of them is told below.
REACHING = re.compile(
    r"(?:^|[._])(?:bucket|topic|topic_name|dataset|uri|url|endpoint|destination|webhook|email|emails|members?|grantees|"
    r"principals?|host|hostname|script|image)$"
)
TOLD = {
    "attributes.business_owners.email": "a label for people",
    "attributes.developer_owners.email": "a label for people",
    "attributes.operator_owners.email": "a label for people",
    "contact_email": "where Google asks back about a quota",
    "google_storage_folder.bucket": "the bucket it is part of, which GCS-10 judges",
    "hostname": "which certificate answers for which name",
    "google_project_iam_member_remove.member": "who loses a grant",
    "host": "what a probe of an own backend calls itself",
    "source.app_engine_version.uri": "what a test pretends to be",
    "source.cloud_function.uri": "what a test pretends to be",
    "source.cloud_run_revision.uri": "what a test pretends to be",
}


def provider_types() -> set[str]:
    documented = (POLICIES / "data" / "resource-types.tsv").read_text().splitlines()[1:]
    table = gzip.decompress((POLICIES / "data" / "provider-schema.tsv.gz").read_bytes()).decode().splitlines()
    return {line.split("\t")[0] for line in [*documented, *table]}


def is_kubernetes_object(type_: str) -> bool:
    """Whether the facts of the cluster read a type as an object of the API."""
    return type_.startswith("kubernetes_") and bool(
        kinds(world_of({type_: {"x": {"metadata": {"name": "x"}}}}))
    )


def test_every_type_has_one_row() -> None:
    listed = Counter(row.type for row in ROWS)
    assert [type_ for type_, count in listed.items() if count > 1] == []
    assert provider_types() - set(listed) == set()
    assert [row.type for row in ROWS] == sorted(listed)
    assert all(row.text for row in ROWS)
    assert entry("google_pubsub_topic") == next(row for row in ROWS if row.type == "google_pubsub_topic")
    assert entry("google_pubsub") is None


def test_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how many types the proof judges."""
    counts = Counter(row.kind for row in ROWS)
    with capsys.disabled():
        print(
            f"\ntypes: {counts['modelled']} modelled, {counts['harmless']} harmless, {counts['undecided']} undecided"
        )
    assert counts["modelled"] > 900


def test_a_modelled_type_is_named_by_the_code_that_judges_it() -> None:
    """By its name, by the ending all IAM types share, or as a Kubernetes object of the API's own kinds."""
    source = "\n".join(
        path.read_text()
        for folder in ("channels", "facts", "expressions")
        for path in (POLICIES / folder).rglob("*.py")
    )
    named = set(re.findall(r"\b(?:google|kubernetes|terraform)_[a-z0-9_]+", source))
    missing = [
        row.type for row in ROWS
        if row.kind == "modelled"
        and row.type.removeprefix("data.") not in named
        and not re.search(r"_iam_(?:member|binding|policy)$", row.type)
        and not is_kubernetes_object(row.type)
    ]  # fmt: skip
    assert missing == []


def test_families_exist() -> None:
    families = {family.upper() for family in FAMILIES}
    assert {row.text for row in ROWS if row.kind == "modelled"} <= families


def test_a_harmless_type_has_no_way_out() -> None:
    """No argument of a harmless type names a destination, an address or a member, but for those told above."""
    found = [
        f"{row.type}.{path}" for row in ROWS
        if row.kind == "harmless" and not row.type.startswith("data.")
        for path, (kind, flags) in schema.attributes(row.type).items()
        if flags != "c" and not kind.startswith("block:") and REACHING.search(path) and not {path, f"{row.type}.{path}"} & TOLD.keys()
    ]  # fmt: skip
    assert found == []
