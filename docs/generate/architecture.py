"""The architecture as a drawing, made from what the modules import: it cannot say what the code does not do."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable

from cloister.main import COMMANDS
from tests.architecture.imports import Import, every_import, within

# The boxes, from the top: each with what it is. An import counts for the longest name it lies in.
PACKAGES = {
    "cloister": "the command line",
    "audit": "what is deployed, for the proof",
    "stacks": "declarations to cdk.tf.json",
    "policies": "the proof",
    "runner.client": "submits, runs here, reads back",
    "runner.container": "builds the image",
    "runner.canary": "tries the ways out",
    "runner.watch": "looks while nothing runs",
    "runner.image": "inside the pod",
    "cloister.declarations": "the three YAML files, typed",
}
LAYERS = {
    "policies.snapshot": "bytes to resources",
    "policies.expressions": "references resolved",
    "policies.facts": "grants, routes, buckets...",
    "policies.graph": "edges with reasons",
    "policies.channels": "one function per channel",
    "policies.verdicts": "six answers",
    "policies.report": "for people and programs",
}
WIDTH, BOX, HEIGHT, ROW = 720, 230, 50, 78
BEND = 32  # how far an arc bulges for each row it spans
STYLE = """
.b { fill: none; stroke: currentColor; stroke-width: 1.5; }
.n { font: 600 14px sans-serif; fill: currentColor; } .w { font: 12px sans-serif; fill: currentColor; opacity: .8; }
.e { fill: none; stroke: currentColor; stroke-width: 1.2; opacity: .65; } .l { stroke-dasharray: 5 4; }
.c { font: 11px sans-serif; fill: currentColor; } .h { fill: currentColor; }
"""


def arrows(boxes: Iterable[str], imports: Iterable[Import]) -> Counter[tuple[str, str]]:
    """How many imports lead from one box to another."""
    names = sorted(boxes, key=len, reverse=True)

    def box(module: str) -> str | None:
        return next((name for name in names if within(module, name)), None)

    pairs = ((box(each.importer), box(each.imported)) for each in imports)
    return Counter((a, b) for a, b in pairs if a and b and a != b)


def called() -> Counter[tuple[str, str]]:
    """What the command line loads when a command is called, which no import statement shows."""
    targets = (lazy.target for lazy in COMMANDS.values())
    pairs = (
        (
            "cloister",
            next((box for box in PACKAGES if box != "cloister" and target.startswith(f"{box}.")), None),
        )
        for target in targets
    )
    return Counter((a, b) for a, b in pairs if b)


def ranks(boxes: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Rows from the bottom: a box stands above everything it imports. Raises ValueError where imports go in a circle."""
    found = dict.fromkeys(boxes, 0)
    below = {name: {b for a, b in edges if a == name} for name in found}
    for _ in found:
        changed = {name: max((found[b] + 1 for b in its), default=0) for name, its in below.items()}
        if changed == found:
            return found
        found = changed
    raise ValueError("the packages import each other in a circle")


def packages() -> str:
    """The packages as SVG."""
    return _svg(PACKAGES, arrows(PACKAGES, every_import()), called())


def layers() -> str:
    """The proof's layers as SVG."""
    return _svg(LAYERS, arrows(LAYERS, every_import()), Counter())


def _svg(boxes: dict[str, str], imports: Counter[tuple[str, str]], lazy: Counter[tuple[str, str]]) -> str:
    """One column, from what imports most down to what imports nothing: imports are arcs on the right, the rest left."""
    rank = ranks(boxes, {**imports, **lazy})
    column = sorted(boxes, key=lambda name: -rank[name])
    top = {name: 10 + index * ROW for index, name in enumerate(column)}
    parts = [_arc(top[a], top[b], str(count), right=True) for (a, b), count in sorted(imports.items())]
    parts += [_arc(top[a], top[b], "", right=False) for a, b in sorted(lazy)]
    parts += [_box(name, boxes[name], top[name]) for name in column]
    described = "; ".join(f"{a} imports {b}" for a, b in sorted(imports))
    height = 20 + (len(column) - 1) * ROW + HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{html.escape(described)}"><style>{STYLE}</style>{"".join(parts)}</svg>'
    )


def _box(name: str, words: str, y: float) -> str:
    middle = WIDTH / 2
    return (
        f'<rect class="b" x="{middle - BOX / 2:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}" rx="6"/>'
        f'<text class="n" x="{middle:g}" y="{y + 21:g}" text-anchor="middle">{html.escape(name)}</text>'
        f'<text class="w" x="{middle:g}" y="{y + 39:g}" text-anchor="middle">{html.escape(words)}</text>'
    )


def _arc(start: float, end: float, count: str, *, right: bool) -> str:
    """From the lower part of one box's side to the upper part of another's, with the number of imports at its apex."""
    side = 1 if right else -1
    x = WIDTH / 2 + side * BOX / 2
    y1, y2 = start + HEIGHT * 0.7, end + HEIGHT * 0.3
    bulge = x + side * BEND * abs(end - start) / ROW * 1.1
    apex = x + (bulge - x) * 0.75
    head = f"M {x:g} {y2:g} l {side * 8} -4 v 8 z"
    label = (
        f'<text class="c" x="{apex + side * 4:g}" y="{(y1 + y2) / 2 + 4:g}">{count}</text>' if count else ""
    )
    return (
        f'<path class="{"e" if right else "e l"}" d="M {x:g} {y1:g} C {bulge:g} {y1:g} {bulge:g} {y2:g}'
        f' {x + side * 7:g} {y2:g}"/><path class="h" d="{head}"/>{label}'
    )
