"""Answers in files: exports and lists of Cloud Asset Inventory, the operations that made them, and recordings.

An export is one asset a line; ``gcloud asset list --format json`` is an array; the REST method is pages of ``assets``. None
of them says what was asked: the export's operation does (``gcloud asset operations describe ... --format json``), and a
recording of ``cloister audit --save`` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit.assets.shape import snake
from audit.model import Json, Part, Reading
from policies.snapshot.model import Input, InputError
from policies.snapshot.reading import parse, read_bytes

RECORDING = "cloister audit"
# Which field of an asset carries which part, by the inventory's content type.
CONTENT: dict[str, tuple[Part, tuple[str, ...]]] = {
    "RESOURCE": ("resources", ("resource",)),
    "IAM_POLICY": ("iam", ("iamPolicy",)),
    "ORG_POLICY": ("org-policies", ("orgPolicy",)),
    "ACCESS_POLICY": ("access-policies", ("accessPolicy", "accessLevel", "servicePerimeter")),
}
_REQUEST = "ExportAssetsRequest"
_UNPROVEN = "nothing says that it was made of the whole project: give its operation, or --whole"


def read_files(paths: Iterable[Path], whole: bool) -> list[Reading]:
    """Every answer in the files. ``whole``: the caller's word that exports without an operation were not narrowed.

    Raises ``InputError`` with one line per mistake of every file.
    """
    readings: list[Reading] = []
    operations: list[Json] = []
    mistakes: list[str] = []
    for path in paths:
        try:
            data = read_bytes(path)
            source = Input(str(path), sha256(data).hexdigest())
            trees = _trees(data, path)
            if len(trees) == 1 and _is_operation(trees[0]):
                operations.append(_operation(trees[0], path))
            elif len(trees) == 1 and RECORDING in trees[0]:
                readings += _recorded(trees[0], source)
            else:
                readings += _assets(trees, source)
        except InputError as error:
            mistakes += error.messages
    if mistakes:
        raise InputError(*mistakes)
    return [_proven(reading, operations, whole) for reading in readings]


def recording(readings: Iterable[Reading]) -> str:
    """What ``--save`` writes: the answers as they came, and what each was asked of."""
    answers = [
        {"part": reading.part, "when": reading.when, "of": reading.of, "narrowed": reading.narrowed, "source": reading.source.path,
         "items": list(reading.items)}
        for reading in readings
    ]  # fmt: skip
    return json.dumps({RECORDING: 1, "answers": answers}, indent=1, ensure_ascii=False) + "\n"


def _trees(data: bytes, path: Path) -> list[Json]:
    """The JSON objects of a file: lines of them, one, or the elements of an array."""
    first = data.lstrip()[:1]
    lines = [line for line in data.splitlines() if line.strip()]
    if first == b"{" and len(lines) > 1 and lines[0].rstrip().endswith(b"}") and _is_json(lines[0]):
        found = [parse(line, path) for line in lines]
    else:
        tree = parse(data, path)
        found = tree if isinstance(tree, list) else [tree]
    if not all(isinstance(item, dict) for item in found):
        raise InputError(f"{path}: an object is needed on every line, not other JSON")
    return [
        item
        for tree in found
        for item in (tree["assets"] if isinstance(tree.get("assets"), list) else [tree])
    ]


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _is_operation(tree: Mapping[str, Any]) -> bool:
    metadata = tree.get("metadata")
    return isinstance(metadata, Mapping) and str(metadata.get("@type", "")).endswith(_REQUEST)


def _operation(tree: Json, path: Path) -> Json:
    if tree.get("done") is not True or "error" in tree:
        raise InputError(
            f"{path}: an export that is not done; wait until its operation says done, and export again if it failed"
        )
    metadata: Json = tree["metadata"]
    return {**metadata, "readTime": (tree.get("response") or {}).get("readTime", ""), "path": str(path)}


def _assets(trees: list[Json], source: Input) -> list[Reading]:
    found: dict[str, list[Json]] = {}
    for number, tree in enumerate(trees, start=1):
        if not isinstance(get(tree, "name"), str) or not isinstance(get(tree, "assetType"), str):
            raise InputError(f"{source.path}:{number}: no asset: name and assetType are needed")
        for content, (_, fields) in CONTENT.items():
            if any(get(tree, field) is not None for field in fields):
                found.setdefault(content, []).append(tree)
    if not found:
        raise InputError(
            f"{source.path}: assets without content; export with: --content-type resource, iam-policy, org-policy or access-policy"
        )
    when = max((str(get(tree, "updateTime") or "") for tree in trees), default="")
    return [
        Reading(CONTENT[content][0], source, tuple(items), f"after {when}" if when else "", "", _UNPROVEN)
        for content, items in found.items()
    ]


def _proven(reading: Reading, operations: list[Json], whole: bool) -> Reading:
    """A reading with what its operation says of it."""
    if reading.narrowed != _UNPROVEN:
        return reading
    for operation in operations:
        content = str(get(operation, "contentType"))
        if CONTENT.get(content, ("",))[0] == reading.part:
            types = get(operation, "assetTypes") or ()
            narrowed = f"its operation asked for {', '.join(types)} only" if types else ""
            return Reading(
                reading.part,
                reading.source,
                reading.items,
                str(operation["readTime"]),
                str(operation.get("parent", "")),
                narrowed,
            )
    return Reading(
        reading.part, reading.source, reading.items, reading.when, reading.of, "" if whole else _UNPROVEN
    )


def _recorded(tree: Json, source: Input) -> list[Reading]:
    answers = tree.get("answers")
    if tree[RECORDING] != 1 or not isinstance(answers, list):
        raise InputError(f"{source.path}: a recording of another version")
    try:
        return [
            Reading(item["part"], source, tuple(item["items"]), item["when"], item["of"], item["narrowed"])
            for item in answers
        ]
    except (KeyError, TypeError):
        raise InputError(f"{source.path}: not a whole recording") from None


def get(tree: Mapping[str, Any], name: str) -> Any:
    """A field of a message, in camel case (REST) or in snake case (exports)."""
    return tree.get(name, tree.get(snake(name)))
