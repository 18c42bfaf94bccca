"""The coverage of channels by cases, printed at the end of the run."""

from __future__ import annotations

import pytest

from policies.verdicts.catalogue import catalogue
from tests.policies.coverage import FAILS, HOLDS, UNSURE, without


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = len(catalogue())
    counts = ", ".join(
        f"{total - len(without(statuses))} {what}"
        for what, statuses in (("that hold", HOLDS), ("open or weakened", FAILS), ("undecided", UNSURE))
    )
    terminalreporter.write_line(f"channels with cases, of {total}: {counts}")
