"""The example company as deployed, read from recorded answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from audit.proof import Audit, audit
from audit.reading.files import read_files
from policies.check import world_of
from policies.facts.world import World
from tests.audit.deployed import NUMBER, PROJECT, Company, cluster
from tests.stacks.trees import ROOT

Json = dict[str, Any]


@dataclass
class Answers:
    """Recorded answers that a test may change before they are read. `objects` None: no cluster was asked."""

    company: Company
    objects: list[Json] | None
    folder: Path
    operations: dict[str, list[str]] = field(default_factory=dict)

    def files(self) -> list[Path]:
        """One export a content type, one asset a line, each with its operation; the cluster's recording."""
        company = self.company
        contents = {
            "RESOURCE": company.resources,
            "IAM_POLICY": company.iam(),
            "ORG_POLICY": company.org,
            "ACCESS_POLICY": company.access,
        }
        paths = []
        for content, items in contents.items():
            if not items:
                continue
            path = self.folder / f"{content.lower()}.json"
            path.write_text("".join(json.dumps(item) + "\n" for item in items))
            operation = self.folder / f"{content.lower()}.operation.json"
            operation.write_text(json.dumps(self._operation(content)))
            paths += [path, operation]
        recorded = [self._answer("org-policies", "projects/" + PROJECT, [])] if not company.org else []
        if self.objects is not None:
            recorded.append(self._answer("cluster", "ml", self.objects))
        path = self.folder / "recorded.json"
        path.write_text(json.dumps({"cloister audit": 1, "answers": recorded}))
        return [*paths, path]

    def _operation(self, content: str) -> Json:
        return {
            "name": f"projects/{NUMBER}/operations/ExportAssets/{content}/1",
            "done": True,
            "metadata": {
                "@type": "type.googleapis.com/google.cloud.asset.v1.ExportAssetsRequest", "parent": f"projects/{PROJECT}", "contentType": content,
                "outputConfig": {"gcsDestination": {"uri": "gs://somewhere/export.json"}},
            } | ({"assetTypes": self.operations[content]} if content in self.operations else {}),
            "response": {"@type": "type.googleapis.com/google.cloud.asset.v1.ExportAssetsResponse", "readTime": "2026-11-30T08:30:00Z"},
        }  # fmt: skip

    @staticmethod
    def _answer(part: str, of: str, items: list[Json]) -> Json:
        return {
            "part": part,
            "when": "2026-11-30T08:31:00+00:00",
            "of": of,
            "narrowed": "",
            "source": "recorded",
            "items": items,
        }

    def audited(self, against: Path | None = None, boundary: Path = ROOT / "boundary.yaml") -> Audit:
        """The audit of these answers."""
        return audit(read_files(self.files(), whole=False), boundary, against, lambda done, of: None)


@pytest.fixture(scope="session")
def declared(example_tree: Path) -> World:
    """The synthesized example, resolved."""
    return world_of((example_tree,), ROOT / "boundary.yaml")


@pytest.fixture
def answers(declared: World, tmp_path: Path) -> Answers:
    """The example as it would answer when nothing was changed since its deployment."""
    return Answers(Company(declared), list(cluster(declared)), tmp_path)


Change = Callable[[Answers], None]
