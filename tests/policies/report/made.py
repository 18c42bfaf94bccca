"""Reports made by hand: every channel of the catalogue, with what a test puts into some, and a team of any name."""

from __future__ import annotations

from datetime import date

from policies.channels.evidence import Advice, Assumed, Control, Evidence, Leak, Residual, Step
from policies.report.grade import grade
from policies.report.model import Detail, Report
from policies.report.teams import Access, Beyond, Door, Identity, Node, Passing, Sheet
from policies.snapshot.model import Input
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide

DAY = date(2026, 11, 25)
HOSTILE = (
    '"></code></script><script>document.title="owned"</script>\x1b[31m\u202egnirts\u2066`&\'' + "y" * 10_000
)


class Boundary:
    """What ``decide`` reads of a boundary."""

    organization = None
    attestations = ()
    exceptions = ()


def report_over(evidence: dict[str, list[Evidence]], name: str = "cdk.tf.json") -> Report:
    """Every channel of the catalogue, closed where ``evidence`` does not say otherwise."""
    verdicts = tuple(
        decide(entry, evidence.get(identifier, []), Boundary(), DAY)  # type: ignore[arg-type]
        for identifier, entry in catalogue().items()
    )
    trusted = (Assumed("operates the platform", "s@acme.example", None, "group:p@acme.example"),)
    failing = any(verdict.findings for verdict in verdicts)
    return Report(
        "project", grade(failing, "project", False), (Input(name, "0" * 64),), verdicts, trusted,
        gather=lambda: Detail(
            {(c.address, c.attribute): name for verdict in verdicts for c in verdict.controls}, (sheet_of(name),)
        ),
    )  # fmt: skip


def failing_over(subject: str) -> Report:
    address = f"platform/google_compute_router_nat.{subject}"
    leak = Leak(
        "open", subject, f"A pod reaches the internet through {subject}.",
        (Step("a pod", subject, "the NAT `translates`", address, "name"), Step(subject, "the internet", "it is NAT")),
        f"remove {subject}", address, "name",
    )  # fmt: skip
    return report_over(
        {
            "NET-06": [leak],
            "NET-07": [Control("platform/google_compute_network.vpc", subject), Advice(subject)],
            "IAM-01": [Control("platform/google_project_iam_binding.b", "members")],
            "API-01": [Residual(subject, "a perimeter")],
            "TEN-02": [Assumed(f"share of {subject}", subject, date(2026, 12, 5), subject)],
            "LOG-04": [Assumed("alerts", "s@acme.example", date(2026, 11, 22), "alerts")],
        },
        subject,
    )


def sheet_of(name: str) -> Sheet:
    """A team that has one of everything, all of it called `name`."""
    access = Access(name, ("read", "write"), f"by a grant on {name}", f"team-{name}/google_x.y", "members")
    return Sheet(
        name, "project",
        (Identity(name, f"bound by {name}", f"a/b.{name}", "members", (name,)),),
        (Node("bucket", name, f"a/google_storage_bucket.{name}", (access,)),),
        (Beyond(name, name, access, (name,)),),
        (Door(name, f"run pods in namespace {name}", f"a/b.{name}", name),),
        (Passing("release", "results", name, name, name, date(2026, 12, 5)),),
        (),
    )  # fmt: skip
