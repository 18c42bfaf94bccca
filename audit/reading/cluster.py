"""Every object of a cluster, as its API server tells it. Of Secrets and ConfigMaps only names are asked for, never what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from audit.model import Json, Reading
from policies.snapshot.model import Input, InputError

TIMEOUT = (5, 60)  # seconds to connect, and for an answer
PAGE = 500
NAMES_ONLY = ("secrets", "configmaps")
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def read_cluster(kubeconfig: str | None, context: str | None) -> Reading:
    """All listable objects. Raises ``InputError`` where there is no cluster or it does not answer.

    A kind that the caller may not list narrows the reading: what it holds is then not known.
    """
    try:
        configured = config.new_client_from_config(kubeconfig, context)  # type: ignore[no-untyped-call]
    except (ConfigException, TypeError, OSError) as error:
        raise InputError(
            f"no cluster is configured here ({' '.join(str(error).split())}); give --kubeconfig or --context"
        ) from None
    host = str(configured.configuration.host)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    items: list[Json] = []
    refused: list[str] = []
    digest = sha256()
    try:
        for group, resource, kind in _kinds(configured):
            try:
                for item in _list(configured, f"{group}/{resource}", resource in NAMES_ONLY):
                    whole = {
                        **item,
                        "kind": kind,
                        "apiVersion": group.removeprefix("/apis/").removeprefix("/api/"),
                    }
                    items.append(whole)
                    digest.update(
                        repr(
                            (
                                kind,
                                item.get("metadata", {}).get("uid"),
                                item.get("metadata", {}).get("resourceVersion"),
                            )
                        ).encode()
                    )
            except ApiException as error:
                if error.status not in (403, 404, 405):
                    raise
                if error.status == 403:
                    refused.append(resource)
    except ApiException as error:
        raise InputError(f"{host}: the cluster refused: {error.status} {error.reason}") from None
    except (HTTPError, OSError) as error:
        raise InputError(f"{host}: no answer: {' '.join(str(error).split())[:200]}") from None
    narrowed = f"its caller may not list {', '.join(sorted(refused))}" if refused else ""
    return Reading(
        "cluster",
        Input(host, digest.hexdigest()),
        tuple(items),
        when,
        context or "the current context",
        narrowed,
    )


def _kinds(configured: Any) -> Iterator[tuple[str, str, str]]:
    """(path of the group, resource, kind) of what can be listed, each kind in its preferred version."""
    groups = _get(configured, "/apis").get("groups", [])
    for group in ("/api/v1", *(f"/apis/{item['preferredVersion']['groupVersion']}" for item in groups)):
        for resource in _get(configured, group).get("resources", []):
            if "/" not in resource["name"] and "list" in resource.get("verbs", ()):
                yield group, resource["name"], resource["kind"]


def _list(configured: Any, path: str, names_only: bool) -> Iterator[Json]:
    follow = ""
    while True:
        page = _get(
            configured,
            path,
            _METADATA if names_only else "application/json",
            [("limit", PAGE), ("continue", follow)],
        )
        yield from page.get("items") or ()
        follow = (page.get("metadata") or {}).get("continue") or ""
        if not follow:
            return


def _get(
    configured: client.ApiClient,
    path: str,
    accept: str = "application/json",
    query: Sequence[tuple[str, Any]] = (),
) -> Json:
    wanted = [(key, value) for key, value in query if value]
    request = configured.param_serialize(
        "GET", path, query_params=wanted, header_params={"Accept": accept}, auth_settings=["BearerToken"]
    )
    answer = configured.call_api(*request, _request_timeout=TIMEOUT)
    body = answer.read()  # type: ignore[no-untyped-call]
    if answer.status != 200:
        raise ApiException(status=answer.status, reason=answer.reason)
    found: Json = json.loads(body)
    return found
