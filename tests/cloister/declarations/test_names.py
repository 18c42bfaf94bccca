"""Names fit Google Cloud's and Kubernetes' limits for every project, team and job that may be declared."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from cloister.declarations import names

PROJECTS = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True)
TEAMS = st.from_regex(r"[a-z]([a-z0-9-]{0,23}[a-z0-9])?", fullmatch=True)
JOBS = st.from_regex(r"[a-z]([a-z0-9-]{0,36}[a-z0-9])?", fullmatch=True)
LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
RUN_ID = "20261125-031500-0a1b2c3d"


@given(PROJECTS, TEAMS)
def test_names_of_a_team_are_names_google_takes(project: str, team: str) -> None:
    assert re.fullmatch(r"[a-z]([a-z0-9-]{4,28}[a-z0-9])", names.team_service_account_id(team))
    assert LABEL.fullmatch(names.namespace(team))
    assert re.fullmatch(r"[A-Za-z0-9_.]{3,64}", names.team_custom_role(project, team).rpartition("/")[2])
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]", names.team_repository(team))
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,99}", names.log_bucket(team))


@given(PROJECTS, TEAMS, TEAMS)
def test_no_two_teams_share_a_name(project: str, one: str, other: str) -> None:
    def of(team: str) -> set[str]:
        return {
            *names.buckets(project, team).values(),
            names.namespace(team),
            names.team_service_account_email(project, team),
            names.team_custom_role(project, team),
        }

    assert one == other or not of(one) & of(other)


@given(JOBS)
def test_a_run_fits_a_label(job: str) -> None:
    assert len(RUN_ID) == names.RUN_ID_LENGTH
    assert LABEL.fullmatch(names.kubernetes_job(job, RUN_ID))


def test_a_pools_nodes_have_an_identity_google_takes() -> None:
    assert len(names.node_service_account_id("p" * 25)) <= names.SERVICE_ACCOUNT_ID_LIMIT


def test_objects_of_a_run() -> None:
    assert names.run_prefix("train", RUN_ID, 2) == f"runs/train/{RUN_ID}/2/"
    assert names.manifest("train", RUN_ID) == f"runs/train/{RUN_ID}/manifest.json"
    assert names.manifest("train", RUN_ID, 3) == f"runs/train/{RUN_ID}/manifest-3.json"
