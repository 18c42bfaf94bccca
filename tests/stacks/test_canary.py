"""The canary stands where a team would, and is a workload like any other to the proof."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import names
from policies.check import check_paths
from tests.stacks.trees import ROOT, stacks

pytestmark = pytest.mark.engine
Resources = dict[str, Any]


def cron_jobs(tree: Path) -> dict[str, Any]:
    return dict(stacks(tree)["guardrails"]["resource"]["kubernetes_cron_job_v1"])


def pod(job: dict[str, Any]) -> dict[str, Any]:
    return dict(job["spec"]["job_template"]["spec"]["template"]["spec"])


def test_its_network_policies_are_a_teams_and_a_way_to_the_api_server(example_tree: Path) -> None:
    tree = stacks(example_tree)

    def policies(stack: str) -> dict[str, Any]:
        return {name: each["spec"] for name, each in tree[stack]["resource"]["kubernetes_network_policy_v1"].items()}  # fmt: skip

    ours, teams = policies("guardrails"), policies("team-fakespot")
    assert {name: ours[name] for name in ("deny_all", "allow_google")} == {
        name: teams[name] for name in ("deny_all", "allow_google")
    }
    [egress] = ours["canary_to_api_server"]["egress"]
    assert egress == ours["platform_network"]["egress"][0]  # the watch's
    manifests = tree["guardrails"]["resource"]["kubernetes_manifest"]
    denies = [manifests[name]["manifest"]["spec"] for name in ("deny_outside", "deny_outside_canary")]
    assert denies[0]["egressDeny"] == denies[1]["egressDeny"]


def test_its_pods_are_the_watchs_but_for_their_name_and_settings(example_tree: Path) -> None:
    jobs = cron_jobs(example_tree)
    canary, watch = pod(jobs["canary"]), pod(jobs["watch"])
    [ours], [theirs] = canary.pop("container"), watch.pop("container")
    assert ours.pop("command") == [*theirs.pop("command")[:-1], "runner.canary"]
    assert {ours.pop("name"), theirs.pop("name")} == {"canary", "watch"}
    assert ours.pop("env") and ours == theirs
    assert canary == watch | {"service_account_name": canary["service_account_name"]}


def test_no_grant_names_it_but_its_own(example_tree: Path) -> None:
    """Outside its own objects its accounts are named once: where it may list the teams."""
    email = names.service_account_email("acme-ml-prod", names.CANARY)
    for name, stack in stacks(example_tree).items():
        text = json.dumps(stack["resource"])
        expected = 1 if name == "guardrails" else 0  # in its settings
        assert text.count(email) == expected, name
        assert text.count("google_service_account.canary_identity") == (2 if expected else 0), name


def _no_policies(resources: Resources) -> None:
    for name in ("deny_all", "allow_google", "canary_to_api_server"):
        del resources["kubernetes_network_policy_v1"][name]


def _host_network(resources: Resources) -> None:
    job = resources["kubernetes_cron_job_v1"]["canary"]
    job["spec"]["job_template"]["spec"]["template"]["spec"]["host_network"] = True


def _reads_data(resources: Resources) -> None:
    resources["google_storage_bucket_iam_member"] = {
        "hole": {
            "bucket": "acme-ml-prod-fakespot-data",
            "role": "roles/storage.objectViewer",
            "member": "${google_service_account.canary_identity.member}",
        }
    }


def _starts_pods(resources: Resources) -> None:
    rule = {"api_groups": [""], "resources": ["pods"], "verbs": ["create"]}
    resources["kubernetes_cluster_role_v1"]["hole"] = {"metadata": {"name": "hole"}, "rule": [rule]}
    account = {"kind": "ServiceAccount", "name": names.CANARY, "namespace": names.CANARY_NAMESPACE}
    reference = {"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "hole"}
    resources["kubernetes_cluster_role_binding_v1"] = {
        "hole": {"metadata": {"name": "hole"}, "role_ref": reference, "subject": [account]}
    }


@pytest.mark.parametrize(
    ("change", "channel"),
    [(_no_policies, "K8S-07"), (_host_network, "K8S-08"), (_reads_data, "TEN-04"), (_starts_pods, "TEN-06")],
)
def test_the_proof_makes_no_exception_of_it(
    example_tree: Path, tmp_path: Path, change: Callable[[Resources], None], channel: str
) -> None:
    tree = tmp_path / "cdktf.out"
    shutil.copytree(example_tree, tree)
    file = tree / "stacks" / "guardrails" / "cdk.tf.json"
    content = json.loads(file.read_text())
    change(content["resource"])
    file.write_text(json.dumps(content))
    findings = check_paths([tree], ROOT / "boundary.yaml").findings
    assert channel in {finding.channel for finding in findings}
    assert any("canary" in finding.sentence for finding in findings)
