"""The server's settings: a closed list of CLOISTER_* environment variables, and nothing else of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.image.config import LABEL, PREFIX, Config
from runner.image.exits import Exit, Failure

KUBERNETES = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")
LOOPBACK = "127.0.0.1"
_LABELS = rf"{LABEL}(?:,{LABEL})*"
_AUDIENCE = r"[A-Za-z0-9][A-Za-z0-9./:_-]{0,200}"

# name -> pattern, default (None: it must be set), meaning
VARIABLES: dict[str, tuple[str, str | None, str]] = {
    "CLOISTER_TEAM": (LABEL, None, "the team"),
    "CLOISTER_WORK": (r"/[^\x00]*", "/work", "where the version was laid out"),
    "CLOISTER_ISOLATION": (
        "container|namespaces",
        "namespaces",
        "who isolates the model's files and processes",
    ),
    "CLOISTER_ENVIRONMENTS": (r"/[^\x00]*", "", "directory of environments built here, by lock digest"),
    "CLOISTER_LOG_LIMIT": (r"[0-9]{1,15}", "8388608", "bytes of the model's own words that are logged"),
    "CLOISTER_ADDRESS": (r"[0-9.]{7,15}", "0.0.0.0", "the address to listen on"),
    "CLOISTER_PORT": (r"[0-9]{1,5}", "8080", "the port to listen on; 0 takes a free one"),
    "CLOISTER_AUDIENCE": (_AUDIENCE, "", "the audience that callers' tokens must have; none: loopback only"),
    "CLOISTER_CALLERS": (_LABELS, "", "the namespaces that may call; none: nobody"),
    "CLOISTER_SECONDS": (r"[1-9][0-9]{0,2}", "10", "how long a request may take"),
}


@dataclass(frozen=True)
class Settings:
    """`audience` empty: whoever reaches 127.0.0.1 may call, and the server listens nowhere else."""

    team: str
    work: Path
    namespaces: bool
    environments: Path | None
    log_limit: int
    address: str
    port: int
    audience: str
    callers: frozenset[str]
    seconds: float
    api: str  # host:port of the Kubernetes API, where there is one

    def runner(self, run_id: str) -> Config:
        """What the runner's own parts want to know: no bucket, no store, no identity."""
        return Config(
            team=self.team,
            sealed=True,
            buckets={},
            store="",
            metadata="",
            log_limit=self.log_limit,
            patience=0,
            grace=0,
            job="serve",
            run_id=run_id,
            spec="",
            shards=1,
            shard=0,
            image="",
            namespaces=self.namespaces,
            work=self.work,
            environments=self.environments,
        )


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises Failure BAD_JOB naming every variable that is wrong."""
    mistakes = [
        f"{name} is not a setting of the server"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in VARIABLES
    ]
    value: dict[str, str] = {}
    for name, (pattern, default, meaning) in VARIABLES.items():
        found = environ.get(name) or default
        value[name] = found or ""
        if found is None:
            mistakes.append(f"{name} is not set ({meaning})")
        elif found and not re.fullmatch(pattern, found):
            mistakes.append(f"{name} is not valid ({meaning})")
    address, audience = value["CLOISTER_ADDRESS"], value["CLOISTER_AUDIENCE"]
    host, port = (environ.get(name, "") for name in KUBERNETES)
    if not audience and address != LOOPBACK:
        mistakes.append(
            f"CLOISTER_AUDIENCE is not set, and CLOISTER_ADDRESS is not {LOOPBACK}: anybody could call"
        )
    if audience and not (host and port):
        mistakes.append(f"{' and '.join(KUBERNETES)} are not set: nobody could say whose a token is")
    if not mistakes and int(value["CLOISTER_PORT"]) > 65535:
        mistakes.append("CLOISTER_PORT is above 65535")
    if mistakes:
        raise Failure(
            Exit.BAD_JOB, "; ".join(mistakes), "Serve with `cloister model serve`, which sets these"
        )
    environments = value["CLOISTER_ENVIRONMENTS"]
    return Settings(
        team=value["CLOISTER_TEAM"],
        work=Path(value["CLOISTER_WORK"]),
        namespaces=value["CLOISTER_ISOLATION"] == "namespaces",
        environments=Path(environments) if environments else None,
        log_limit=int(value["CLOISTER_LOG_LIMIT"]),
        address=address,
        port=int(value["CLOISTER_PORT"]),
        audience=audience,
        callers=frozenset(filter(None, value["CLOISTER_CALLERS"].split(","))),
        seconds=float(value["CLOISTER_SECONDS"]),
        api=f"{f'[{host}]' if ':' in host else host}:{port}",
    )
