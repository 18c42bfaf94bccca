"""What identities come to, against a naive closure on small random worlds.

The oracle asks over and over, for every identity and every grant, whether it gains anything, until nothing changes. It
reads permissions from the data set by itself and knows nothing of the graph.
"""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.facts.ownership import all_teams
from policies.graph.access import EVERY_ACCOUNT, EVERYTHING, crossings
from tests.policies.iam.worlds import PROJECT, account, workload, world

TEAMS = ["red", "blue", "green"]
ACCOUNTS = {**{team: team for team in TEAMS}, "mid": None, "other": None}  # account: its team
MEMBERS = [account(name) for name in ACCOUNTS] + [workload(team, "app") for team in TEAMS]
ON_ACCOUNT = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountViewer",
]
ON_PROJECT = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/compute.instanceAdmin.v1",
    "roles/run.developer",
    "roles/resourcemanager.projectIamAdmin",
    "roles/storage.hmacKeyAdmin",
    "roles/monitoring.viewer",
]
ON_BUCKET = [
    "roles/storage.objectViewer",
    "roles/storage.admin",
    "roles/storage.objectCreator",
    "roles/storage.bucketViewer",
]

_DATA = json.loads(gzip.decompress(files("policies.data").joinpath("gcp-roles.json.gz").read_bytes()))
PERMISSIONS = {role: {_DATA["permissions"][i] for i in indices} for role, indices in _DATA["roles"].items()}

Triple = tuple[str, str, str]  # role, member, target

GRANTS = st.fixed_dictionaries(
    {
        "account": st.lists(st.tuples(st.sampled_from(ON_ACCOUNT), st.sampled_from(MEMBERS), st.sampled_from(sorted(ACCOUNTS))), max_size=4),
        "project": st.lists(st.tuples(st.sampled_from(ON_PROJECT), st.sampled_from(MEMBERS), st.just(PROJECT)), max_size=2),
        "bucket": st.lists(st.tuples(st.sampled_from(ON_BUCKET), st.sampled_from(MEMBERS), st.sampled_from(TEAMS)), max_size=4),
    }
)  # fmt: skip


def _tree(found: dict[str, list[Triple]]) -> dict[str, Any]:
    def members(kind: str, target: str, form: str) -> dict[str, Any]:
        return {
            f"m{i}": {"role": role, "member": member, target: form.format(on)}
            for i, (role, member, on) in enumerate(found[kind])
        }

    own = {
        f"own-{team}": {"role": "roles/iam.workloadIdentityUser", "member": workload(team, "app"),
                        "service_account_id": f"projects/{PROJECT}/serviceAccounts/{account(team).partition(':')[2]}"}
        for team in TEAMS
    }  # fmt: skip
    emails = "projects/-/serviceAccounts/{}@" + PROJECT + ".iam.gserviceaccount.com"
    return {
        "google_service_account": {name: {"project": PROJECT, "account_id": name} for name in ACCOUNTS},
        "google_storage_bucket": {t: {"name": t, "project": PROJECT, "labels": {"team": t}} for t in TEAMS},
        "kubernetes_namespace": {t: {"metadata": {"name": t, "labels": {"team": t}}} for t in TEAMS},
        "google_service_account_iam_member": {**own, **members("account", "service_account_id", emails)},
        "google_project_iam_member": members("project", "project", "{}"),
        "google_storage_bucket_iam_member": members("bucket", "bucket", "{}"),
    }


BECOMING = {
    f"iam.serviceAccounts.{verb}"
    for verb in (
        "getAccessToken",
        "getOpenIdToken",
        "signBlob",
        "signJwt",
        "implicitDelegation",
        "setIamPolicy",
    )
} | {"iam.serviceAccountKeys.create"}
STARTING = {"compute.instances.create", "run.services.create", "run.jobs.create"}


def _closure(found: dict[str, list[Triple]], start: set[str]) -> tuple[set[str], set[str]]:
    """Everything that some identities become, and the buckets they come to, by asking until nothing changes."""
    own = [("roles/iam.workloadIdentityUser", workload(team, "app"), team) for team in TEAMS]
    reached, buckets = set(start), set()
    while True:
        before = (len(reached), len(buckets))
        for role, member, target in [*found["account"], *own]:
            held = PERMISSIONS[role]
            starts = any(PERMISSIONS[r] & STARTING for r, m, _ in found["project"] if m == member)
            if member in reached and (held & BECOMING or ("iam.serviceAccounts.actAs" in held and starts)):
                reached.add(account(target))
        for role, member, _ in found["project"]:
            held = PERMISSIONS[role]
            starts = any(PERMISSIONS[r] & STARTING for r, m, _ in found["project"] if m == member)
            if member not in reached:
                continue
            if (
                held & BECOMING
                or "storage.hmacKeys.create" in held
                or ("iam.serviceAccounts.actAs" in held and starts)
            ):
                reached.add(EVERY_ACCOUNT)
            if any(p.endswith(".setIamPolicy") for p in held):
                reached.add(EVERYTHING)
        for role, member, bucket in found["bucket"]:
            held = PERMISSIONS[role]
            if member in reached and any(p.startswith("storage.objects.") for p in held):
                buckets.add(bucket)
        if (len(reached), len(buckets)) == before:
            return reached, buckets


@given(GRANTS)
def test_crossings_are_those_of_the_naive_closure(found: dict[str, list[Triple]]) -> None:
    tree = world(_tree(found))
    assert set(all_teams(tree)) == set(TEAMS)
    # An account that two teams' workloads run as is both teams'; the naive reading of whose an account is.
    shared: dict[str, set[str]] = {team: {team} for team in TEAMS}
    for role, member, target in found["account"]:
        for team in TEAMS:
            if member == workload(team, "app") and "iam.serviceAccounts.getAccessToken" in PERMISSIONS[role]:
                shared.setdefault(target, set()).add(team)
    for team in TEAMS:
        start = {workload(team, "app")} | {account(name) for name, teams in shared.items() if team in teams}
        reached, buckets = _closure(found, start)
        reaches = list(crossings(tree, team))
        assert {r.node.get("name") for r in reaches if not isinstance(r.node, str)} == buckets - {team}
        assert {r.node for r in reaches if isinstance(r.node, str)} == reached & {EVERY_ACCOUNT, EVERYTHING}
        for reach in reaches:
            assert reach.source in start
            for before, after in zip(reach.steps, reach.steps[1:], strict=False):
                assert before.target == after.source
            if reach.grant is not None and reach.steps:
                assert reach.steps[-1].target == reach.grant.member
