"""A terminal session as it went: commands run in a terminal of their own, kept as an asciicast (version 2) and drawn as SVG.

https://docs.asciinema.org/manual/asciicast/v2/ is the format; `asciinema play FILE` plays it.
"""

from __future__ import annotations

import codecs
import fcntl
import html
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

WIDTH, HEIGHT = 110, 40  # characters
PROMPT = "$ "
TYPING = 0.03  # seconds a character
PAUSE = 1.2  # seconds to read what a command answered
IDLE = 1.5  # seconds that a player waits at most
_CELL, _LINE, _MARGIN = 7.85, 18, 14  # pixels of the drawing
_NO_TEXT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_STYLE = """
text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre; }
.c { fill: #7ee787; font-weight: 600; } rect { fill: #161b22; }
@media (prefers-reduced-motion: no-preference) {
  text { visibility: hidden; animation: shown 0s forwards; } @keyframes shown { to { visibility: visible; } }
}"""


@dataclass
class Recording:
    """Events of a session: seconds from its begin, kind (o: output, m: a mark with the command), and text."""

    title: str
    events: list[tuple[float, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def run(self, command: str, folder: Path, variables: Mapping[str, str]) -> tuple[int, str]:
        """Type and run a shell command in a terminal; its exit code and what it printed."""
        self._add("m", command)
        for character in f"{PROMPT}{command}\r\n":
            self._add("o", character)
            self.seconds += TYPING
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=folder, env=dict(variables), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        begun, decoder, printed = time.monotonic(), codecs.getincrementaldecoder("utf-8")("replace"), ""
        before = self.seconds
        while True:
            try:
                piece = decoder.decode(os.read(ours, 65536))
            except OSError:  # Linux says so when the last who had the terminal open is gone
                break
            self.seconds = before + time.monotonic() - begun
            self._add("o", piece)
            printed += piece
        os.close(ours)
        code = process.wait()
        self.seconds = before + time.monotonic() - begun + PAUSE
        return code, _NO_TEXT.sub("", printed)

    def cast(self) -> str:
        """The session as an asciicast."""
        header = {
            "version": 2,
            "width": WIDTH,
            "height": HEIGHT,
            "idle_time_limit": IDLE,
            "title": self.title,
        }
        lines = [header, *([round(at, 3), kind, text] for at, kind, text in self.events)]
        return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)

    def _add(self, kind: str, text: str) -> None:
        self.events.append((self.seconds, kind, text))


def commands(cast: str) -> list[str]:
    """What was typed in a session."""
    return [text for _, kind, text in _events(cast) if kind == "m"]


def transcript(cast: str) -> list[tuple[float, str]]:
    """The session's lines, each with the second at which a player shows its begin."""
    lines: list[tuple[float, str]] = []
    shown, last, line, begun = 0.0, 0.0, "", 0.0
    for at, kind, text in _events(cast):
        if kind != "o":
            continue
        shown, last = shown + min(IDLE, at - last), at
        for character in _NO_TEXT.sub("", text):
            begun = begun if line else shown
            if character == "\n":
                lines.append((begun, line))
                line = ""
            else:
                line += character
    return lines


def svg(cast: str) -> str:
    """The session as a drawing in which lines appear as they did; all at once where no motion is wanted."""
    lines = [
        (at, line[start : start + WIDTH])
        for at, line in transcript(cast)
        for start in range(0, max(1, len(line)), WIDTH)
    ]
    width, height = WIDTH * _CELL + 2 * _MARGIN, len(lines) * _LINE + 2 * _MARGIN
    title = json.loads(cast.partition("\n")[0])["title"]
    parts = [
        f'<text{" class=" + chr(34) + "c" + chr(34) if line.startswith(PROMPT) else ""} x="{_MARGIN}"'
        f' y="{_MARGIN + (index + 0.75) * _LINE:g}" style="animation-delay:{at:.1f}s">{html.escape(line)}</text>'
        for index, (at, line) in enumerate(lines)
        if line
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{html.escape(title)}"><style>{_STYLE}</style>'
        f'<rect width="{width:g}" height="{height:g}" rx="8"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _events(cast: str) -> list[tuple[float, str, str]]:
    return [tuple(json.loads(line)) for line in cast.splitlines()[1:]]  # type: ignore[misc]
