"""The example inside an organisation, as deployed: the perimeter and the policies above it are read and judged alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policies.check import world_of
from policies.facts.world import World
from policies.report.model import Report
from tests.audit.conftest import Answers, Change
from tests.audit.deployed import Company, cluster

pytestmark = pytest.mark.engine
ORGANIZATION = "123456789012"


@pytest.fixture(scope="session")
def declared(organization: Path, organization_tree: Path) -> World:
    return world_of((organization_tree,), organization / "boundary.yaml")


@pytest.fixture
def answers(declared: World, tmp_path: Path) -> Answers:
    return Answers(Company(declared, ORGANIZATION), list(cluster(declared)), tmp_path)


def judged(answers: Answers, organization: Path, organization_tree: Path | None = None) -> Report:
    return answers.audited(organization_tree, organization / "boundary.yaml").report


def test_it_holds_and_nothing_is_foreign(
    answers: Answers, organization: Path, organization_tree: Path
) -> None:
    found = answers.audited(organization_tree, organization / "boundary.yaml")
    assert [finding.sentence for finding in found.report.findings] == []
    assert found.report.grade.letter == "A"
    assert found.drift is not None
    assert (found.drift.foreign, found.drift.missing) == ((), ())


def test_what_lies_above_the_project_is_said_where_it_was_not_read(
    answers: Answers, organization: Path
) -> None:
    """An export of the project shows no hierarchical firewall policy; the channel about those says so."""
    statuses = {verdict.id: verdict for verdict in judged(answers, organization).verdicts}
    assert statuses["NET-03"].status == "residual"
    assert "compute_firewall_policy" in statuses["NET-03"].residuals[0].text


def status(answers: Answers) -> dict[str, Any]:
    found: dict[str, Any] = answers.company.access[0]["service_perimeter"]
    return found


def dry_run(answers: Answers) -> None:
    whole = status(answers)
    whole["spec"] = whole.pop("status")
    whole["use_explicit_dry_run_spec"] = True


def wide(answers: Answers) -> None:
    status(answers)["status"][0]["egress_policies"] = [
        {
            "egress_from": {"identity_type": "ANY_IDENTITY"},
            "egress_to": {"resources": ["*"], "operations": [{"service_name": "*"}]},
        }
    ]


def narrowed(answers: Answers) -> None:
    restricted = status(answers)["status"][0]["restricted_services"]
    status(answers)["status"][0]["restricted_services"] = [
        name for name in restricted if name != "storage.googleapis.com"
    ]


def lifted(answers: Answers) -> None:
    rules = answers.company.asset("/policies/iam.disableServiceAccountKeyCreation")["spec"]["rules"]
    rules[0]["enforce"] = False


def allowed_above(answers: Answers) -> None:
    rule = {
        "priority": 10,
        "action": "allow",
        "direction": "EGRESS",
        "match": {"destIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "all"}]},
    }
    association = {
        "name": "org",
        "attachmentTarget": f"organizations/{ORGANIZATION}",
        "firewallPolicyId": "55",
        "shortName": "wide",
    }
    answers.company.add("compute.googleapis.com/FirewallPolicy", "locations/global/firewallPolicies/55", {
        "name": "55", "shortName": "wide", "parent": f"organizations/{ORGANIZATION}", "rules": [rule], "associations": [association],
    })  # fmt: skip


LEAKS: dict[str, tuple[Change, str]] = {
    "the perimeter only pretends": (dry_run, "API-05"),
    "anybody may leave the perimeter": (wide, "API-08"),
    "a service left out": (narrowed, "API-07"),
    "keys may be made again": (lifted, "PRJ-03"),
    "the organisation's firewall lets everything out": (allowed_above, "NET-03"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_change_above_is_found(answers: Answers, organization: Path, name: str) -> None:
    change, channel = LEAKS[name]
    change(answers)
    found = {finding.channel for finding in judged(answers, organization).findings}
    assert channel in found, found


def test_a_second_lock_that_is_gone_is_named(
    answers: Answers, organization: Path, organization_tree: Path
) -> None:
    """Without the denies nothing is open, for the grants hold on their own; that they are gone is said all the same."""
    answers.company.remove("denypolicies/cloister-administration")
    drift = answers.audited(organization_tree, organization / "boundary.yaml").drift
    assert drift is not None
    assert [address for address, _ in drift.missing] == ["perimeter/google_iam_deny_policy.administration"]


def test_no_perimeter_read_is_undecided(answers: Answers, organization: Path) -> None:
    answers.company.access.clear()
    statuses = {verdict.id: verdict.status for verdict in judged(answers, organization).verdicts}
    assert {statuses[channel] for channel in ("API-05", "API-06", "API-07", "API-08")} <= {
        "undecided",
        "open",
    }


def test_another_organisation_is_found(answers: Answers, organization: Path) -> None:
    for item in answers.company.resources:
        item["ancestors"] = ["projects/111122223333", "organizations/666"]
    mine = [finding for finding in judged(answers, organization).findings if finding.channel == "PRJ-01"]
    assert [finding.subject for finding in mine] == ["organizations/666"]


def test_an_organisation_that_the_boundary_denies_is_found(answers: Answers) -> None:
    """boundary.yaml of the example says that there is none; what one administers holds inside all the same."""
    found = answers.audited().report.findings
    assert f"organizations/{ORGANIZATION}" in {
        finding.subject for finding in found if finding.channel == "PRJ-01"
    }
