"""The runner's settings: a closed list of CLOISTER_* environment variables, and nothing else of the environment.

Admission holds pods to this list: `platform` values come from the namespace's ConfigMap `cloister` by
configMapKeyRef only, `submit` values are literals of the pod, `pod` values are fieldRefs, `image` values are
baked into the image, and `local` ones exist only where `cloister job run` starts the runner on a laptop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runner.image import occasion
from runner.image.exits import Exit, Failure

Source = Literal["platform", "submit", "pod", "image", "local"]

PREFIX = "CLOISTER_"
LABEL = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
RUN_ID = r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}"
BUCKET = r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"
NUMBER = r"[0-9]{1,15}"
ADDRESS = r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?"


@dataclass(frozen=True)
class Variable:
    """One variable of the list. `default` None: it must be set."""

    name: str
    source: Source
    pattern: str
    meaning: str
    default: str | None = None


VARIABLES: tuple[Variable, ...] = (
    Variable("CLOISTER_TEAM", "platform", LABEL, "the team"),
    # Left out for a job that asks for less than its team may have.
    Variable("CLOISTER_NETWORK", "platform", "sealed|project", "the team file's `network`", "sealed"),
    Variable(
        "CLOISTER_BUCKET_CODE", "platform", BUCKET, "the team's bucket of code packages and environments"
    ),
    Variable("CLOISTER_BUCKET_DATA", "platform", BUCKET, "the team's data bucket"),
    Variable("CLOISTER_BUCKET_ARTIFACTS", "platform", BUCKET, "the team's artifacts bucket"),
    Variable("CLOISTER_BUCKET_RESULTS", "platform", BUCKET, "the team's results bucket"),
    Variable("CLOISTER_STORE", "platform", ADDRESS, "off Google Cloud: the object store's address", ""),
    Variable(
        "CLOISTER_METADATA", "platform", r"[A-Za-z0-9.:-]+", "off Google Cloud: the metadata server", ""
    ),
    Variable(
        "CLOISTER_LOG_LIMIT", "platform", NUMBER, "bytes of the command's output a run may log", "8388608"
    ),
    Variable(
        "CLOISTER_PATIENCE", "platform", NUMBER, "seconds to keep trying a store that does not answer", "120"
    ),
    Variable(
        "CLOISTER_GRACE", "platform", NUMBER, "seconds between SIGTERM and SIGKILL for the command", "20"
    ),
    Variable("CLOISTER_JOB", "submit", LABEL, "the job's name"),
    Variable("CLOISTER_RUN_ID", "submit", RUN_ID, "the run: UTC yyyymmdd-hhmmss- and 8 hex digits", ""),
    Variable("CLOISTER_SPEC", "submit", r"(?s).*", "what to run, as JSON (spec.py)"),
    Variable("CLOISTER_SHARDS", "submit", r"[1-9][0-9]{0,4}", "how many shards the run has", "1"),
    Variable(
        "CLOISTER_IMAGE", "submit", r"\S*@sha256:[0-9a-f]{64}", "the image's digest, for the run record", ""
    ),
    Variable("CLOISTER_OCCASION", "pod", LABEL, "for a run without an id: the Kubernetes Job's name", ""),
    Variable("CLOISTER_OCCASION_UID", "pod", r"[0-9a-f-]{36}", "its uid", ""),
    Variable("CLOISTER_SHARD", "pod", r"[0-9]{1,5}", "this pod's completion index", "0"),
    Variable(
        "CLOISTER_ISOLATION",
        "image",
        "container|namespaces",
        "who isolates the command's files and processes",
        "namespaces",
    ),
    Variable("CLOISTER_WORK", "local", r"/[^\x00]*", "the directory to work in", "/work"),
    Variable(
        "CLOISTER_ENVIRONMENTS",
        "local",
        r"/[^\x00]*",
        "directory of environments built here, by lock digest",
        "",
    ),
)


@dataclass(frozen=True)
class Config:
    """The settings of one run, checked."""

    team: str
    sealed: bool
    buckets: Mapping[str, str]  # by kind: code, data, artifacts, results
    store: str
    metadata: str
    log_limit: int
    patience: int
    grace: int
    job: str
    run_id: str
    spec: str
    shards: int
    shard: int
    image: str
    namespaces: bool
    work: Path
    environments: Path | None


def read(environ: Mapping[str, str]) -> Config:
    """The settings in `environ`. Raises Failure BAD_JOB naming every variable that is wrong."""
    known = {variable.name for variable in VARIABLES}
    mistakes = [
        f"{name} is not a setting of the runner"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known
    ]
    value: dict[str, str] = {}
    for variable in VARIABLES:
        found = environ.get(variable.name) or variable.default
        value[variable.name] = found or ""
        if found is None:
            mistakes.append(f"{variable.name} is not set ({variable.meaning})")
        elif found and not re.fullmatch(variable.pattern, found):
            mistakes.append(f"{variable.name} is not valid ({variable.meaning})")
    run_id = value["CLOISTER_RUN_ID"] or occasion.run_id(
        value["CLOISTER_OCCASION"], value["CLOISTER_OCCASION_UID"]
    )
    if not run_id:
        mistakes.append("CLOISTER_RUN_ID is not set, and no schedule started the run")
    if not mistakes and int(value["CLOISTER_SHARD"]) >= int(value["CLOISTER_SHARDS"]):
        mistakes.append("CLOISTER_SHARD is not below CLOISTER_SHARDS")
    if mistakes or not run_id:
        raise Failure(Exit.BAD_JOB, "; ".join(mistakes), "Submit with `cloister job`, which sets these")
    environments = value["CLOISTER_ENVIRONMENTS"]
    return Config(
        team=value["CLOISTER_TEAM"],
        sealed=value["CLOISTER_NETWORK"] == "sealed",
        buckets={
            kind: value[f"CLOISTER_BUCKET_{kind.upper()}"]
            for kind in ("code", "data", "artifacts", "results")
        },
        store=value["CLOISTER_STORE"],
        metadata=value["CLOISTER_METADATA"],
        log_limit=int(value["CLOISTER_LOG_LIMIT"]),
        patience=int(value["CLOISTER_PATIENCE"]),
        grace=int(value["CLOISTER_GRACE"]),
        job=value["CLOISTER_JOB"],
        run_id=run_id,
        spec=value["CLOISTER_SPEC"],
        shards=int(value["CLOISTER_SHARDS"]),
        shard=int(value["CLOISTER_SHARD"]),
        image=value["CLOISTER_IMAGE"],
        namespaces=value["CLOISTER_ISOLATION"] == "namespaces",
        work=Path(value["CLOISTER_WORK"]),
        environments=Path(environments) if environments else None,
    )


def forget(environ: MutableMapping[str, str]) -> None:
    """Empty the environment once it was read.

    Libraries look for proxies, certificates, credentials and emulators there; none of that may steer a process
    that holds the team's identity.
    """
    environ.clear()
