"""Large companies: the reference configuration, everything named after ``team_a`` written again per team, and ours."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "data" / "reference"


def grown(teams: int) -> dict[str, Any]:
    """The reference's tree with ``teams`` teams (16 resources each, and the platform's own)."""
    tree = json.loads((REFERENCE / "cdk.tf.json").read_text())
    resources: dict[str, Any] = {}
    for type_, named in tree["resource"].items():
        kept = {name: body for name, body in named.items() if not re.match(r"team_[ab]", name)}
        template = json.dumps({name: body for name, body in named.items() if name.startswith("team_a")})
        for index in range(teams) if template != "{}" else ():
            kept |= json.loads(_renamed(template, f"t{index:04d}"))
        resources[type_] = kept
    return tree | {"resource": resources}


def write(folder: Path, teams: int) -> tuple[Path, Path]:
    """The grown tree and a boundary that trusts its teams' groups: paths of both."""
    folder.mkdir(parents=True, exist_ok=True)
    tree, boundary = folder / "cdk.tf.json", folder / "boundary.yaml"
    tree.write_text(json.dumps(grown(teams), indent=2))
    declared = yaml.safe_load((REFERENCE / "boundary.yaml").read_text())
    declared["trusted"]["principals"] += [
        {
            "member": f"group:team-t{index:04d}@acme.example",
            "why": "team members",
            "owner": "security@acme.example",
        }
        for index in range(teams)
    ]
    boundary.write_text(yaml.safe_dump(declared))
    return tree, boundary


def company(home: Path, teams: int) -> Path:
    """The example's platform with as many teams, each like `translations`."""
    (home / "teams").mkdir(parents=True)
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, home)
    template = (ROOT / "teams" / "translations.yaml").read_text()
    for index in range(teams):
        own = template.replace("translations", f"t{index:04}")
        (home / "teams" / f"t{index:04}.yaml").write_text(own)
    return home


def _renamed(text: str, team: str) -> str:
    return (
        text.replace("team_a", f"team_{team}")
        .replace("team-a", f"team-{team}")
        .replace('"team": "a"', f'"team": "{team}"')
    )
