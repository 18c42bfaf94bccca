"""What to run: the job as `cloister job` hands it over in CLOISTER_SPEC, checked again inside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.image.exits import Exit, Failure
from runner.image.paths import UnsafeName, safe_parts

VERSION = 1
DIGEST = r"sha256:[0-9a-f]{64}"
METRIC = r"[A-Za-z_][A-Za-z0-9_.]{0,62}"
INPUT_BUCKETS = ("data", "artifacts", "results")
OUTPUT_BUCKETS = ("artifacts", "results")
LONGEST_TIMEOUT = 30 * 24 * 3600


@dataclass(frozen=True)
class Input:
    """Objects to stage: `prefix` of a bucket kind, to a directory. A prefix without a final / is one object."""

    kind: str
    prefix: str
    to: str


@dataclass(frozen=True)
class Output:
    """A directory to publish, and the kind of bucket."""

    path: str
    kind: str


@dataclass(frozen=True)
class Spec:
    """The job. Digests are `sha256:` and 64 hex digits; `timeout` is in seconds."""

    run: tuple[str, ...]
    code: str
    lock: str | None
    environment: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    timeout: int
    metrics: tuple[str, ...]


def is_command(value: Any) -> bool:
    texts = isinstance(value, list) and all(isinstance(a, str) and "\0" not in a for a in value)
    return texts and bool(value) and bool(value[0].strip())


def is_path(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return bool(safe_parts(value.removeprefix("./").removesuffix("/")))
    except UnsafeName:
        return False


def _is_place(value: Any) -> bool:
    return isinstance(value, str) and value.partition("/")[0] in INPUT_BUCKETS and "/" in value


def _each(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _pair(**checks: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, dict)
        and set(value) == {key.rstrip("_") for key in checks}
        and all(check(value[key.rstrip("_")]) for key, check in checks.items())
    )


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _or_null(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


# key -> (is it right?, what is expected)
KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "version": (lambda value: value == VERSION, f"{VERSION}"),
    "run": (is_command, "a command and its arguments"),
    "code": (_matches(DIGEST), "a sha256 digest"),
    "lock": (_or_null(_matches(DIGEST)), "a sha256 digest or null"),
    "environment": (_or_null(_matches(DIGEST)), "a sha256 digest or null"),
    "inputs": (_each(_pair(from_=_is_place, to=is_path)), "a list of {from: bucket/prefix, to: directory}"),
    "outputs": (
        _each(_pair(from_=is_path, to=lambda value: value in OUTPUT_BUCKETS)),
        "a list of {from: directory, to: artifacts or results}",
    ),
    "timeout": (
        lambda value: type(value) is int and 0 < value <= LONGEST_TIMEOUT,
        f"seconds from 1 to {LONGEST_TIMEOUT}",
    ),
    "metrics": (_each(_matches(METRIC)), "a list of metric names"),
}


def parse(text: str) -> Spec:
    """The job in CLOISTER_SPEC. Raises Failure BAD_JOB naming every key that is wrong."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Failure(Exit.BAD_JOB, "CLOISTER_SPEC is not JSON", "Submit with `cloister job`") from None
    if not isinstance(value, dict):
        raise Failure(Exit.BAD_JOB, "CLOISTER_SPEC is not a JSON object", "Submit with `cloister job`")
    mistakes = [f"unknown key {key!r}" for key in sorted(set(value) - set(KEYS))]
    mistakes += [
        f"{key} is missing" if key not in value else f"{key}: expected {expected}"
        for key, (is_right, expected) in KEYS.items()
        if key not in value or not is_right(value[key])
    ]
    if mistakes:
        raise Failure(Exit.BAD_JOB, "the job cannot run: " + "; ".join(mistakes), "Correct job.yaml")
    return Spec(
        run=tuple(value["run"]),
        code=value["code"],
        lock=value["lock"],
        environment=value["environment"],
        inputs=tuple(_input(item) for item in value["inputs"]),
        outputs=tuple(Output(_directory(item["from"]), item["to"]) for item in value["outputs"]),
        timeout=value["timeout"],
        metrics=tuple(value["metrics"]),
    )


def _input(item: dict[str, str]) -> Input:
    kind, _, prefix = item["from"].partition("/")
    return Input(kind, prefix, _directory(item["to"]))


def _directory(path: str) -> str:
    return "/".join(safe_parts(path.removeprefix("./").removesuffix("/")))


def dump(spec: Spec) -> str:
    """The text that `parse` reads back."""
    return json.dumps(
        {
            "version": VERSION,
            "run": list(spec.run),
            "code": spec.code,
            "lock": spec.lock,
            "environment": spec.environment,
            "inputs": [{"from": f"{i.kind}/{i.prefix}", "to": i.to} for i in spec.inputs],
            "outputs": [{"from": o.path, "to": o.kind} for o in spec.outputs],
            "timeout": spec.timeout,
            "metrics": list(spec.metrics),
        },
        ensure_ascii=True,
    )
