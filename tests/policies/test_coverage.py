"""Every channel has cases of every answer it can give; where one is missing, the reason is here."""

from __future__ import annotations

from tests.policies.coverage import FAILS, HOLDS, UNSURE, without

# Residual by nature: nothing a configuration says opens or closes them.
BY_NATURE = {"COV-02", "COV-04", "TF-08"}
# Advice only, whatever the value (GCS-13), or undecided where others would be open (SRV-06, TF-09).
NEVER_OPEN = {*BY_NATURE, "GCS-13", "SRV-06", "TF-09"}
# What opens them is the presence of something, or they follow from other channels: there is nothing not to know.
NEVER_UNSURE = {
    *BY_NATURE, "API-01", "API-02", "API-03", "API-09", "COV-01", "COV-03", "GCS-12", "GCS-13", "IAM-16", "NET-10",
    "NET-11", "REG-02", "SEC-02", "TF-03",
}  # fmt: skip


def test_every_channel_has_a_case_that_holds() -> None:
    assert without(HOLDS) == set()


def test_every_channel_has_a_case_that_fails() -> None:
    assert without(FAILS) == NEVER_OPEN


def test_every_channel_has_an_undecided_case() -> None:
    assert without(UNSURE) <= NEVER_UNSURE
