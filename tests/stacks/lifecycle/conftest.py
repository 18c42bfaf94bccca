"""A company whose stacks are stand-ins, and whose states lie in a real object store under Google's own name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.client.object_store import ObjectStore
from tests.googleapis import GoogleApis
from tests.googleapis.storage import Storage

ROOT = Path(__file__).parents[3]
STATE = "acme-ml-prod-tfstate"
# `deploy` without the gate, which would rightly refuse stand-ins: the gate's own tests are elsewhere.
_DEPLOY = """
import sys
from pathlib import Path
from cloister.declarations import load
from stacks.lifecycle.deploy import deploy, forgotten
from stacks.lifecycle.terraform import Failed
from stacks.lifecycle.tree import in_order
from stacks.rest import Google
google, stacks = Google("acme-ml-prod"), in_order(Path("cdktf.out"))
print("forgotten:", *forgotten(google, load(Path()), stacks))
try:
    deploy(Path(".cloister/terraform"), stacks, google, print, ask=False, dry_run="--dry-run" in sys.argv)
except Failed as error:
    print(error.output, file=sys.stderr)
    sys.exit(str(error))
"""


@dataclass
class Company:
    """Declarations and a tree in a folder of their own; commands run there, with Google's APIs played."""

    home: Path
    apis: GoogleApis
    storage: Storage
    beside: str = ""  # a host that is reached past the proxy

    def write(self, name: str, after: list[str], content: dict[str, Any]) -> None:
        """A stack of the tree; its state lies where the stacks' own do."""
        out = self.home / "cdktf.out"
        folder = out / "stacks" / name
        folder.mkdir(parents=True, exist_ok=True)
        backend = {"terraform": {"backend": {"gcs": {"bucket": STATE, "prefix": name}}}}
        (folder / "cdk.tf.json").write_text(json.dumps(backend | content))
        manifest = out / "manifest.json"
        stacks = json.loads(manifest.read_text())["stacks"] if manifest.exists() else {}
        path = f"stacks/{name}/cdk.tf.json"
        stacks[name] = {"name": name, "dependencies": after, "synthesizedStackPath": path}
        manifest.write_text(json.dumps({"version": "0.21.0", "stacks": stacks}))

    def run(self, *command: str, said: str = "") -> subprocess.CompletedProcess[str]:
        past = {"NO_PROXY": self.beside, "no_proxy": self.beside}
        environment = os.environ | self.apis.environment | past | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        return subprocess.run(
            command, cwd=self.home, env=environment, input=said, capture_output=True, text=True, timeout=300
        )

    def deploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-c", _DEPLOY, *arguments)

    def first_deploy(self) -> None:
        """Deploy with the providers that the stacks name; without them the test is skipped."""
        done = self.deploy()
        if "Failed to query available provider packages" in done.stderr:
            pytest.skip(
                "terraform finds no providers; set TF_CLI_CONFIG_FILE to a mirror, or open its registry"
            )
        assert done.returncode == 0, done.stderr + done.stdout

    def destroy(self, *arguments: str, said: str = "acme-ml-prod\n") -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "stacks.lifecycle", "destroy", *arguments, said=said)

    def state(self, name: str) -> list[str]:
        """The addresses of the resources in a stack's state, read from the object store."""
        pulled = self.run(
            sys.executable,
            "-c",
            "import sys; from google.cloud import storage;"
            f"print(storage.Client(project='p').bucket('{STATE}').blob('{name}/default.tfstate').download_as_text())",
        )
        assert pulled.returncode == 0, pulled.stderr
        found = json.loads(pulled.stdout)["resources"]
        return sorted(f"{r['type']}.{r['name']}" for r in found if r["mode"] == "managed")

    @property
    def events(self) -> list[str]:
        """What stand-ins told of their making and their end, in order."""
        log = self.home / "events"
        return log.read_text().split() if log.exists() else []


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    if not shutil.which("terraform"):
        pytest.skip("no terraform on PATH; install it from https://developer.hashicorp.com/terraform")
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "teams", tmp_path / "teams")
    (tmp_path / "google").mkdir()
    with ObjectStore() as store, GoogleApis(tmp_path / "google") as apis:
        storage = Storage(apis, store.url, "111122223333")
        store.make_bucket({"name": STATE})
        yield Company(tmp_path, apis, storage)
