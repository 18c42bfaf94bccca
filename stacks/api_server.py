"""The API server of KUBECONFIG, or of ``make cluster``: whether it answers, and how the kubernetes provider reaches it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubernetes import client, config
from urllib3.exceptions import HTTPError

LOCAL_CLUSTER = Path(".cloister/cluster/admin.kubeconfig")
# How long an API server may take to say its version, in seconds.
PATIENCE = 5


def kubeconfig() -> Path | None:
    """The file by which an API server is reached that answers, KUBECONFIG's or that of this folder; None where none does."""
    path = Path(os.environ.get("KUBECONFIG") or LOCAL_CLUSTER)
    return path if answers(path) else None


def answers(path: Path) -> bool:
    """Whether the server of a kubeconfig says its version to its user, under a certificate of its cluster's authority.

    False where there is no such file, the server is down, certificates are gone, or the one at its address is another's.
    """
    try:
        with _client(path) as api:
            said = client.VersionApi(api).get_code(_preload_content=False, _request_timeout=PATIENCE)
            return "gitVersion" in json.loads(said.data)
    except (config.ConfigException, client.ApiException, HTTPError, OSError, ValueError):
        return False


def provider_arguments(path: Path) -> dict[str, str]:
    """What the kubernetes provider is told in order to reach the server of a kubeconfig."""
    with _client(path) as api:
        return dict(_arguments(api.configuration))


def _client(path: Path) -> Any:
    api = config.new_client_from_config(str(path))
    api.configuration.retries = False
    return client.ApiClient(api.configuration)


def _arguments(found: Any) -> Iterator[tuple[str, str]]:
    yield "host", found.host
    for argument, file in (
        ("cluster_ca_certificate", found.ssl_ca_cert),
        ("client_certificate", found.cert_file),
        ("client_key", found.key_file),
    ):
        if file:
            yield argument, Path(file).read_text()
    if token := found.api_key.get("authorization"):
        yield "token", token.removeprefix("Bearer ")
