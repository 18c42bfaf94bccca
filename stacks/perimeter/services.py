"""Which services the perimeter restricts, which code inside may call, and what ingress opens of each."""

from __future__ import annotations

from cloister.declarations.perimeter_services import SUPPORTED
from stacks.foundation.apis import needed_apis

# Every service that can be: one that nobody uses today is no way out tomorrow.
RESTRICTED = SUPPORTED

# What nodes and runners call: images, the cluster, identities, objects, logs, metrics. Nothing else answers inside.
ACCESSIBLE = tuple(
    f"{name}.googleapis.com"
    for name in (
        "artifactregistry",
        "binaryauthorization",
        "compute",
        "container",
        "containeranalysis",
        "iamcredentials",
        "kubernetesmetadata",
        "logging",
        "monitoring",
        "storage",
        "sts",
    )
)

_EVERY_METHOD = ("*",)
# What `people` get of a service they name; storage is for the buckets `code`, which IAM lets them create objects in.
_METHODS = {
    "container": _EVERY_METHOD,
    "kubernetesmetadata": _EVERY_METHOD,
    "storage": ("google.storage.objects.create",),
    "logging": (
        "google.logging.v2.LoggingServiceV2.ListLogEntries",
        "google.logging.v2.LoggingServiceV2.TailLogEntries",
    ),
}


def opened(service: str, with_budgets: bool) -> dict[str, tuple[str, ...]]:
    """The services and methods that a word of `people.services` opens; `deploy` opens all that stacks are made of."""
    if service in _METHODS:
        return {f"{service}.googleapis.com": _METHODS[service]}
    # Service Usage is what enables the APIs, and needs no enabling itself.
    apis = ("serviceusage", *needed_apis(with_budgets, with_organization=True))
    used = (f"{api}.googleapis.com" for api in apis)
    return {api: _EVERY_METHOD for api in used if api in RESTRICTED}
