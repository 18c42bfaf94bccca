"""The `terraform` binary, run on one stack in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from stacks.lifecycle.tree import StackFile

PROGRAM = "terraform"


class Failed(Exception):
    """Terraform ended with an error; it has told it already, or `output` holds it."""

    def __init__(self, stack: str, command: str, output: str = "") -> None:
        super().__init__(f"{stack}: terraform {command} failed")
        self.output = output


class Terraform:
    """One stack's folder below `home`: the proven file, and beside it only what this class writes.

    Each stack has its state and its lock of providers for itself; the providers themselves are kept once.
    """

    def __init__(self, home: Path, stack: StackFile) -> None:
        self._stack = stack
        self._folder = home / stack.name
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob("*.tf.json"):
            old.unlink()
        shutil.copy(stack.file, self._folder / "cdk.tf.json")
        plugins = home / "plugins"
        plugins.mkdir(exist_ok=True)
        self._environment = {
            "TF_PLUGIN_CACHE_DIR": str(plugins.absolute()),
            "CHECKPOINT_DISABLE": "1",  # no question to its maker about newer versions
            **os.environ,
            "TF_IN_AUTOMATION": "1",
        }

    def init(self) -> None:
        """Connect to the stack's state. Raises Failed."""
        self._quietly("init", "-input=false", "-no-color")

    def addresses(self) -> list[str]:
        """The resources that the state holds; none where it does not exist yet. Raises Failed."""
        state = json.loads(self._quietly("state", "pull") or "{}")
        return [f"{r['type']}.{r['name']}" for r in state.get("resources", []) if r["mode"] == "managed"]

    def forget(self, addresses: list[str]) -> None:
        """Take things out of the state; they stay where they are. Raises Failed."""
        self._quietly("state", "rm", *addresses)

    def adopt(self, found: dict[str, str]) -> None:
        """Let the next apply import what exists already: address to id."""
        blocks = [{"to": address, "id": id_} for address, id_ in found.items()]
        self._write("adopt.tf.json", {"import": blocks})

    def unprotect(self, addresses: list[str]) -> None:
        """Take `deletion_protection` from resources, and change nothing else. Raises Failed."""
        resource: dict[str, dict[str, Any]] = {}
        for address in addresses:
            type_, _, name = address.partition(".")
            resource.setdefault(type_, {})[name] = {"deletion_protection": False}
        self._write("unprotect_override.tf.json", {"resource": resource})
        self._aloud(
            "apply", "-input=false", "-auto-approve", *(f"-target={address}" for address in addresses)
        )

    def apply(self, *, ask: bool) -> None:
        """Apply the stack, after Terraform's own question where `ask`. Raises Failed."""
        self._aloud("apply", *([] if ask else ["-input=false", "-auto-approve"]))

    def destroy(self) -> None:
        """Destroy what the state holds. Raises Failed."""
        self._aloud("destroy", "-input=false", "-auto-approve")

    def _write(self, name: str, content: dict[str, Any]) -> None:
        (self._folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")

    def _quietly(self, *arguments: str) -> str:
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=self._folder, env=self._environment, capture_output=True, text=True
        )
        if done.returncode:
            raise Failed(self._stack.name, arguments[0], done.stderr.strip())
        return done.stdout

    def _aloud(self, *arguments: str) -> None:
        color = ["-no-color"] if os.environ.get("NO_COLOR") else []
        if subprocess.run([PROGRAM, *arguments, *color], cwd=self._folder, env=self._environment).returncode:
            raise Failed(self._stack.name, arguments[0])
