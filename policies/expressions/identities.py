"""The names Google computes: what an attribute that nobody sets is, where it follows from those that are set.

A reference to ``google_service_account.x.email`` is then a literal, whichever stack makes the account.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policies.expressions.agents import agent_of, default_account
from policies.expressions.forms import forms
from policies.expressions.policydata import policy_data
from policies.expressions.values import Unknown

if TYPE_CHECKING:
    from policies.expressions.instances import ResourceObject

_FIELD = re.compile(r"\{(\w+)(:last)?\}")
# Ranges Google publishes for its own services, by data.google_netblock_ip_ranges' range_type.
# Source: cloud.google.com/vpc/docs/configure-private-google-access and /load-balancing/docs/firewall-rules.
_RANGES = {
    "restricted-googleapis": (["199.36.153.4/30"], ["2600:2d00:2:1000::/64"]),
    "private-googleapis": (["199.36.153.8/30"], ["2600:2d00:2:2000::/64"]),
    "dns-forwarders": (["35.199.192.0/19"], []),
    "iap-forwarders": (["35.235.240.0/20"], []),
    "health-checkers": (["35.191.0.0/16", "130.211.0.0/22"], []),
    "legacy-health-checkers": (["35.191.0.0/16", "209.85.152.0/22", "209.85.204.0/22"], []),
}


def computed(resource: ResourceObject, name: str) -> Any:
    """The value of an attribute that is not configured; None where it does not follow from the configuration."""
    type_ = resource.resource.type
    special = _kubernetes if type_.startswith("kubernetes_") else _SPECIAL.get(type_)
    if special is not None:
        value = special(resource, name)
        if value is not None:
            return value
    form = forms(type_).get(name)
    if form is not None:
        return _written(form, resource, name)
    if type_.startswith("google_") and name in _PLACES:
        return resource.provider(name)
    return None


_PLACES = ("project", "region", "zone")


def _written(form: str, resource: ResourceObject, name: str) -> Any:
    """A form with its fields filled in. With an unknown among them the whole is unknown, by its own reference."""
    parts: list[str] = []
    position = 0
    for field in _FIELD.finditer(form):
        value = _field(resource, field[1])
        if not isinstance(value, str):
            reason = value.reason if isinstance(value, Unknown) else f"{field[1]} is not set"
            return Unknown(reason, refs=(f"{resource.address}.{name}",))
        parts += [form[position : field.start()], value.rsplit("/", 1)[-1] if field[2] else value]
        position = field.end()
    return "".join([*parts, form[position:]])


def _field(resource: ResourceObject, name: str) -> Any:
    if name == "number":
        project = _field(resource, "project")
        return resource.context.number_of(project) if isinstance(project, str) else project
    value = resource.configured(name)
    if value is None and name == "email":
        value = resource.member("email")
    if value is None and name in _PLACES:
        value = resource.provider(name)
    if value is None and name == "location":
        value = resource.configured("region") or resource.configured("zone") or resource.provider("region")
    if isinstance(value, bool | int):
        return str(value)
    # A region or zone may be written as a link.
    return (
        value.rsplit("/", 1)[-1]
        if isinstance(value, str) and name in ("region", "zone", "location")
        else value
    )


def _service_account(resource: ResourceObject, name: str) -> Any:
    """A data source may name its account by its address, and an account of a numbered project by its id."""
    account = resource.configured("account_id")
    if resource.resource.mode == "data" and isinstance(account, str) and "@" in account:
        email = account.rsplit("/", 1)[-1]
        return {"email": email, "member": f"serviceAccount:{email}"}.get(name)
    return None


def _sink(resource: ResourceObject, name: str) -> Any:
    if name != "writer_identity":
        return None
    custom = resource.configured("custom_writer_identity")
    if custom is not None:
        return custom
    return (
        "serviceAccount:cloud-logs@system.gserviceaccount.com"
        if resource.configured("unique_writer_identity") is False
        else None
    )


def _project(resource: ResourceObject, name: str) -> Any:
    """The project itself: of a data source without arguments the provider's."""
    project = resource.configured("project_id")
    if project is None and resource.resource.mode == "data":
        project = resource.provider("project")
    if not isinstance(project, str):
        return None
    if name == "number":
        return resource.context.number_of(project)
    if name in ("project_id", "id"):
        known = resource.context.id_of(project) or project
        return known if name == "project_id" else f"projects/{known}"
    return None


def _client_config(resource: ResourceObject, name: str) -> Any:
    return resource.provider(name) if name in _PLACES else None


def _agent(resource: ResourceObject, name: str) -> Any:
    """``google_project_service_identity`` and the data sources of service agents."""
    number = _field(resource, "number")
    if not isinstance(number, str):
        return None
    service = resource.configured("service")
    email = (
        agent_of(service, number)
        if service is not None
        else default_account(resource.resource.type, number, _field(resource, "project"))
    )
    if email is None:
        return None
    return {"email": email, "email_address": email, "member": f"serviceAccount:{email}"}.get(name)


def _netblocks(resource: ResourceObject, name: str) -> Any:
    found = _RANGES.get(resource.configured("range_type") or "")
    if found is None:
        return None
    v4, v6 = found
    return {"cidr_blocks": [*v4, *v6], "cidr_blocks_ipv4": v4, "cidr_blocks_ipv6": v6}.get(name)


def _iam_policy(resource: ResourceObject, name: str) -> Any:
    return policy_data(resource.arguments()) if name == "policy_data" else None


def _terraform_data(resource: ResourceObject, name: str) -> Any:
    return resource.configured("input") if name == "output" else None


def _kubernetes(resource: ResourceObject, name: str) -> Any:
    """The id of an object: its namespace, where it has one, and its name."""
    metadata = resource.configured("metadata")
    if name != "id" or not isinstance(metadata, list) or not metadata:
        return None
    own, namespace = metadata[0].get("name"), metadata[0].get("namespace")
    if not isinstance(own, str) or isinstance(namespace, Unknown):
        return None
    return f"{namespace}/{own}" if namespace else own


_SPECIAL = {
    "google_service_account": _service_account,
    "google_logging_project_sink": _sink,
    "google_project": _project,
    "google_client_config": _client_config,
    "google_project_service_identity": _agent,
    "google_storage_project_service_account": _agent,
    "google_storage_transfer_project_service_account": _agent,
    "google_bigquery_default_service_account": _agent,
    "google_compute_default_service_account": _agent,
    "google_app_engine_default_service_account": _agent,
    "google_netblock_ip_ranges": _netblocks,
    "google_iam_policy": _iam_policy,
    "terraform_data": _terraform_data,
}
