"""Where resources name the Cloud KMS keys that encrypt what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policies.facts import schema
from policies.facts.flows import leaves
from policies.facts.resource import Res
from policies.facts.world import World

# The last word of an argument that names a key, in all its spellings of google 6.50.0.
_NAME = re.compile(
    r"^(?:[a-z_]*kms_key(?:_names?|_self_link|_uri|_version)?|[a-z_]*crypto_key(?:_name)?|[a-z_]*cmek_key(?:_name)?|"
    r"[a-z_]*encryption_key(?:_name)?|gcp_kms_encryption_key|customer_managed_key|cloud_kms_key_version|"
    r"service_account_(?:signing|verification)_keys)$"
)
_WHOLE = frozenset({"database_encryption.key_name"})
_STRINGS = ('"string"', '["list","string"]', '["set","string"]')
# Types that are keys, or grants on them, rather than uses.
_NOT_USES = re.compile(r"^google_kms_|_iam_|_signed_url_key$")


def key_uses(world: World) -> Iterator[tuple[Res, str, Any]]:
    """(resource, attribute, value) of every argument that names a key."""
    for type_ in list(world.types):
        if not type_.startswith("google_") or _NOT_USES.search(type_):
            continue
        known = bool(schema.attributes(type_))
        for res in world.of(type_):
            if known:
                for path in key_paths(type_):
                    yield from ((res, attribute, value) for attribute, value in leaves(res, path))
            else:
                yield from ((res, attribute, value) for attribute, value in _by_name(res.values, ""))


@cache
def key_paths(type_: str) -> tuple[str, ...]:
    """Arguments of a type that name a key, by the provider's schema; a key given as such (sensitive) is none."""
    return tuple(
        path for path, (kind, flags) in schema.attributes(type_).items()
        if kind in _STRINGS and flags != "c" and "s" not in flags and _is_key(path)
    )  # fmt: skip


def _is_key(path: str) -> bool:
    return path in _WHOLE or bool(_NAME.match(path.rsplit(".", 1)[-1]))


def _by_name(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    """For a type whose schema is not known: every text under a name that a key has elsewhere."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            path = f"{at}.{name}" if at else str(name)
            if not isinstance(inner, Mapping | list | tuple) and inner is not None and _is_key(str(name)):
                yield path, inner
            else:
                yield from _by_name(inner, path)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _by_name(inner, f"{at}[{index}]")
