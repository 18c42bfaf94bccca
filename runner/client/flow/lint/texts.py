"""Rules over the strings of a flow: addresses, buckets, and what cards load."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cloister.declarations.mistakes import shown
from runner.client.flow.lint.inside import Inside
from runner.client.flow.lint.source import Source, Text

Hit = tuple[ast.AST, str]

_URL = re.compile(
    r"\s*(?:https?|wss?|ftps?|sftp|tcp|git\+https?|git\+ssh|ssh|jdbc:\w+|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqps?)://(?P<host>[^/\s]*)",
    re.I,
)
_BUCKET = re.compile(
    r"\s*(?P<scheme>s3[an]?|gs|az|abfss?|wasbs?|adl|hdfs|oss|swift|r2)://(?P<bucket>[^/\s]*)", re.I
)
_ASSET = re.compile(
    r"""<(?:img|script|iframe|link|source|video|audio|embed|object)\b[^>]*?\b(?:src|href|data)\s*=\s*["']?(?P<tag>(?:https?:)?//[^"'\s>]+)"""
    r"""|!\[[^\]]*\]\((?P<picture>https?://[^)\s]+)"""
    r"""|url\(\s*["']?(?P<style>(?:https?:)?//[^"')\s]+)"""
    r"""|@import\s+["'](?P<sheet>(?:https?:)?//[^"']+)""",
    re.I,
)  # fmt: skip
# Names that look like addresses and are never called.
_NAMESPACES = (
    "http://www.w3.org/",
    "https://www.w3.org/",
    "https://vega.github.io/schema/",
    "http://json-schema.org/",
)
_SAID = frozenset(
    {"print", "warn", "debug", "info", "warning", "error", "exception", "critical", "log", "echo"}
)
_DOCUMENTATION = frozenset({"help", "description", "doc", "__doc__", "epilog", "title", "label", "caption"})


def urls(source: Source, inside: Inside) -> Iterator[Hit]:
    """No address of another host is passed to anything that could call it."""
    for text in source.texts:
        found = _URL.match(text.value)
        if found and not text.value.strip().startswith(_NAMESPACES) and not _only_said(source, text):
            host = found["host"].rpartition("@")[2]
            yield (
                text.node,
                "an address the flow computes"
                if "\0" in host or not host
                else f"an address at {shown(host)}",
            )


def buckets(source: Source, inside: Inside) -> Iterator[Hit]:
    """No bucket is named but the team's own."""
    for text in source.texts:
        found = _BUCKET.match(text.value)
        if found is None or _only_said(source, text):
            continue
        scheme, bucket = found["scheme"].lower(), found["bucket"]
        if not bucket or "\0" in bucket or (not text.whole and found.end() == len(text.value)):
            yield text.node, f"a bucket at {scheme}:// whose name the flow computes"
        elif scheme != "gs" or bucket not in inside.buckets:
            owner = f", which is not team {inside.team}'s" if inside.team else ""
            yield text.node, f"the bucket {scheme}://{bucket}{owner}"


def card_assets(source: Source, inside: Inside) -> Iterator[Hit]:
    """No card loads pictures, styles or scripts from another host."""
    for text in source.texts:
        for found in _ASSET.finditer(text.value):
            address = next(filter(None, found.groups()))
            if not address.startswith(_NAMESPACES):
                yield text.node, f"a card that loads {shown(address.replace(chr(0), '...'), 60)}"


def _only_said(source: Source, text: Text) -> bool:
    """Whether a string is shown or compared, and not passed on."""
    node: ast.AST = text.node
    while (parent := source.parents.get(node)) is not None:
        if isinstance(parent, ast.keyword) and parent.arg in _DOCUMENTATION:
            return True
        if isinstance(parent, ast.Call) and node is not parent.func:
            name = (
                parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
            )
            return (
                name in _SAID
                or name.endswith(("Error", "Exception", "Warning"))
                or name in ("startswith", "endswith")
            )
        if isinstance(parent, (ast.Compare, ast.Raise, ast.Assert)):
            return True
        if isinstance(parent, ast.stmt):
            return False
        node = parent
    return False
