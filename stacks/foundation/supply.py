"""The supply chain: the platform's image repositories, and which images may run at all."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.foundation.keys import ATTESTATION
from stacks.repository import build_repository


def build_supply_chain(stack: Stack, keys: dict[str, Any]) -> None:
    """Repositories for the runner and Metaflow, the attestor, and the project's Binary Authorization policy."""
    for repository in (names.RUNNER_REPOSITORY, names.METAFLOW_REPOSITORY):
        build_repository(stack, repository, {}, depends_on=[keys["registry"]])
    attestor = _attestor(stack, keys[ATTESTATION])
    # No image runs that the platform has not attested, Google's own system images apart.
    cdk.google.BinaryAuthorizationPolicy(
        stack.scope,
        "binary_authorization",
        project=stack.project,
        description="Google's own system images, and images the platform has attested",
        global_policy_evaluation_mode="ENABLE",
        default_admission_rule={
            "evaluation_mode": "REQUIRE_ATTESTATION",
            "enforcement_mode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
            "require_attestations_by": [attestor.name],
        },
    )


def _attestor(stack: Stack, key: Any) -> Any:
    # What an attestation is attached to.
    note = cdk.google.ContainerAnalysisNote(
        stack.scope,
        "attestation_note",
        project=stack.project,
        name=names.ATTESTOR,
        short_description="Published by the platform",
        attestation_authority={"hint": {"human_readable_name": "Published by the platform"}},
    )
    version = cdk.google.DataGoogleKmsCryptoKeyVersion(
        stack.scope, "attestation_key_version", crypto_key=key.id
    )
    public_key = version.public_key.get(0)
    # Trusts the one key by which the platform signs images.
    return cdk.google.BinaryAuthorizationAttestor(
        stack.scope,
        "attestor",
        project=stack.project,
        name=names.ATTESTOR,
        attestation_authority_note={
            "note_reference": note.name,
            "public_keys": [
                {
                    "id": f"//cloudkms.googleapis.com/v1/{version.id}",
                    "pkix_public_key": {
                        "public_key_pem": public_key.pem,
                        "signature_algorithm": public_key.algorithm,
                    },
                }
            ],
        },
    )
