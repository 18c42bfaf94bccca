"""`cloister flow`: Metaflow flows, looked at and run inside the boundary."""

from __future__ import annotations

import click

from runner.client.later import LateGroup, Later

_HERE = "runner.client.flow"


@click.group(
    cls=LateGroup,
    later={
        "lint": Later(f"{_HERE}.linting:lint_", "What in a flow would leave, or cannot run sealed."),
        "run": Later(f"{_HERE}.running:run", "Run a flow here or on the platform, sealed."),
        "deploy": Later(f"{_HERE}.deploying:deploy", "Hand a flow to the platform's Argo Workflows."),
    },
    epilog="""\b
Examples:
  cloister flow lint examples/translations/flow.py --team translations
  cloister flow run examples/translations/flow.py --team translations
  cloister flow deploy flow.py --team vision --check
""",
)
def flow() -> None:
    """Lint, run and deploy Metaflow flows inside the boundary."""
