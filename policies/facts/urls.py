"""Where a URL leads that a Google service calls: a service of the snapshot, an API of the own project, or the internet."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from policies.expressions.values import Unknown
from policies.facts.destinations import Place, place
from policies.facts.naming import find
from policies.facts.resource import Res
from policies.facts.world import World

# Resources that answer at an address of their own, and the attributes that hold it.
SERVING = {
    "google_cloud_run_v2_service": ("uri", "urls", "traffic_statuses"),
    "google_cloud_run_service": ("status",),
    "google_cloudfunctions2_function": ("url", "service_config"),
    "google_cloudfunctions_function": ("https_trigger_url",),
}
# Source: cloud.google.com/run/docs/triggering/https-request#deterministic and /functions/docs/calling/http.
_RUN = re.compile(r"^(?P<service>[a-z0-9-]+)-(?P<number>\d+)\.[a-z0-9-]+\.run\.app$")
_FUNCTION = re.compile(r"^[a-z]+-[a-z]+\d+-(?P<project>[a-z0-9-]+)\.cloudfunctions\.net$")
_API = re.compile(r"(?:^|\.)googleapis\.com$")
_PROJECT = re.compile(r"/projects/([^/:?]+)")
_OBJECT = re.compile(r"^/(?:(?:upload/|download/)?storage/v1/b/)?([a-z0-9][a-z0-9._-]+)")


def url_place(world: World, value: Any) -> Place:
    """Where a URL leads, seen from Google's side: it is not the VPC that makes the call."""
    if isinstance(value, Unknown):
        return _referred(world, value)
    text = str(value)
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
        host = (parts.hostname or "").lower().rstrip(".")
    except ValueError:
        return Place("foreign", text, "which is no URL")
    if _private(host):
        return Place("own", f"the private address {host}")
    if _API.search(host):
        return _api(world, host, parts.path, text)
    own = _own_host(world, host)
    return own or Place("foreign", text, "which is no service of the snapshot, so anybody may run it")


def _referred(world: World, value: Unknown) -> Place:
    whole = value.exact or value.suffix.startswith(("/", "?"))
    target = world.referred(replace(value, exact=True, suffix="")) if whole and not value.prefix else None
    if target is not None and _asks_address(target, value.refs[0]):
        owned = world.owns_project(target.project)
        if owned:
            return Place("created" if target.mode == "managed" else "own", target.subject, "", target)
        if owned is False:
            return Place("foreign", target.subject, f"which runs in project {target.project}", target)
    host = urlsplit(value.prefix).netloc if value.prefix.count("/") >= 3 else ""
    if host:
        return url_place(world, value.prefix)
    return Place("unknown", "a URL", f"which is not known before it is applied ({value.reason})")


def _asks_address(target: Res, reference: str) -> bool:
    """Whether a reference to a resource is to an attribute that holds its address."""
    attribute = re.split(r"[.\[]", reference.removeprefix(f"{target.address}."))[0]
    return attribute in SERVING.get(target.type, ())


def _private(host: str) -> bool:
    if host.endswith((".internal", ".svc", ".svc.cluster.local")):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def _api(world: World, host: str, path: str, text: str) -> Place:
    """A Google API: the project or bucket that the path names decides."""
    project = _PROJECT.search(path)
    if project and project[1] != "_":
        return place(world, project[1], "project")
    if "storage" in host or path.startswith(("/storage/v1/b/", "/upload/storage/v1/b/")):
        bucket = _OBJECT.match(path)
        if bucket:
            return place(world, bucket[1], "bucket")
    return Place("unknown", text, "an API call that names no project")


def _own_host(world: World, host: str) -> Place | None:
    run = _RUN.match(host)
    if run and run["number"] == str(world.boundary.project_number):
        res = _service(world, run["service"])
        if res is not None:
            return Place("created", host, "", res)
        return Place("unseen", host, "which runs in the project, but nothing in the snapshot creates it")
    function = _FUNCTION.match(host)
    if (function and world.owns_project(function["project"])) or (
        host.split(".")[0] == world.project and (host.endswith(".appspot.com"))
    ):
        return Place("own", host)
    return None


def _service(world: World, name: str) -> Res | None:
    found = (find(world, type_, name) for type_ in SERVING)
    return next((res for res in found if res is not None), None)
