"""The example inside an organisation: what the stack `perimeter` adds, what it proves, and that each piece is needed."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.check import check_paths, today
from policies.facts.perimeter.services import DATA_BEARING, SUPPORTED
from policies.report.model import Report
from stacks.perimeter.policies import constraints
from tests.stacks.trees import resources, stacks, synthesized

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
Tree = dict[str, Any]


def test_the_perimeter_holds_exactly_its_inventory(organization_tree: Path) -> None:
    found: dict[str, list[str]] = {}
    for type_, name, _ in resources(stacks(organization_tree)["perimeter"]):
        found.setdefault(type_, []).append(name)
    expected = yaml.safe_load((HERE / "inventory.yaml").read_text())
    assert {type_: sorted(names) for type_, names in found.items()} == expected


def foreign_bucket(tree: Tree) -> str:
    """Where the canary goes that only a perimeter closes; afterwards the tree no longer says it."""
    template = tree["guardrails"]["resource"]["kubernetes_cron_job_v1"]["canary"]["spec"]["job_template"]
    [settings] = [
        each for each in template["spec"]["template"]["spec"]["container"][0]["env"] if "value" in each
    ]
    values = json.loads(settings["value"])
    bucket = str(values.pop("foreign_bucket"))
    settings["value"] = json.dumps(values)
    return bucket


def test_the_other_stacks_change_by_two_apis_and_a_try_of_the_canary_only(
    organization: Path, organization_tree: Path, tmp_path: Path
) -> None:
    declared = yaml.safe_load((organization / "boundary.yaml").read_text())
    alone = {**declared, "organization": "none", "people": [], "assurance": "mediated"}
    before = stacks(variant(organization, alone, tmp_path)[0])
    after = stacks(organization_tree)
    assert set(after) - set(before) == {"perimeter"}
    services = after["foundation"]["resource"]["google_project_service"]
    added = set(services) - set(before["foundation"]["resource"]["google_project_service"])
    assert added == {"api_accesscontextmanager", "api_orgpolicy"}
    for name in added:
        del services[name]
    assert (foreign_bucket(before), foreign_bucket(after)) == ("", "gcp-public-data-landsat")
    assert {name: after[name] for name in before} == before


def variant(organization: Path, declared: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """The company with another boundary: what it synthesizes, and its boundary."""
    home = folder / "company"
    shutil.copytree(organization, home)
    (home / "boundary.yaml").write_text(yaml.safe_dump(declared))
    return synthesized(home, folder / "out" / "cdktf.out"), home / "boundary.yaml"


def test_the_serial_console_is_restricted_by_its_own_name(organization_tree: Path) -> None:
    """A name that Google does not know would make it refuse the whole perimeter."""
    perimeter = json.dumps(stacks(organization_tree)["perimeter"]["resource"])
    assert '"ssh-serialport.googleapis.com"' in perimeter
    assert '"ssh.googleapis.com"' not in perimeter
    assert "ssh-serialport.googleapis.com" in DATA_BEARING
    assert "ssh.googleapis.com" not in SUPPORTED


def test_the_deployer_reaches_all_that_the_stacks_are_made_of(organization_tree: Path) -> None:
    """From outside too: Service Usage enables the APIs, Resource Manager holds the project's grants."""
    rules = perimeter(stacks(organization_tree)["perimeter"])["status"]["ingress_policies"]
    (deploy,) = (rule for rule in rules if rule["title"].endswith(": deploy"))
    reached = {operation["service_name"] for operation in deploy["ingress_to"]["operations"]}
    assert {
        f"{name}.googleapis.com" for name in ("serviceusage", "cloudresourcemanager", "storage", "iam")
    } <= reached


def test_no_constraint_is_both_set_and_left_alone(organization_tree: Path) -> None:
    given, left = constraints("set"), constraints("left")
    assert not given.keys() & left.keys()
    assert all(said["why"].endswith(".") for said in given.values()) and all(left.values())
    for _, name, arguments in resources(stacks(organization_tree)["perimeter"]):
        if name == "gcp_resourceLocations":
            assert arguments["spec"]["rules"][0]["values"]["allowed_values"] == ["in:europe-west1-locations"]


def test_it_is_deployed_last(organization_tree: Path) -> None:
    needs = json.loads((organization_tree / "manifest.json").read_text())["stacks"]["perimeter"][
        "dependencies"
    ]
    assert set(needs) >= {"guardrails", "team-fakespot", "team-translations"}


def test_it_holds_with_the_best_grade(organization: Path, organization_tree: Path) -> None:
    report = check_paths([organization_tree], organization / "boundary.yaml")
    assert (report.assurance, report.grade.letter, report.findings) == ("perimeter", "A", ())


def test_a_dry_run_closes_nothing(organization: Path, tmp_path: Path) -> None:
    declared = yaml.safe_load((organization / "boundary.yaml").read_text())
    declared["organization"]["dry_run"] = True
    tree, boundary = variant(organization, declared, tmp_path)
    report = check_paths([tree], boundary)
    assert {"API-01", "API-02", "API-03", "API-05"} <= {finding.channel for finding in report.findings}
    assert report.grade.letter == "F"


def test_a_dry_run_that_security_signed_for_is_deployed(organization: Path, tmp_path: Path) -> None:
    """As docs/organization.md says: at `mediated`, with an exception that expires."""
    declared = yaml.safe_load((organization / "boundary.yaml").read_text())
    declared["organization"]["dry_run"] = True
    declared["assurance"] = "mediated"
    # Only a perimeter holds a service account's token in; until it stands, people of a group deploy.
    declared["trusted"]["principals"] = declared["trusted"]["principals"][:1]
    declared["people"] = declared["people"][:2]
    soon = (today() + timedelta(days=20)).isoformat()
    signed = {
        "finding": "API-05",
        "subject": "acme_ml_prod",
        "why": "first",
        "owner": "security@acme.example",
    }
    declared["exceptions"] = [{**signed, "expires": soon}]
    tree, boundary = variant(organization, declared, tmp_path)
    assert check_paths([tree], boundary).findings == ()


def perimeter(tree: Tree) -> Tree:
    (found,) = tree["resource"]["google_access_context_manager_service_perimeter"].values()
    return found


def ingress(tree: Tree) -> Tree:
    return perimeter(tree)["status"]["ingress_policies"][0]


def policy(tree: Tree, name: str) -> Tree:
    return tree["resource"]["google_org_policy_policy"][name]["spec"]


def deny(tree: Tree) -> Tree:
    return tree["resource"]["google_iam_deny_policy"]["administration"]["rules"][0]["deny_rule"]


def boundary_policy(tree: Tree) -> Tree:
    return tree["resource"]["google_iam_principal_access_boundary_policy"]["boundary"]["details"]


# What somebody may take out of the stack or widen in it, and the channels that say so.
CHANGES: dict[str, tuple[Callable[[Tree], Any], set[str]]] = {
    "storage is not restricted": (
        lambda tree: perimeter(tree)["status"]["restricted_services"].remove("storage.googleapis.com"),
        {"API-07"},
    ),
    "every service may be called inside": (
        lambda tree: perimeter(tree)["status"].pop("vpc_accessible_services"),
        {"API-01"},
    ),
    "the project is not in it": (
        lambda tree: perimeter(tree)["status"].update(resources=["projects/999999999999"]),
        {"API-06"},
    ),
    "anybody comes in": (
        lambda tree: ingress(tree)["ingress_from"].update(identities=[], identity_type="ANY_IDENTITY"),
        {"API-08"},
    ),
    "a stranger comes in": (
        lambda tree: ingress(tree)["ingress_from"]["identities"].append("user:eve@elsewhere.example"),
        {"API-08"},
    ),
    "from anywhere": (
        lambda tree: ingress(tree)["ingress_from"].update(sources=[{"access_level": "*"}]),
        {"API-08"},
    ),
    "data goes out": (
        lambda tree: perimeter(tree)["status"].update(
            egress_policies=[
                {
                    "egress_from": {"identity_type": "ANY_IDENTITY"},
                    "egress_to": {
                        "resources": ["*"],
                        "operations": [{"service_name": "storage.googleapis.com"}],
                    },
                }
            ]
        ),
        {"API-08"},
    ),
    "a bridge": (
        lambda tree: perimeter(tree).update(perimeter_type="PERIMETER_TYPE_BRIDGE"),
        {"API-06"},
    ),
    "an organisation policy enforces nothing": (
        lambda tree: policy(tree, "storage_publicAccessPrevention").update(rules=[{"enforce": "FALSE"}]),
        {"PRJ-03"},
    ),
    "an organisation policy is only tried": (
        lambda tree: tree["resource"]["google_org_policy_policy"]["compute_vmExternalIpAccess"].update(
            dry_run_spec=tree["resource"]["google_org_policy_policy"]["compute_vmExternalIpAccess"].pop(
                "spec"
            )
        ),
        {"PRJ-03"},
    ),
    "the deny excepts a team": (
        lambda tree: deny(tree)["exception_principals"].append(
            "principalSet://goog/group/fakespot-ml@acme.example"
        ),
        {"IAM-12"},
    ),
    "the deny excepts a permission": (
        lambda tree: deny(tree).update(
            exception_permissions=["iam.googleapis.com/serviceAccountKeys.create"]
        ),
        {"IAM-12"},
    ),
    "the boundary of principals is bound to nobody": (
        lambda tree: tree["resource"].pop("google_iam_projects_policy_binding"),
        {"IAM-13"},
    ),
    "the boundary of principals is wider": (
        lambda tree: boundary_policy(tree)["rules"][0]["resources"].append(
            "//cloudresourcemanager.googleapis.com/organizations/123456789012"
        ),
        {"IAM-13"},
    ),
}


@pytest.fixture(scope="module")
def judged(
    organization: Path, organization_tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Tree], Report]:
    """The report over the company with another `perimeter` stack."""
    home = tmp_path_factory.mktemp("changed")
    shutil.copytree(organization, home, dirs_exist_ok=True)
    shutil.copytree(organization_tree, home / "cdktf.out")

    def judge(tree: Tree) -> Report:
        (home / "cdktf.out" / "stacks" / "perimeter" / "cdk.tf.json").write_text(json.dumps(tree))
        return check_paths([home / "cdktf.out"], home / "boundary.yaml")

    return judge


@pytest.mark.parametrize("name", CHANGES)
def test_each_piece_is_needed(name: str, organization_tree: Path, judged: Callable[[Tree], Report]) -> None:
    change, expected = CHANGES[name]
    tree = copy.deepcopy(stacks(organization_tree)["perimeter"])
    change(tree)
    found = {finding.channel for finding in judged(tree).findings}
    assert expected <= found, found
