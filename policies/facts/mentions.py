"""Destinations written inside free text: parameters of a job, the source of a workflow, the text of a query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.destinations import Place, place
from policies.facts.urls import url_place
from policies.facts.world import World

_BUCKET = re.compile(r"\bgs://([a-z0-9][a-z0-9._-]+)")
_URL = re.compile(r"\bhttps?://[^\s\"'<>|,;)\]}\\]+")
_FOREIGN_CLOUD = re.compile(
    r"\b(?:s3a?|abfss?|wasbs?|azure|jdbc:[a-z0-9]+|sftp|ftp|kafka|mongodb|amqps?)://[^\s\"',;]+"
)
_NAME = re.compile(r"\bprojects/([a-z][a-z0-9-]{4,28}[a-z0-9]|\d+)/[A-Za-z]+/[\w./~%+-]+")
_TABLE = re.compile(r"`?\b([a-z][a-z0-9-]{4,28}[a-z0-9])[:.]([A-Za-z_]\w*)\.[A-Za-z_]\w*")


def mentions(world: World, value: Any, tables: bool = False) -> Iterator[Place]:
    """Every bucket, URL, full resource name (and, with ``tables``, BigQuery table) in a text, map or list of texts."""
    if isinstance(value, Unknown):
        yield place(world, value, "resource")
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from mentions(world, inner, tables)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from mentions(world, inner, tables)
    elif isinstance(value, str):
        yield from _in_text(world, value, tables)


def _in_text(world: World, text: str, tables: bool) -> Iterator[Place]:
    for found in _BUCKET.finditer(text):
        yield place(world, found[1], "bucket")
    for found in _URL.finditer(text):
        yield url_place(world, found[0])
    for found in _FOREIGN_CLOUD.finditer(text):
        yield Place("foreign", found[0], "which is not Google Cloud")
    for found in _NAME.finditer(_URL.sub(" ", text)):
        yield place(world, found[0], "resource")
    if tables:
        for found in _TABLE.finditer(_BUCKET.sub(" ", _URL.sub(" ", text))):
            if "-" in found[1] or ":" in found[0]:
                yield place(world, f"{found[1]}.{found[2]}.t", "dataset")
