"""The registry's answers as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cloister.declarations.terminal import table
from runner.client.models.asking import Answer
from runner.client.view import printable, size

SHORT = 19  # characters of a digest: `sha256:` and 12 hex digits


def published(answer: Answer) -> Iterator[str]:
    version = answer.record["result"]
    again = "is already" if version.get("existed") else "is"
    yield f"run {version['lineage']['run_id']} {again} version {version['number']} of {version['model']}"
    yield f"  {len(answer.rows)} files, {size(version['bytes'])}, {version['digest'][:SHORT]}"


def listed(answer: Answer) -> Iterable[str]:
    if not answer.rows:
        return ["no versions"]
    rows = [["MODEL", "VERSION", "STAGES", "PUBLISHED", "BY", "RUN", "SIZE", "METRICS"]]
    rows += [
        [
            row["model"], str(row["number"]), ", ".join(row["stages"]), row["published"], row["by"],
            row["run_id"], size(row["bytes"]), _metrics(row["metrics"]),
        ]
        for row in answer.rows
    ]  # fmt: skip
    return table(rows)


def version(answer: Answer) -> Iterator[str]:
    found = answer.record["result"]
    where = f", in {' and '.join(found['stages'])}" if found["stages"] else ""
    yield printable(f"version {found['number']} of {found['model']}{where}")
    yield printable(f"  published {found['published']} by {found['by']}, {found['digest']}")
    yield printable(
        f"  license {found['license']}, {size(found['bytes'])}, {found['golden']['requests']} golden requests"
    )
    yield printable(f"  metrics {_metrics(found['metrics']) or 'none'}")
    for side, columns in found["signature"].items():
        yield printable(f"  {side} " + ", ".join(f"{c['name']}: {_type(c)}" for c in columns))
    lineage = found["lineage"]
    yield printable(f"  run {lineage['run_id']} of {lineage['job']}, code {str(lineage['code'])[:SHORT]}")
    for item in lineage["inputs"]:
        yield printable(
            f"  read {item['objects']} objects of {item['bucket']}, up to generation {item['generation']}"
        )
    for step_ in found["steps"]:
        yield printable(
            f"  {step_['at']} {step_['action']} {step_['stage']} by {step_['by']}  {step_['reason']}".rstrip()
        )
    yield from (
        f"  {line}" for line in table([["FILE", "KIND", "SIZE", "SHA-256"], *map(_file, answer.rows)])
    )


def changes(answer: Answer) -> Iterable[str]:
    result = answer.record["result"]
    if not answer.rows:
        return [f"versions {result['first']} and {result['second']} of {result['model']} are the same"]
    rows = [["WHAT", str(result["first"]), str(result["second"])]]
    return table(rows + [[row["what"], _value(row["first"]), _value(row["second"])] for row in answer.rows])


def step(answer: Answer) -> Iterator[str]:
    done = answer.record["result"]
    if done.get("existed"):
        yield f"version {done['number']} of {done['model']} is in {done['stage']} already"
        return
    yield f"{done['stage']} of {done['model']} is version {done['number']} (step {done['sequence']}, {done['action']})"
    for check in done["checks"]:
        yield printable(f"  {check['check']}: {check['said']}")


def released(answer: Answer) -> Iterator[str]:
    done = answer.record["result"]
    yield printable(
        f"version {done['number']} of {done['model']} is released to {done['to']} until {done['until']}"
    )
    yield printable(f"  gs://{done['bucket']}/{done['prefix']}  {len(answer.rows)} files")


def _metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in metrics.items())


def _type(column: dict[str, Any]) -> str:
    return f"array of {column['items']['type']}" if column["type"] == "array" else str(column["type"])


def _file(row: dict[str, Any]) -> list[str]:
    return [row["path"], row["kind"], size(row["bytes"]), row["sha256"][:12]]


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
