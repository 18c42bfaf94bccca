"""Evidence to verdicts: the order of statuses, exceptions, attestations, expiry."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from cloister.declarations import Boundary
from policies.channels.evidence import Advice, Assumed, Control, Evidence, Leak, Residual, Step
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide
from policies.verdicts.model import Verdict

TODAY = date(2026, 11, 25)
BOUNDARY = {
    "project": "acme-data-prod",
    "project_number": "111122223333",
    "domain": "acme.example",
    "regions": ["europe-west1"],
    "assurance": "project",
}
CONTROL = Control("platform/google_compute_firewall.deny", "deny")
OPEN = Leak("open", "leak", "Data leaves.", (Step("a", "b", "c"),))
WEAK = Leak("weakened", "leak", "A NAT is there.")
UNSURE = Leak("undecided", "leak", "Nobody knows.")
RESIDUAL = Residual("the API itself", "a perimeter")
ASSUMED = Assumed("shared", "security@acme.example", date(2027, 1, 1))


def boundary(**more: Any) -> Boundary:
    return Boundary.model_validate({**BOUNDARY, **more})


def verdict(channel: str, *evidence: Evidence, **more: Any) -> Verdict:
    return decide(catalogue()[channel], evidence, boundary(**more), TODAY)


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        ((), "closed"),
        ((CONTROL,), "closed"),
        ((CONTROL, Advice("a second layer")), "closed"),
        ((CONTROL, RESIDUAL), "residual"),
        ((RESIDUAL, ASSUMED), "assumed"),
        ((ASSUMED, WEAK), "weakened"),
        ((WEAK, UNSURE), "undecided"),
        ((UNSURE, WEAK, OPEN, RESIDUAL), "open"),
    ],
)
def test_the_worst_evidence_decides(evidence: tuple[Evidence, ...], status: str) -> None:
    answer = verdict("NET-06", *evidence)
    assert answer.status == status
    assert bool(answer.findings) == (status in ("open", "undecided", "weakened"))


def test_a_finding_is_named_after_channel_and_subject() -> None:
    (finding,) = verdict("NET-06", OPEN).findings
    assert finding.id == "NET-06-" + sha256(b"leak").hexdigest()[:8]
    assert finding.severity == "critical"
    assert finding.standards == ("NIST SC-7", "T1048")


def test_one_finding_per_subject_keeps_the_worst_and_says_all() -> None:
    (finding,) = verdict("NET-06", WEAK, OPEN).findings
    assert finding.status == "open"
    assert finding.sentence == "Data leaves. A NAT is there."


@pytest.mark.parametrize(("organization", "status"), [(None, "residual"), ("none", "closed")])
def test_what_no_plan_shows_is_residual_unless_nothing_is_above(organization: Any, status: str) -> None:
    more = {"organization": organization} if organization else {}
    assert verdict("IAM-02", CONTROL, **more).status == status


def attestation(channel: str, expires: str) -> dict[str, str]:
    return {
        "channel": channel,
        "claim": "only the deployer",
        "evidence": "t1",
        "owner": "s@acme.example",
        "expires": expires,
    }


def test_an_attestation_closes_a_residual_as_assumed() -> None:
    answer = verdict("TF-07", attestations=[attestation("TF-07", "2027-03-31")])
    assert answer.status == "assumed"
    assert not answer.findings


def test_an_expired_attestation_fails() -> None:
    answer = verdict("TF-07", attestations=[attestation("TF-07", "2026-01-31")])
    assert [finding.status for finding in answer.findings] == ["assumed"]


def test_an_attestation_excuses_no_leak() -> None:
    assert verdict("TF-07", OPEN, attestations=[attestation("TF-07", "2027-03-31")]).status == "open"


def exception(subject: str, expires: str = "2027-03-31") -> dict[str, str]:
    return {
        "finding": "NET-06",
        "subject": subject,
        "why": "migration",
        "owner": "s@acme.example",
        "expires": expires,
    }


def test_an_exception_excuses_the_one_subject_it_names() -> None:
    other = Leak("open", "other", "Also leaves.")
    answer = verdict("NET-06", OPEN, other, exceptions=[exception("leak")])
    assert [finding.subject for finding in answer.findings] == ["other"]
    assert [item.subject for item in answer.assumptions] == ["leak"]


@pytest.mark.parametrize("subject", ["*", "nothing-of-that-name"])
def test_an_unused_or_too_wide_exception_is_a_finding(subject: str) -> None:
    answer = verdict("NET-06", CONTROL, exceptions=[exception(subject)])
    assert answer.status == "undecided"
    assert "unused or too wide" in answer.findings[0].sentence


def test_an_expired_exception_excuses_nothing() -> None:
    answer = verdict("NET-06", OPEN, exceptions=[exception("leak", "2026-01-31")])
    assert answer.status == "open"
    assert "expired on 2026-01-31" in answer.findings[0].sentence
