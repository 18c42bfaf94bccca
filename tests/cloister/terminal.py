"""A program on a pseudo terminal, and a person who reads what it asks and types answers."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

_ESCAPES = re.compile(rb"\x1b\[[0-9;]*m")


class Terminal:
    """`command` on a terminal of `columns`; `expect` reads until a text appears, `type` answers."""

    def __init__(
        self, command: list[str], cwd: Path, columns: int = 80, environment: Mapping[str, str] = {}
    ) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment},
            start_new_session=True,
        )
        os.close(slave)
        self.raw = b""
        self._read = 0  # how much of the text has been matched

    @property
    def text(self) -> str:
        """All that was shown, without colours."""
        return _ESCAPES.sub(b"", self.raw).decode(errors="replace").replace("\r\n", "\n")

    def expect(self, wanted: str, seconds: float = 30) -> None:
        """Read until `wanted` appears after what was matched before."""
        deadline = time.monotonic() + seconds
        while (at := self.text.find(wanted, self._read)) < 0:
            assert time.monotonic() < deadline and self._more(), f"no {wanted!r} in:\n{self.text}"
        self._read = at + len(wanted)

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def end_of_file(self) -> None:
        os.write(self._master, b"\x04")

    def end(self, seconds: float = 30) -> int:
        """Read until the program ends; its exit code."""
        while self._more():
            pass
        os.close(self._master)
        return self.process.wait(timeout=seconds)

    def _more(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 30)
        try:
            piece = os.read(self._master, 65536) if ready else b""
        except OSError:  # Linux's way of saying that the other end is closed
            piece = b""
        self.raw += piece
        return bool(piece)
