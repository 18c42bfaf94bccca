"""Arguments that the channels of these families name exist in the provider, spelled as it spells them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from policies.facts import schema

CHANNELS = Path(__file__).parents[3] / "policies" / "channels"
SOURCES = [
    *(CHANNELS / f"{name}.py" for name in ("bq", "msg", "log", "reg", "sec", "db")),
    *sorted((CHANNELS / "srv").glob("*.py")),
    *sorted((CHANNELS / "cmp").glob("*.py")),
    CHANNELS.parent / "facts" / "machine_metadata.py",
]
# Arguments of google-beta, or of a later google, that 6.50.0 does not have.
NEWER = {
    ("google_pubsub_subscription", "bigtable_config.table"),
    ("google_healthcare_dicom_store", "stream_configs.bigquery_destination.table_uri"),
    ("google_container_node_pool", "node_config.node_image_config.image"),
    ("google_container_node_pool", "node_config.node_image_config.image_project"),
    ("google_container_cluster", "node_config.node_image_config.image_project"),
    ("google_filestore_instance", "networks.psc_config.endpoint_project"),
}


def text(node: ast.expr, names: dict[str, str]) -> str:
    """A string constant, a name that stands for one, or an f-string of these; else empty."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.JoinedStr):
        return "".join(
            text(part.value if isinstance(part, ast.FormattedValue) else part, names) for part in node.values
        )
    return ""


def named(source: Path) -> Iterator[tuple[str, str]]:
    """(type, path) of every row of a table and every call that has both."""
    module = ast.parse(source.read_text())
    names = {
        node.targets[0].id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }  # fmt: skip
    for node in ast.walk(module):
        parts = (
            node.elts if isinstance(node, ast.Tuple) else node.args[1:] if isinstance(node, ast.Call) else []
        )
        first, second, *_ = [text(part, names) for part in parts] + ["", ""]
        plain = (
            second
            and " " not in second
            and not second.startswith("google_")
            and not second.startswith(".")
            and not second.endswith(".")
        )
        if first.startswith("google_") and plain:
            yield first, second


def test_paths_exist() -> None:
    rows = {row for source in SOURCES for row in named(source)}
    known = {row for row in rows if schema.attributes(row[0])}
    assert len(known) > 150
    assert {(type_, path) for type_, path in known if path not in schema.attributes(type_)} == NEWER
