"""`make pictures`: what a person sees, into docs/pictures/: the report at 2 and 200 teams, and the red pull request.

Needs Chromium. The pictures are kept in the repository; look at them after making them anew.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt
from PIL import Image

from examples.changes import __main__ as changes
from policies.check import today
from policies.report.as_html import render
from tests.policies.report.browser import CHROMIUM, Page, browser
from tests.policies.report.company import ROOT, company, report

PICTURES = ROOT / "docs" / "pictures"
_COLOURS = 128  # of the palette: flat pages lose nothing, and stay small
_LARGEST = 300_000
_COMMENT = """<!doctype html><meta charset="utf-8"><style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1f2328; margin: 24px; }}
main {{ border: 1px solid #d0d7de; border-radius: 6px; overflow: hidden; }}
header {{ background: #f6f8fa; border-bottom: 1px solid #d0d7de; padding: 8px 16px; color: #59636e; }}
article {{ padding: 0 16px 16px; overflow-wrap: anywhere; }}
h2, h3 {{ border-bottom: 1px solid #d0d7de; padding-bottom: 4px; }}
table {{ border-collapse: collapse; }} th, td {{ border: 1px solid #d0d7de; padding: 6px 12px; text-align: left; }}
</style><main><header><b>boundary</b> on this pull request</header><article>{}</article></main>"""


def taken(page: Page, file: Path, name: str, width: int, height: int) -> None:
    """A window of that size over a file, as PICTURES/name."""
    page.look(width, height)
    page.open(file)
    shot = file.with_suffix(".png")
    page.picture(shot)
    small = io.BytesIO()
    Image.open(shot).convert("RGB").quantize(_COLOURS).save(small, "PNG", optimize=True)
    if len(small.getvalue()) > _LARGEST:
        raise SystemExit(f"pictures: {name} has {len(small.getvalue())} bytes, more than {_LARGEST}")
    (PICTURES / name).write_bytes(small.getvalue())
    print(f"pictures: docs/pictures/{name}, {len(small.getvalue()) // 1000} kB", flush=True)


def main() -> int:
    if CHROMIUM is None:
        print("pictures: no chromium on PATH: apt-get install chromium", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory, browser(Path(directory) / "profile") as page:
        home = Path(directory)
        base = changes.example(home / "base") / "cdktf.out"
        for teams, name in ((2, "report.png"), (200, "report-200.png")):
            (tree := home / str(teams)).mkdir()
            file = home / f"{teams}.html"
            file.write_text(render(report(company(base, tree, teams)), today()), encoding="utf-8")
            taken(page, file, name, 1200, 1500)
        _, text = changes.answer(base, changes.example(home / "leak", "leak"))
        file = home / "leak.html"
        comment = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        file.write_text(_COMMENT.format(comment), encoding="utf-8")
        taken(page, file, "pull-request.png", 1000, 1100)
    return 0


if __name__ == "__main__":
    sys.exit(main())
