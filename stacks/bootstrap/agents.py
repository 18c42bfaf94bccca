"""The service agents that use the project's keys: made through Service Usage, which Terraform's provider cannot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from stacks.google_cloud import AGENT_OF_PURPOSE, ServiceAgent
from stacks.rest import Google, Refused

USAGE = "https://serviceusage.googleapis.com"
_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 2.0

# The agents' own APIs, and what the first deploy calls before it can enable anything itself.
APIS = sorted(
    {agent.api for agent in AGENT_OF_PURPOSE.values()} | {"cloudkms", "cloudresourcemanager", "iam"}
)

Say = Callable[[str, str], None]


class Mistaken(Exception):
    """What is declared is not what Google has; one line."""


def missing_apis(google: Google, number: str) -> list[str]:
    """What the agents and the first deploy need and the project has not; Mistaken when it has another number."""
    services = [f"{api}.googleapis.com" for api in APIS]
    parent = f"projects/{google.project}"
    asked = [("names", f"{parent}/services/{service}") for service in services]
    answer = google.get(f"{USAGE}/v1/{parent}/services:batchGet", asked)
    found = {service["name"].split("/")[-1]: service for service in answer.get("services", [])}
    for service in found.values():
        real = service.get("parent", "").removeprefix("projects/")
        if real.isdecimal() and real != number:
            raise Mistaken(
                f"boundary.yaml: project_number: found {number}, expected {real}, the number of {google.project}"
            )
    return [service for service in services if found.get(service, {}).get("state") != "ENABLED"]


def enable_apis(google: Google, missing: list[str], say: Say, *, dry_run: bool) -> None:
    """Enable what `missing_apis` found. Raises Refused."""
    if not missing:
        return say("apis", f"all {len(APIS)} are enabled")
    say("apis", f"{'would enable' if dry_run else 'enabling'} {', '.join(missing)}")
    if not dry_run:
        url = f"{USAGE}/v1/projects/{google.project}/services:batchEnable"
        wait(google, "v1", google.post(url, {"serviceIds": missing}))


def make_agents(google: Google, number: str, say: Say, *, dry_run: bool) -> None:
    """Every agent exists, under the address that the stacks grant its key to; Mistaken when it has another."""
    for purpose, agent in AGENT_OF_PURPOSE.items():
        email = agent.email(number)
        if dry_run:
            say("service agent", f"would make {email}, for the key {purpose}")
            continue
        made = _generate(google, agent)
        if not agent.primary:
            made = _own_word(google, agent)
        if made not in (None, email):
            raise Mistaken(
                f"the agent of {agent.api} is {made}, expected {email}; its key would not open to it"
            )
        say("service agent", f"{email}, for the key {purpose}")


def _generate(google: Google, agent: ServiceAgent) -> str | None:
    """Ask Service Usage for the agent; its address where it is told."""
    url = f"{USAGE}/v1beta1/projects/{google.project}/services/{agent.api}.googleapis.com:generateServiceIdentity"
    try:
        answer = wait(google, "v1beta1", google.post(url))
    except Refused as refused:
        if refused.status == 400 and not agent.primary:
            return None  # it came with the API
        raise
    email = answer.get("email")
    return str(email) if email else None


def _own_word(google: Google, agent: ServiceAgent) -> str | None:
    """What the service itself says its agent is; asking makes it where it is not there yet."""
    match agent.api:
        case "storage":
            url = f"https://storage.googleapis.com/storage/v1/projects/{google.project}/serviceAccount"
            return str(google.get(url)["email_address"])
        case "logging":
            url = f"https://logging.googleapis.com/v2/projects/{google.project}/settings"
            return str(google.get(url)["kmsServiceAccountId"])
    return None


def wait(google: Google, version: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The response of a long-running operation of Service Usage. Raises Refused."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not operation.get("done"):
        if time.monotonic() > deadline:
            raise Refused(0, f"Service Usage did not finish in {_PATIENCE_SECONDS:.0f} s; run it again")
        time.sleep(_PAUSE_SECONDS)
        operation = google.get(f"{USAGE}/{version}/{operation['name']}")
    if "error" in operation:
        raise Refused(0, " ".join(str(operation["error"].get("message", "failed")).split()))
    response = operation.get("response", {})
    return dict(response)
