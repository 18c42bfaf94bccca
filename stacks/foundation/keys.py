"""Keys: one per purpose, each usable by the one service agent that needs it."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.google_cloud import AGENT_OF_PURPOSE

_QUARTER = "7776000s"

ATTESTATION = "attestation"  # signs images; nobody may use it but who publishes them


def build_keys(stack: Stack) -> dict[str, Any]:
    """The IAM bindings that make each key usable, by purpose: what uses a key depends on its binding."""
    # Where the keys lie, in the platform's region.
    ring = cdk.google.KmsKeyRing(
        stack.scope,
        "keys",
        project=stack.project,
        name=names.key_ring(stack.platform.name),
        location=stack.region,
        lifecycle={"prevent_destroy": True},
    )
    usable = {}
    for purpose, agent in AGENT_OF_PURPOSE.items():
        # One key for each purpose, renewed every quarter: taking one away ends one use.
        key = cdk.google.KmsCryptoKey(
            stack.scope,
            f"key_{purpose}",
            name=names.crypto_key(purpose),
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=_QUARTER,
            lifecycle={"prevent_destroy": True},
        )
        # Only the service that stores encrypted with the key uses it.
        usable[purpose] = cdk.google.KmsCryptoKeyIamBinding(
            stack.scope,
            f"key_{purpose}_user",
            crypto_key_id=key.id,
            role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
            members=[agent.member(stack.boundary.project_number)],
        )
    usable[ATTESTATION] = _attestation_key(stack, ring)
    return usable


def _attestation_key(stack: Stack, ring: Any) -> Any:
    """The attestation key itself."""
    # Signs the images that are allowed to run.
    key = cdk.google.KmsCryptoKey(
        stack.scope,
        f"key_{ATTESTATION}",
        name=names.crypto_key(ATTESTATION),
        key_ring=ring.id,
        purpose="ASYMMETRIC_SIGN",
        version_template={"algorithm": "EC_SIGN_P256_SHA256", "protection_level": "SOFTWARE"},
        lifecycle={"prevent_destroy": True},
    )
    # Who publishes images signs them.
    cdk.google.KmsCryptoKeyIamBinding(
        stack.scope,
        f"key_{ATTESTATION}_user",
        crypto_key_id=key.id,
        role="roles/cloudkms.signerVerifier",
        members=stack.operators,
    )
    return key
