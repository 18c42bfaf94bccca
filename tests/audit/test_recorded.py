"""The proof over recorded answers: the example as deployed holds as the tree does, and what was not read closes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.gaps import needed
from audit.listing import parts
from audit.proof import audit
from audit.reading.files import read_files
from policies.channels.registry import all_channels
from policies.check import check_paths
from policies.facts.asked import Asked
from policies.report.model import Report
from policies.snapshot.model import InputError
from tests.audit.conftest import Answers
from tests.stacks.trees import ROOT

pytestmark = pytest.mark.engine


def statuses(report: Report) -> dict[str, str]:
    return {verdict.id: verdict.status for verdict in report.verdicts}


def test_the_example_as_deployed_holds(answers: Answers, example_tree: Path) -> None:
    """The same verdicts as the tree's, but for what a deployed project cannot show, which is said and never closed."""
    found = answers.audited(example_tree)
    assert [f"{finding.channel} {finding.sentence}" for finding in found.report.findings] == []
    planned, live = statuses(check_paths([example_tree], ROOT / "boundary.yaml")), statuses(found.report)
    differing = {
        channel: (planned[channel], live[channel]) for channel in planned if planned[channel] != live[channel]
    }
    assert set(differing.values()) == {("closed", "residual")}
    assert {channel for channel in differing if not channel.startswith("TF-")} == UNLISTED
    assert sum(status == "closed" for status in live.values()) > 120


# Channels about things that Cloud Asset Inventory does not list while their service is on.
UNLISTED = {
    "NET-11", "NET-16", "IAM-18", "GCS-05", "GCS-07", "GCS-08", "GCS-11", "SRV-05", "LOG-02", "CMP-02", "CMP-05", "REG-03", "REG-04",
}  # fmt: skip


def test_code_and_project_agree(answers: Answers, example_tree: Path) -> None:
    drift = answers.audited(example_tree).drift
    assert drift is not None
    assert (drift.foreign, drift.missing) == ((), ())
    assert drift.compared > 200


def test_without_the_tree_owners_are_found_all_the_same(answers: Answers) -> None:
    """By labels, namespaces and grants, as for any configuration, and a team's log bucket by its name."""
    found = answers.audited()
    assert found.drift is None
    assert found.report.findings == ()


def test_what_is_foreign_or_missing_is_named(answers: Answers, example_tree: Path) -> None:
    company = answers.company
    company.add(
        "pubsub.googleapis.com/Topic",
        "projects/acme-ml-prod/topics/side",
        {"name": "projects/acme-ml-prod/topics/side"},
    )
    company.remove("/sinks/team-fakespot")
    company.policies["//storage.googleapis.com/acme-ml-prod-fakespot-code"]["bindings"].pop()
    assert answers.objects is not None
    answers.objects[:] = [
        item
        for item in answers.objects
        if item["metadata"]["name"] != "members" or item["kind"] != "RoleBinding"
    ]
    drift = answers.audited(example_tree).drift
    assert drift is not None
    assert [name for _, name in drift.foreign] == [
        "//pubsub.googleapis.com/projects/acme-ml-prod/topics/side"
    ]
    missing = {address for address, _ in drift.missing}
    assert "team-fakespot/google_logging_project_sink.log_sink" in missing
    assert any(
        address.startswith("team-fakespot/google_storage_bucket_iam_binding.bucket_code")
        for address in missing
    )
    assert any("kubernetes_role_binding" in address for address in missing)


def test_no_cluster_read_leaves_its_channels_undecided(answers: Answers, example_tree: Path) -> None:
    answers.objects = None
    found = answers.audited(example_tree)
    live = statuses(found.report)
    assert {status for channel, status in live.items() if channel.startswith("K8S")} == {"undecided"}
    assert live["NET-06"] == "closed"
    assert "give --context" in next(f.fix for f in found.report.findings if f.channel == "K8S-07")


@pytest.mark.parametrize(
    ("content", "hanging", "other"),
    [
        ("iam_policy", {"IAM-01", "GCS-01", "GCS-02", "LOG-07"}, "NET-06"),
        ("resource", {"NET-01", "NET-06", "DNS-01", "K8S-01"}, "COV-02"),
    ],
)
def test_a_content_type_that_was_not_exported_closes_nothing(
    answers: Answers, example_tree: Path, content: str, hanging: set[str], other: str
) -> None:
    files = [path for path in answers.files() if not path.name.startswith(content)]

    found = audit(read_files(files, whole=False), ROOT / "boundary.yaml", example_tree, lambda done, of: None)
    live = statuses(found.report)
    assert {channel: live[channel] for channel in hanging if live[channel] not in ("undecided", "open")} == {}
    assert live[other] in ("closed", "residual")


def test_a_narrowed_export_closes_nothing(answers: Answers, example_tree: Path) -> None:
    """An export of some asset types shows no router; that there is none cannot be told from it."""
    answers.operations["RESOURCE"] = ["storage.googleapis.com/Bucket"]
    found = answers.audited(example_tree)
    assert statuses(found.report)["NET-06"] == "undecided"
    assert any("storage.googleapis.com/Bucket only" in finding.sentence for finding in found.report.findings)


def test_an_export_without_its_operation_proves_nothing_unless_the_caller_says_so(
    answers: Answers, example_tree: Path
) -> None:

    files = [path for path in answers.files() if "operation" not in path.name]
    report = audit(
        read_files(files, whole=False), ROOT / "boundary.yaml", example_tree, lambda done, of: None
    ).report
    assert statuses(report)["NET-06"] == "undecided"
    report = audit(
        read_files(files, whole=True), ROOT / "boundary.yaml", example_tree, lambda done, of: None
    ).report
    assert not report.failing


def test_every_channel_is_undecided_or_residual_when_nothing_of_it_was_read(answers: Answers) -> None:
    """With an empty answer for the cluster alone, no channel that asks for a Google resource is closed."""
    answers.company.resources.clear()
    answers.company.policies.clear()
    answers.company.org.clear()
    path = answers.folder / "empty.json"
    path.write_text(json.dumps({"cloister audit": 1, "answers": [answers._answer("cluster", "ml", [])]}))

    report = audit(
        read_files([path], whole=False), ROOT / "boundary.yaml", None, lambda done, of: None
    ).report
    # Without an organisation there is no perimeter to weaken; objects read over the API are what the buckets' grants say.
    assert {verdict.id for verdict in report.verdicts if verdict.status == "closed"} <= {"API-09", "GCS-10"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[1]\n", "an object is needed"),
        ('{"kind": "compute#router"}\n', "no asset"),
        ('{"name": "//x/y", "assetType": "compute.googleapis.com/Router"}\n', "assets without content"),
        ('{"cloister audit": 2, "answers": []}', "another version"),
        ('{"cloister audit": 1, "answers": [{}]}', "not a whole recording"),
        ('{"done": false, "metadata": {"@type": "x/google.cloud.asset.v1.ExportAssetsRequest"}}', "not done"),
    ],
)
def test_a_file_that_is_no_answer_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_files([path], whole=False)
    assert len(error.value.messages) == 1
    assert said in error.value.messages[0]
    assert str(path) in error.value.messages[0]


def test_two_things_of_one_name_are_both_judged(answers: Answers) -> None:
    """Names are unique in their place only: of two machines in two zones, neither stands for the other."""
    compute = "https://www.googleapis.com/compute/v1/projects/acme-ml-prod"
    for zone, outside in (
        ("europe-west1-b", []),
        ("europe-west1-c", [{"type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.7"}]),
    ):
        nic = {
            "network": f"{compute}/global/networks/ml",
            "subnetwork": f"{compute}/regions/europe-west1/subnetworks/ml-nodes",
            "accessConfigs": outside,
        }
        data = {"name": "twin", "machineType": "x/e2-small", "networkInterfaces": [nic]}
        answers.company.add(
            "compute.googleapis.com/Instance", f"projects/acme-ml-prod/zones/{zone}/instances/twin", data
        )
    findings = answers.audited().report.findings
    assert "twin" in {finding.subject for finding in findings if finding.channel == "NET-01"}


def test_of_an_organisations_export_only_the_projects_own_is_judged(answers: Answers) -> None:
    """Other projects' routers are theirs; a policy above all of them is not."""
    company = answers.company
    data = {
        "name": "theirs",
        "network": "https://www.googleapis.com/compute/v1/projects/other/global/networks/n",
        "nats": [{"name": "theirs"}],
    }
    company.add("compute.googleapis.com/Router", "projects/other/regions/europe-west1/routers/theirs", data)
    company.resources[-1]["ancestors"] = ["projects/999", "organizations/1"]
    company.add(
        "storage.googleapis.com/Bucket", "their-bucket", {"name": "their-bucket", "iamConfiguration": {}}
    )
    company.resources[-1]["ancestors"] = ["projects/999", "organizations/1"]
    answers.company.grant(
        "their-bucket", "storage.googleapis.com/Bucket", "roles/storage.objectViewer", "allUsers"
    )
    iam = company.iam
    company.iam = lambda: [
        item | ({"ancestors": ["projects/999"]} if "their-bucket" in item["name"] else {}) for item in iam()
    ]  # type: ignore[method-assign]
    assert answers.audited().report.findings == ()


def test_no_channel_depends_on_more_than_it_is_known_to(answers: Answers) -> None:
    """Judged with an empty memory, a channel asks for nothing of a part that it does not count as needed in the whole."""
    world = Asked(answers.audited().world)
    shared: dict[str, set[str]] = {}
    for identifier, channel in all_channels().items():
        world.begin()
        list(channel(world))
        shared[identifier] = set(needed(identifier, world.asked))
    for identifier, channel in all_channels().items():
        alone = Asked(world)
        alone.begin()
        list(channel(alone))
        if not identifier.startswith("TF-"):
            assert {part for type_ in alone.asked for part in parts(type_)} <= shared[identifier], identifier


def test_another_projects_export_is_refused(answers: Answers) -> None:
    for item in answers.company.resources:
        item["name"] = item["name"].replace("acme-ml-prod", "somebody-else").replace("111122223333", "999")
        item["ancestors"] = ["projects/999"]
    with pytest.raises(InputError, match=r"nothing of acme-ml-prod is in it"):
        answers.audited()


def test_an_operation_of_another_project_is_refused(answers: Answers) -> None:
    files = answers.files()
    operation = next(path for path in files if path.name == "resource.operation.json")
    operation.write_text(operation.read_text().replace("projects/acme-ml-prod", "projects/somebody-else"))
    with pytest.raises(
        InputError, match=r"asked of projects/somebody-else, while boundary\.yaml is of acme-ml-prod"
    ):
        audit(read_files(files, whole=False), ROOT / "boundary.yaml", None, lambda done, of: None)
