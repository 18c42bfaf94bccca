"""The command reference, from the command line's own tree: a page per command, like a manual page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import click

from cloister.main import COMMANDS, cli
from docs.generate.text import code, escaped, table


@dataclass(frozen=True)
class Node:
    """A command of the tree. `path` is how it is called, without `cloister`."""

    path: tuple[str, ...]
    command: click.Command

    @property
    def name(self) -> str:
        return " ".join(("cloister", *self.path))

    @property
    def built(self) -> bool:
        """Whether this version has it."""
        return _built(self.command)

    def context(self) -> click.Context:
        parent = click.Context(cli, info_name="cloister", **cli.context_settings)  # type: ignore[arg-type]
        for word in self.path[:-1]:
            found = parent.command.get_command(parent, word)  # type: ignore[attr-defined]
            parent = click.Context(found, info_name=word, parent=parent)
        return click.Context(self.command, info_name=self.path[-1], parent=parent) if self.path else parent


def _built(command: click.Command | None) -> bool:
    """Commands that the design names and nobody built yet take any argument, to say so."""
    return command is not None and not command.context_settings.get("ignore_unknown_options")


def tree() -> Iterator[Node]:
    """Every command, each after the group it belongs to."""
    yield Node((), cli)
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield from _below((name,), command)


def _below(path: tuple[str, ...], command: click.Command) -> Iterator[Node]:
    yield Node(path, command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _below((*path, name), inner)


def pages() -> dict[str, str]:
    """Markdown by file name: an index, and one page for each command of the first level with those below it."""
    nodes = [node for node in tree() if node.built]
    made = {"index.md": _index(nodes)}
    for first in [node for node in nodes if len(node.path) == 1]:
        own = [node for node in nodes if node.path[:1] == first.path]
        made[f"{first.path[0]}.md"] = "\n".join(_section(node) for node in own)
    return made


def _index(nodes: list[Node]) -> str:
    rows = [
        [
            f"[{code(node.name)}]({node.path[0]}.md{_anchor(node)})",
            escaped(node.command.get_short_help_str(100)),
        ]
        for node in nodes
        if node.path and not isinstance(node.command, click.Group)
    ]
    return (
        "# Commands\n\nMade from the command line's own tree. `-h` on any command says the same.\n\n"
        f"{table(['command', 'what it does'], rows)}\n\n"
        "Exit codes: 0 done, or nothing failing; 1 the answer is no; 2 the question was wrong, one line per mistake, and"
        " nothing changed; 130 interrupted; 141 nobody reads the output any more.\n"
    )


def _anchor(node: Node) -> str:
    return "" if len(node.path) == 1 else f"#{'-'.join(('cloister', *node.path))}"


def _section(node: Node) -> str:
    command, context = node.command, node.context()
    depth = "#" * min(len(node.path), 3)
    anchor = "-".join(("cloister", *node.path))
    parts = [f"{depth} {node.name} {{#{anchor}}}\n"]
    usage = " ".join([node.name, *command.collect_usage_pieces(context)])
    parts.append(f"```text\n{usage}\n```\n")
    parts += _paragraphs(inspect.cleandoc(command.help or ""))
    rows = [row for parameter in command.params if (row := _parameter(parameter, context))]
    if rows:
        parts.append(table(["option", "what it is"], rows) + "\n")
    if isinstance(command, click.Group):
        names = [
            name for name in command.list_commands(context) if _built(command.get_command(context, name))
        ]
        listed = ", ".join(f"[{code(name)}](#{anchor}-{name})" for name in names)
        parts.append(f"Commands: {listed}\n")
    parts += _paragraphs(inspect.cleandoc(command.epilog or ""))
    return "\n".join(parts)


def _paragraphs(text: str) -> list[str]:
    """Help text as Markdown: what click keeps as it is after a backspace is a code block, the rest are paragraphs."""
    made = []
    for paragraph in text.split("\n\n"):
        kept, words = paragraph.startswith("\b"), paragraph.lstrip("\b\n")
        if not words.strip():
            continue
        if kept:
            heading, _, body = words.partition("\n")
            made.append(f"{escaped(heading)}\n\n```text\n{inspect.cleandoc(chr(10) + body)}\n```\n")
        else:
            made.append(f"{escaped(' '.join(words.split()))}\n")
    return made


def _parameter(parameter: click.Parameter, context: click.Context) -> list[str] | None:
    if isinstance(parameter, click.Option):
        record = parameter.get_help_record(context)
        return None if record is None else [code(record[0]), escaped(record[1])]
    return None
