"""What may be said to a flow on the command line, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from cloister.declarations import Mistake
from cloister.declarations.mistakes import nearest, shown
from runner.client.flow.lint.source import Source

METAFLOWS_OWN = ("max-workers", "max-num-splits", "max-log-size", "tag")
_PARAMETERS = ("metaflow.Parameter", "metaflow.IncludeFile")


def declared(source: Source) -> dict[str, bool]:
    """The flow's parameters by name, and whether each must be given."""
    found = {}
    for call, name in source.calls:
        if name in _PARAMETERS and call.args and isinstance(call.args[0], ast.Constant):
            required = next((word.value for word in call.keywords if word.arg == "required"), None)
            given = any(word.arg == "default" for word in call.keywords)
            must = isinstance(required, ast.Constant) and required.value is True and not given
            found[str(call.args[0].value)] = must
    return found


def steps(source: Source) -> list[str]:
    """The names of the flow's steps, in the order of the text."""
    found = []
    for node in source.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            source.dotted(item) in ("metaflow.step", "step") for item in node.decorator_list
        ):
            found.append(node.name)
    return found


def given(
    flow: Path, known: dict[str, bool], words: Sequence[str], *, resumed: bool
) -> tuple[list[str], list[Mistake]]:
    """The words as `--name=value`, and what is wrong with them."""
    found: list[str] = []
    mistakes: list[Mistake] = []
    names: set[str] = set()

    def wrong(message: str) -> None:
        mistakes.append(Mistake(str(flow), 1, message))

    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            wrong(f"found {shown(word)}, expected --NAME VALUE")
            continue
        if not equals:
            if not left:
                wrong(f"found --{name} without a value, expected --{name} VALUE")
                continue
            value = left.pop(0)
        options = [*known, *METAFLOWS_OWN]
        if name not in options:
            expected = ", ".join(f"--{option}" for option in options)
            wrong(
                f"found the option {shown(f'--{name}')}, expected one of {expected}{nearest(name, options)}"
            )
        elif resumed and name in known:
            wrong(f"found --{name}, expected no parameters; a resumed run has those it began with")
        names.add(name)
        found.append(f"--{name}={value}")
    if not resumed:
        for name in (name for name, must in known.items() if must and name not in names):
            wrong(f"found no --{name}, expected it; the flow requires this parameter")
    return found, mistakes


def step_mistakes(flow: Path, known: Sequence[str], step: str | None) -> Iterator[Mistake]:
    """A step to resume from must be one of the flow's."""
    if step is not None and step not in known:
        expected = f"one of {', '.join(known)}{nearest(step, known)}"
        yield Mistake(str(flow), 1, f"found no step {shown(step)}, expected {expected}")
