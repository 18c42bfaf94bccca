"""What the platform tells the canary: one JSON object in its environment. Every place it may send to is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

VARIABLE = "CLOISTER_CANARY"
# Of the pod's own fields, where it has some.
JOB, NODE, INDEX = "CLOISTER_CANARY_JOB", "CLOISTER_CANARY_NODE", "JOB_COMPLETION_INDEX"


class BadSettings(Exception):
    """What is wrong with them, in one line."""


@dataclass(frozen=True)
class Settings:
    """Places, and the facts by which answers are judged. An empty place is not tried."""

    project: str
    account: str  # the e-mail address the canary's pod should have, and no other
    node_account: str  # the address of its node's account, which it must not get
    internet: str  # an IPv4 address outside that answers on TCP 443, on 53 by both protocols, and to ping
    internet_v6: str  # the same by IPv6
    private_vip: str  # an address of Google's that serves other APIs than the restricted ones
    api: str  # an address of Google's that the platform does reach, for what runs sealed
    outside_name: str  # a domain that the internet knows and the platform must not
    metadata: str  # host, or host:port
    store: str  # URL of Cloud Storage
    foreign_bucket: str  # of another project, that anyone may read; only where a perimeter should refuse it
    namespace: str  # where the teams' declarations lie
    kinds: tuple[str, ...]  # of a team's buckets
    job: str = ""
    node: str = ""
    peer: bool = False  # this pod is the one that listens

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Raises BadSettings."""
        own: dict[str, Any] = {
            "job": environ.get(JOB, ""),
            "node": environ.get(NODE, ""),
            "peer": environ.get(INDEX) == "1",
        }
        try:
            given = json.loads(environ.get(VARIABLE, ""))
        except ValueError as error:
            raise BadSettings(f"{VARIABLE} is no JSON: {error}") from None
        wanted = {field.name for field in fields(cls)} - own.keys()
        if not isinstance(given, dict) or given.keys() != wanted:
            raise BadSettings(f"{VARIABLE} is an object with exactly: {', '.join(sorted(wanted))}")
        texts, kinds = {name: value for name, value in given.items() if name != "kinds"}, given["kinds"]
        if not isinstance(kinds, list) or not all(
            isinstance(each, str) for each in (*texts.values(), *kinds)
        ):
            raise BadSettings(f"{VARIABLE} holds text, and `kinds` a list of it")
        return cls(**texts, kinds=tuple(kinds), **own)
