"""Member strings: every documented form, and that normal forms stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.facts.members import parse

POOL = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools"


@pytest.mark.parametrize(
    ("written", "kind", "normal"),
    [
        ("allUsers", "public", "allUsers"),
        ("principalSet://goog/public:all", "public", "allUsers"),
        ("user:Eve@GoogleMail.com", "user", "user:eve@gmail.com"),
        ("principal://goog/subject/eve@acme.example", "user", "user:eve@acme.example"),
        ("principalSet://goog/group/g@acme.example", "group", "group:g@acme.example"),
        ("principalSet://goog/cloudIdentityCustomerId/C01", "domain", "domain:c01"),
        (
            "principal://iam.googleapis.com/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com",
            "account",
            "serviceAccount:a@p.iam.gserviceaccount.com",
        ),
        (f"{POOL}/p.svc.id.goog/subject/ns/n/sa/s", "workload", "serviceAccount:p.svc.id.goog[n/s]"),
        (f"{POOL}/p.svc.id.goog/attribute.namespace/n", "workload", f"{POOL}/p.svc.id.goog/namespace/n"),
        (f"{POOL}/p.svc.id.goog/*", "workload", f"{POOL}/p.svc.id.goog/*"),
        (f"{POOL}/github/*", "pool", f"{POOL}/github/*"),
        ("projectViewer:p", "convenience", "projectViewer:p"),
        ("nonsense", "odd", "nonsense"),
        ("", "odd", ""),
    ],
)
def test_forms(written: str, kind: str, normal: str) -> None:
    member = parse(written)
    assert (member.kind, member.text) == (kind, normal)


def test_deleted_is_not_the_living() -> None:
    member = parse("deleted:serviceAccount:a@p.iam.gserviceaccount.com?uid=123")
    assert member.deleted
    assert member.text != parse("serviceAccount:a@p.iam.gserviceaccount.com").text


WORDS = st.text("abz019-.", min_size=1, max_size=8)
FORMS = st.one_of(
    st.builds("{}:{}@{}".format, st.sampled_from(["user", "group", "serviceAccount", "deleted:user"]), WORDS, WORDS),
    st.builds("serviceAccount:{}.svc.id.goog[{}/{}]".format, WORDS, WORDS, WORDS),
    st.builds("{}/{}.svc.id.goog/{}/{}".format, st.just(POOL), WORDS, st.sampled_from(["namespace", "group"]), WORDS),
    st.builds("{}/{}/attribute.x/{}".format, st.just(POOL), WORDS, WORDS),
    st.builds("principalSet://cloudresourcemanager.googleapis.com/projects/{}".format, WORDS),
    st.text(max_size=30),
)  # fmt: skip


@given(FORMS)
def test_normal_form_is_a_fixed_point(written: str) -> None:
    member = parse(written)
    assert parse(member.text) == member
