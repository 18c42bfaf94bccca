"""The one change in platform.yaml: an image's digest. Comments, order and quotes stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cloister.declarations import load


class NotWritten(Exception):
    """The file has no place for the image; one line."""


def with_image(text: str, key: str, reference: str) -> str:
    """The text of platform.yaml with `images.<key>` naming `reference`. Raises NotWritten."""
    images = _value(yaml.compose(text, Loader=yaml.SafeLoader), "images")
    if not isinstance(images, yaml.MappingNode) or not images.value:
        raise NotWritten("platform.yaml: found no mapping images; it is where the digest belongs")
    old = _value(images, key)
    if old is not None:
        quote = old.style if old.style in ('"', "'") else ""
        return f"{text[: old.start_mark.index]}{quote}{reference}{quote}{text[old.end_mark.index :]}"
    last_key, last = images.value[-1]
    at = last.end_mark.index
    if images.flow_style:
        return f'{text[:at]}, {key}: "{reference}"{text[at:]}'
    end = text.find("\n", at)
    at = len(text) if end < 0 else end
    return f'{text[:at]}\n{" " * last_key.start_mark.column}{key}: "{reference}"{text[at:]}'


def write_image(root: Path, key: str, reference: str) -> bool:
    """Put the image into `root`/platform.yaml; whether that changed anything.

    Raises NotWritten, or DeclarationErrors where the declarations would not load with it: the file is then as it was.
    """
    path = root / "platform.yaml"
    before = path.read_bytes()
    after = with_image(before.decode("utf-8"), key, reference).encode()
    if after == before:
        return False
    _replace(path, after)
    try:
        load(root)
    except BaseException:
        _replace(path, before)
        raise
    return True


def _value(node: Any, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _replace(path: Path, content: bytes) -> None:
    """At once and wholly, so that nobody reads half of it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.chmod(path.stat().st_mode)
    beside.replace(path)
