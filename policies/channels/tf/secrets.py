"""TF-02: secret material in state, in plans and in outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.references import references
from policies.expressions.values import Unknown
from policies.facts import schema
from policies.facts.configuration import Part, providers
from policies.facts.flows import leaves
from policies.facts.resource import Block, Res
from policies.facts.secrets import looks_secret
from policies.facts.world import World
from policies.snapshot.model import Stack

# Types that make or read secret material, and the attribute that holds it in state.
_MADE = {
    "google_service_account_key": "private_key",
    "google_storage_hmac_key": "secret",
    "google_apikeys_key": "key_string",
    "google_sql_ssl_cert": "private_key",
    "google_iam_oauth_client_credential": "client_secret",
    "google_firestore_user_creds": "secure_password",
    "random_password": "result",
    "tls_private_key": "private_key_pem",
    "data.google_secret_manager_secret_version": "secret_data",
    "data.google_secret_manager_secret_version_access": "secret_data",
    "data.google_secret_manager_regional_secret_version": "secret_data",
    "data.google_secret_manager_regional_secret_version_access": "secret_data",
    "data.google_service_account_access_token": "access_token",
    "data.google_service_account_id_token": "id_token",
    "data.google_service_account_jwt": "jwt",
    "data.google_kms_secret": "plaintext",
    "data.google_kms_secret_asymmetric": "plaintext",
    "data.google_storage_object_signed_url": "signed_url",
    "data.kubernetes_secret": "data",
    "data.kubernetes_secret_v1": "data",
    "data.google_apikeys_key": "key_string",
}
# Sensitive by the schema, but no secret: public parts, and what a person is told.
_NO_SECRET = re.compile(
    r"(?:^|[._])(?:certificate|certificate_pem|content|rsa_encrypted_key|encryption_key_rsa|client_id|tenant_id|labels"
    r"|public_key\.value|access_key_id|additional_authenticated_data|config_context)$"
)
_PROVIDER_SECRETS = ("credentials", "token", "password", "client_key")


@channel("TF-02")
def no_secret_in_state(world: World) -> Iterator[Evidence]:
    """No resource, output, variable or provider puts secret material where state and plans show it."""
    for type_, attribute in _MADE.items():
        for res in world.of(type_):
            yield _leak(
                res.address,
                res.subject,
                attribute,
                "open",
                f"{type_} {res.subject} keeps its {attribute} in state in clear text",
            )
    for res in world.resources:
        if res.mode == "managed" and res.type not in _MADE:
            yield from _sensitive(res)
    yield from _tokens(world)
    yield from _uploaded(world)
    yield from _client_keys(world)
    raw = {stack.name: stack.providers for stack in world.snapshot.stacks}
    for provider in providers(world):
        yield from _provider(provider, raw[provider.stack].get(provider.name, {}))
    for stack in world.snapshot.stacks:
        yield from _outputs(world, stack)
        yield from _variables(stack)


@cache
def _secret_paths(type_: str) -> tuple[str, ...]:
    """Arguments of a type that the provider calls sensitive and keeps in state (write-only ones are not kept)."""
    return tuple(
        path
        for path, (kind, flags) in schema.attributes(type_).items()
        if "s" in flags
        and ("r" in flags or "o" in flags)
        and not path.endswith("_wo")
        and not _NO_SECRET.search(path)
        if not kind.startswith("block")
    )


def _sensitive(res: Res) -> Iterator[Evidence]:
    for path in _secret_paths(res.type):
        for attribute, value in leaves(res, path):
            if value is not None and value != "" and value != {}:
                yield _leak(
                    res.address, res.subject, attribute, "open",
                    f"{res.type} {res.subject} is given its {attribute} in the configuration, and state keeps it in clear text",
                )  # fmt: skip


def _tokens(world: World) -> Iterator[Evidence]:
    """Kubernetes fills such a secret with a token that does not expire, and the provider reads it back."""
    for res in world.of("kubernetes_secret", "kubernetes_secret_v1"):
        if res.get("type") == "kubernetes.io/service-account-token":
            yield _leak(
                res.address,
                res.subject,
                "type",
                "open",
                f"Secret {res.subject} holds a service account's token, which state keeps in clear text",
            )


_PLANS = re.compile(r"(?:^|/)(?:tf-?)?plan(?:\.\w+)*$|tfplan|\.tfstate\b|terraform\.show", re.IGNORECASE)


def _uploaded(world: World) -> Iterator[Evidence]:
    """A plan or a state that is copied somewhere takes its secrets along."""
    for res in world.of("google_storage_bucket_object"):
        for attribute in ("source", "name"):
            value = res.get(attribute)
            if isinstance(value, str) and _PLANS.search(value):
                yield _leak(
                    res.address, res.subject, attribute, "open",
                    f"Object {res.subject} is a copy of Terraform's plan or state ({value}), with every secret in it",
                )  # fmt: skip
                break


def _client_keys(world: World) -> Iterator[Evidence]:
    """A cluster that issues a client certificate keeps its private key in state."""
    for cluster in world.of("google_container_cluster"):
        for auth in cluster.blocks("master_auth.client_certificate_config"):
            issued, attribute = (
                auth.get("issue_client_certificate", False),
                auth.at("issue_client_certificate"),
            )
            if isinstance(issued, Unknown):
                yield _leak(
                    cluster.address,
                    cluster.subject,
                    attribute,
                    "undecided",
                    f"Whether cluster {cluster.subject} issues a client key is not known",
                )
            elif issued:
                yield _leak(
                    cluster.address,
                    cluster.subject,
                    attribute,
                    "open",
                    f"Cluster {cluster.subject} issues a client certificate, whose private key state keeps in clear text",
                )
            else:
                yield Control(cluster.address, attribute)


def _provider(provider: Part, raw: Mapping[str, Any]) -> Iterator[Evidence]:
    for holder in (provider, *provider.blocks("kubernetes")):
        for name in _PROVIDER_SECRETS:
            value = holder.get(name)
            if isinstance(value, str) and value and not _is_file(value) and not _asked(raw, holder, name):
                yield _leak(
                    provider.address,
                    provider.address,
                    holder.at(name),
                    "open",
                    f"Provider {provider.name} has its {name} written in the configuration",
                )


def _asked(raw: Mapping[str, Any], holder: Part | Block, name: str) -> bool:
    """Whether a data source answers it when Terraform runs: a plan's prior state knows it, the configuration does not."""
    whole = Block(raw, "")
    within = whole.blocks("kubernetes") if holder.path else [whole]
    return any(ref.startswith("data.") for block in within for ref in references(block.values.get(name)))


def _is_file(value: str) -> bool:
    """``credentials`` may name a file, which holds no secret itself."""
    return value.endswith(".json") and "{" not in value


def _outputs(world: World, stack: Stack) -> Iterator[Evidence]:
    for name, block in stack.outputs.items():
        address = f"{stack.name}/output.{name}"
        secret = next((ref for ref in references(block.get("value")) if _is_secret(ref)), None)
        if secret is None:
            continue
        masked = str(block.get("sensitive", False)).lower() == "true"
        how = (
            "which the mark sensitive hides from the terminal only"
            if masked
            else "for everyone who sees the terminal or the plan"
        )
        yield _leak(address, address, "value", "open", f"Output {name} shows {secret}, {how}")


def _is_secret(reference: str) -> bool:
    """Whether a reference as written names secret material."""
    parts = re.sub(r"\[[^\]]*\]", "", reference).split(".")
    data = parts[0] == "data"
    type_, attribute = ".".join(parts[: 2 if data else 1]), ".".join(parts[3 if data else 2 :])
    if type_ == "var":
        return False
    if type_ in _MADE:
        return attribute in ("", _MADE[type_])
    if _NO_SECRET.search(attribute):
        return False
    return "s" in schema.attributes(type_).get(attribute, ("", ""))[1]


def _variables(stack: Stack) -> Iterator[Evidence]:
    """A secret in a variable stands in the configuration and in every plan."""
    for name, block in stack.variables.items():
        value = stack.given.get(name, block.get("default") if isinstance(block, Mapping) else None)
        marked = isinstance(block, Mapping) and str(block.get("sensitive", False)).lower() == "true"
        if value not in (None, "", [], {}) and (marked or _looks_secret(name, value)):
            address = f"{stack.name}/var.{name}"
            yield _leak(
                address,
                address,
                "default",
                "open",
                f"Variable {name} has a secret for its value, which stands in the configuration and in every plan",
            )


def _looks_secret(name: str, value: Any) -> bool:
    return isinstance(value, str) and looks_secret(name, value)


def _leak(address: str, subject: str, attribute: str, status: Failing, text: str) -> Leak:
    return Leak(
        status, subject, f"{text} (`{address}.{attribute}`): who reads state or a plan has it.",
        (Step("secret material", "readers of state and plans", f"`{attribute}` is kept there", address, attribute),),
        f"take {attribute} out of {address}; use a write-only argument, or create the secret outside Terraform",
        address, attribute,
    )  # fmt: skip
