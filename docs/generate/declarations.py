"""The declarations' reference, from their JSON Schemas: every key with its kind and what it means."""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations.schemas import MODELS, schema
from docs.generate.text import code, escaped, table

FILES = {
    "boundary": "boundary.yaml",
    "platform": "platform.yaml",
    "team": "teams/TEAM.yaml",
    "job": "job.yaml",
}
OWNERS = {
    "boundary": "What inside means. Security owns it.",
    "platform": "Capacity and shape. The platform team owns it.",
    "team": "All that a team writes. The team owns it.",
    "job": "What a team submits. It lies in the team's own repository.",
}


def page() -> str:
    """Markdown of the whole reference."""
    parts = [
        "# Declarations\n",
        "Made from the models that read the files. Unknown keys are mistakes. `cloister team schema` prints the JSON"
        " Schemas, by which editors complete and check the files.\n",
    ]
    for name in MODELS:
        whole = schema(name)
        parts.append(f"## {FILES.get(name, name)}\n\n{OWNERS.get(name, '')}\n\n{_keys(name, whole, whole)}\n")
        for definition, its in sorted(whole.get("$defs", {}).items()):
            if "properties" in its:
                parts.append(
                    f"### {name}: {definition} {{#{name}-{definition.lower()}}}\n\n"
                    f"{_said(its.get('description', ''))}\n\n{_keys(name, whole, its)}\n"
                )
    return "\n".join(parts)


def _keys(name: str, whole: dict[str, Any], its: dict[str, Any]) -> str:
    required = set(its.get("required", ()))
    rows = [
        [code(key), _kind(name, value), "yes" if key in required else "no", _said(_meaning(whole, value))]
        for key, value in its.get("properties", {}).items()
    ]
    return table(["key", "kind", "required", "meaning"], rows)


def _said(text: str) -> str:
    """A docstring's words, its backquoted ones as code."""
    parts = text.split("`")
    return "".join(code(part) if index % 2 else escaped(part) for index, part in enumerate(parts))


def _kind(name: str, value: dict[str, Any]) -> str:
    if "$ref" in value:
        model = value["$ref"].rpartition("/")[2]
        return f"[{model}](#{name}-{model.lower()})"
    if "enum" in value:
        return " or ".join(code(str(each)) for each in value["enum"])
    if "const" in value:
        return code(str(value["const"]))
    if options := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(name, each) for each in options))
    if value.get("type") == "array":
        return f"list of {_kind(name, value.get('items', {}))}"
    return escaped(str(value.get("type", "anything")))


def _meaning(whole: dict[str, Any], value: dict[str, Any]) -> str:
    """What is said of a key: by itself, else by what it may be or hold."""
    said = value.get("description", "")
    for each in (value, *value.get("anyOf", ()), *value.get("oneOf", ()), value.get("items", {})):
        model = whole.get("$defs", {}).get(each.get("$ref", "").rpartition("/")[2], {})
        said = said or each.get("description", "") or model.get("description", "")
    if value.get("default") not in (None, [], {}):
        said += f"{'; ' if said else ''}default {json.dumps(value['default'])}"
    return said
