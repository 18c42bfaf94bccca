"""From a file's bytes to plain values, with the line of each.

Built from the parser's events rather than its node tree: nothing recurses, nothing is expanded, so that a
hostile file costs no more than its size. Aliases are refused (a few lines of them can name a billion nodes);
so are tags, duplicate keys, more than one document, and anything that is not a file of the tree.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cloister.declarations.mistakes import Mistake, shown

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST = 256 * 1024
DEEPEST = 12

Location = tuple[str | int, ...]


@dataclass
class Source:
    """One file as read: its value once `parsed`, the line of each value and of each key, what was wrong."""

    file: str
    value: Any = None
    parsed: bool = False
    lines: dict[Location, int] = field(default_factory=dict)
    key_lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, location: Location, *, key: bool = False) -> int:
        """The line of a value (of its key when `key`), or of the nearest thing around it."""
        if key and location in self.key_lines:
            return self.key_lines[location]
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return self.lines.get((), 1)

    def mistake(self, message: str, line: int = 1) -> None:
        self.mistakes.append(Mistake(self.file, line, message))


def read(root: Path, path: Path) -> Source:
    """Read one declaration of the tree at `root`. Never raises for what is wrong with the file."""
    source = Source(_relative(root, path))
    text = _text(root, path, source)
    if text is not None:
        _parse(text, source)
    return source


def parse(file: str, text: str) -> Source:
    """Read one declaration that is not written yet."""
    source = Source(file)
    _parse(text, source)
    return source


def _relative(root: Path, path: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _text(root: Path, path: Path, source: Source) -> str | None:
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            source.mistake(f"found a link to {real}, expected a file of this tree; copy it here")
            return None
        status = real.stat()
        if not stat.S_ISREG(status.st_mode):
            source.mistake("found something that is no regular file, expected YAML")
            return None
        if status.st_size > LARGEST:
            size = f"{status.st_size:,} bytes"
            source.mistake(f"found {size}, expected at most {LARGEST:,}; declarations are short")
            return None
        raw = real.read_bytes()
    except FileNotFoundError:
        source.mistake("found no such file; create it, or run the command where the declarations are")
        return None
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "a loop of links"
        source.mistake(f"found what cannot be read, expected a file: {reason}")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        source.mistake(f"found byte 0x{raw[error.start]:02x}, expected UTF-8; save the file as UTF-8", line)
        return None
    if not text.strip():
        source.mistake("found an empty file, expected a mapping of keys")
        return None
    return text


class _Refused(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


def _parse(text: str, source: Source) -> None:
    loader = None
    try:
        loader = Loader(text)
        source.value = _build(loader, source)
        source.parsed = True
    except _Refused as refused:
        source.mistake(refused.message, refused.line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context).split())
        source.mistake(f"is not YAML here: {problem}; correct it", mark.line + 1 if mark else 1)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1 if isinstance(error.position, int) else 1
        source.mistake("found a control character, expected printable text; remove it", line)
    finally:
        if loader is not None:
            loader.dispose()


@dataclass
class _Open:
    """A list or mapping whose end was not seen yet."""

    location: Location
    value: list[Any] | dict[str, Any]
    key: str | None = None
    repeated: bool = False  # the key stands above already: its value is read and dropped

    def next_location(self) -> Location:
        last = len(self.value) if isinstance(self.value, list) else self.key
        assert last is not None
        return (*self.location, last)


def _build(loader: Any, source: Source) -> Any:
    stack: list[_Open] = []
    result: Any = None
    documents = 0
    while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Refused("found a second document, expected one; remove the ---", line)
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(f"found the alias *{event.anchor}, expected a value; write it out", line)
        if not isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.CollectionEndEvent):
                closed = stack.pop()
                value = tuple(closed.value) if isinstance(closed.value, list) else closed.value
                result = _put(stack, value)
            continue
        if stack and isinstance(stack[-1].value, dict) and stack[-1].key is None:
            _key(event, stack[-1], source, line)
            continue
        location = stack[-1].next_location() if stack else ()
        source.lines.setdefault(location, line)
        if isinstance(event, yaml.ScalarEvent):
            result = _put(stack, _scalar(loader, event, line))
            continue
        _untagged(event, line)
        if len(stack) >= DEEPEST:
            raise _Refused(f"found more than {DEEPEST} levels, expected fewer; write it flatter", line)
        stack.append(_Open(location, [] if isinstance(event, yaml.SequenceStartEvent) else {}))
    return result


def _put(stack: list[_Open], value: Any) -> Any:
    if stack:
        top = stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            assert top.key is not None
            if not top.repeated:
                top.value[top.key] = value
            top.key, top.repeated = None, False
    return value


def _key(event: Any, mapping: _Open, source: Source, line: int) -> None:
    if not isinstance(event, yaml.ScalarEvent):
        raise _Refused("found a list or mapping as a key, expected a name", line)
    assert isinstance(mapping.value, dict)
    location = (*mapping.location, event.value)
    first = source.key_lines.setdefault(location, line)
    mapping.key, mapping.repeated = event.value, event.value in mapping.value
    if mapping.repeated:
        source.mistake(
            f"found the key {shown(event.value)} again, expected it once; first on line {first}", line
        )


def _untagged(event: Any, line: int) -> None:
    if event.tag is not None:
        raise _Refused(f"found the tag {shown(event.tag)}, expected a plain value; remove it", line)


def _scalar(loader: Any, event: Any, line: int) -> Any:
    _untagged(event, line)
    tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag == "tag:yaml.org,2002:int" and not re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", event.value):
        # YAML 1.1 reads 010 as 8 and 3:00 as 180: a person who wrote that meant the text.
        return event.value
    node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
    try:
        return loader.construct_object(node)
    except ValueError:
        # A date such as 2027-02-30 or a number of absurd length: the field says what it expected.
        return event.value
