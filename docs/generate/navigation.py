"""The site's navigation: what mkdocs.yml names, its directories spelled out, and no page left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

REST = "How to"  # where pages go that mkdocs.yml does not name


def spelled_out(nav: list[Any], pages: Path) -> list[Any]:
    """`nav` with every entry that ends in `/` replaced by the pages below it, and the pages it forgot added."""
    made = [_entry(each, pages) for each in nav]
    named = set(_named(made))
    forgotten = [name for name in _below(pages, "") if name not in named]
    for entry in made:
        if isinstance(entry, dict) and REST in entry:
            entry[REST] += forgotten
    return made


def _entry(entry: Any, pages: Path) -> Any:
    if isinstance(entry, str):
        return entry
    [(title, value)] = entry.items()
    if isinstance(value, list):
        return {title: [_entry(each, pages) for each in value]}
    return {title: _below(pages, value) if value.endswith("/") else value}


def _below(pages: Path, folder: str) -> list[str]:
    """Pages of a folder, its index first."""
    found = [path.relative_to(pages).as_posix() for path in (pages / folder).rglob("*.md")]
    return sorted(found, key=lambda name: (not name.endswith("/index.md"), name))


def _named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        yield from _named(list(nav.values()))
    else:
        for each in nav:
            yield from _named(each)
