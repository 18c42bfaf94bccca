"""Principal access boundaries against the rule of Google's page on them: a principal that policies are bound to reaches
what any of their rules names, and anything where none is bound or the version in force leaves the permission out.

Source: cloud.google.com/iam/docs/principal-access-boundary-policies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from policies.check import check_paths

ROOT = "//cloudresourcemanager.googleapis.com/"
OURS = ("projects/acme-data-prod", "projects/111122223333")
RESOURCES = (*OURS, "projects/acme-data-prod-2", "folders/7", "organizations/9")
SETS = (*OURS, "projects/acme-data-prod-2", "projects/9", "organizations/9")
REFERENCE = Path(__file__).parents[2] / "data" / "reference"


@dataclass(frozen=True)
class Policy:
    resources: tuple[str, ...]
    version: str
    bound: tuple[tuple[str, bool], ...]  # (principal set, always)


POLICIES = st.builds(
    Policy,
    st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from(["1", "3", "4", "latest"]),
    st.lists(st.tuples(st.sampled_from(SETS), st.booleans()), max_size=2).map(tuple),
)


def reaches_elsewhere(policies: list[Policy]) -> bool:
    """Whether a principal of the project can use a data permission on a resource of another project."""
    holding = [
        policy
        for policy in policies
        if any(always and target in (*OURS, "organizations/9") for target, always in policy.bound)
        and policy.version in ("4", "latest")
    ]
    # A policy that holds at times only adds what it names while it holds.
    adding = [policy for policy in policies if policy.bound]
    return not holding or any(set(policy.resources) - set(OURS) for policy in adding)


def status(policies: list[Policy], folder: Path) -> str:
    tree = json.loads((REFERENCE / "cdk.tf.json").read_text())
    written: dict[str, dict[str, object]] = {}
    for number, policy in enumerate(policies):
        written.setdefault("google_iam_principal_access_boundary_policy", {})[f"p{number}"] = {
            "organization": "9",
            "location": "global",
            "principal_access_boundary_policy_id": f"p{number}",
            "details": {
                "rules": [{"effect": "ALLOW", "resources": [ROOT + name for name in policy.resources]}],
                "enforcement_version": policy.version,
            },
        }
        for index, (target, always) in enumerate(policy.bound):
            kind = target.partition("/")[0]
            type_ = f"google_iam_{kind}_policy_binding"
            written.setdefault(type_, {})[f"b{number}_{index}"] = {
                kind.removesuffix("s"): target.partition("/")[2],
                "location": "global",
                "policy_binding_id": f"b{number}-{index}",
                "policy_kind": "PRINCIPAL_ACCESS_BOUNDARY",
                "policy": f"organizations/9/locations/global/principalAccessBoundaryPolicies/p{number}",
                "target": {"principal_set": ROOT + target},
                **({} if always else {"condition": {"expression": "principal.subject == 'a@acme.example'"}}),
            }
    tree["resource"] |= written
    (folder / "cdk.tf.json").write_text(json.dumps(tree))
    report = check_paths((folder / "cdk.tf.json",), REFERENCE / "boundary.yaml")
    return next(verdict.status for verdict in report.verdicts if verdict.id == "IAM-13")


@given(st.lists(POLICIES, min_size=1, max_size=2))
def test_what_is_called_closed_reaches_no_other_project(
    tmp_path_factory: object, policies: list[Policy]
) -> None:
    found = status(policies, tmp_path_factory.mktemp("pab"))  # type: ignore[attr-defined]
    assert found in ("closed", "weakened")
    if reaches_elsewhere(policies):
        assert found == "weakened"


@given(POLICIES)
def test_one_policy_with_one_binding_is_closed_exactly_where_it_bounds(
    tmp_path_factory: object, policy: Policy
) -> None:
    if len(policy.bound) < 2:
        found = status([policy], tmp_path_factory.mktemp("pab"))  # type: ignore[attr-defined]
        assert found == ("weakened" if reaches_elsewhere([policy]) else "closed")
