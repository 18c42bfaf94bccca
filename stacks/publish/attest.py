"""The attestation that lets an image run: signed by the platform's key in KMS, as Binary Authorization verifies it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import google_crc32c

from cloister.declarations import names
from stacks.publish.scan import ANALYSIS
from stacks.rest import Google, Refused

_BINARY_AUTHORIZATION = "https://binaryauthorization.googleapis.com/v1"
_KMS = "https://cloudkms.googleapis.com/v1"
_KEY_PREFIX = "//cloudkms.googleapis.com/v1/"


@dataclass(frozen=True)
class Attestor:
    """Who attests: the note its attestations hang on, and the version of the key that signs them."""

    name: str
    note: str
    key_version: str

    @property
    def key_id(self) -> str:
        """The key version as Binary Authorization names it."""
        return f"{_KEY_PREFIX}{self.key_version}"


def find_attestor(google: Google) -> Attestor:
    """The attestor that foundation has made. Raises Refused."""
    name = f"projects/{google.project}/attestors/{names.ATTESTOR}"
    found = google.find(f"{_BINARY_AUTHORIZATION}/{name}")
    if found is None:
        raise Refused(
            404, f"the attestor {names.ATTESTOR} is not there yet; make deploy STACKS=foundation makes it"
        )
    note = found["userOwnedGrafeasNote"]
    keys = [key["id"] for key in note.get("publicKeys", []) if key["id"].startswith(_KEY_PREFIX)]
    if not keys:
        raise Refused(
            0, f"the attestor {names.ATTESTOR} has no key of KMS; make deploy STACKS=foundation gives it one"
        )
    return Attestor(name, note["noteReference"], keys[-1].removeprefix(_KEY_PREFIX))


def attest(google: Google, attestor: Attestor, repository: str, digest: str) -> str:
    """The image's attestation, made unless it is there, and verified by Google; its name. Raises Refused."""
    uri = f"https://{repository}@{digest}"
    occurrence = _existing(google, attestor, uri)
    if occurrence is None:
        payload = _payload(repository, digest)
        signature = _sign(google, attestor.key_version, payload)
        attestation = {
            "serializedPayload": base64.b64encode(payload).decode(),
            "signatures": [{"publicKeyId": attestor.key_id, "signature": signature}],
        }
        _verify(google, attestor, attestation, uri)
        body = {"resourceUri": uri, "noteName": attestor.note, "attestation": attestation}
        occurrence = google.post(f"{ANALYSIS}/projects/{google.project}/occurrences", body)
    else:
        _verify(google, attestor, occurrence["attestation"], uri)
    return str(occurrence["name"])


def _payload(repository: str, digest: str) -> bytes:
    """What is signed: the form that cloud.google.com/binary-authorization/docs/making-attestations gives."""
    content = {
        "critical": {
            "identity": {"docker-reference": repository},
            "image": {"docker-manifest-digest": digest},
            "type": "Google cloud binauthz container signature",
        }
    }
    return json.dumps(content, separators=(",", ":")).encode()


def _sign(google: Google, key_version: str, payload: bytes) -> str:
    """The key's signature in base64, its way here checked as cloud.google.com/kms/docs/data-integrity-guidelines asks."""
    digest = hashlib.sha256(payload).digest()
    body = {"digest": {"sha256": base64.b64encode(digest).decode()}, "digestCrc32c": str(_crc(digest))}
    answer = google.post(f"{_KMS}/{key_version}:asymmetricSign", body)
    signature = str(answer["signature"])
    arrived = answer.get("name") == key_version and answer.get("verifiedDigestCrc32c") is True
    if not arrived or int(answer["signatureCrc32c"]) != _crc(base64.b64decode(signature)):
        raise Refused(0, "the signature or its question was damaged on the way; run it again")
    return signature


def _existing(google: Google, attestor: Attestor, uri: str) -> dict[str, Any] | None:
    query = [("filter", f'kind="ATTESTATION" AND resourceUrl="{uri}"')]
    for found in google.pages(f"{ANALYSIS}/{attestor.note}/occurrences", "occurrences", query):
        signatures = found.get("attestation", {}).get("signatures", [])
        if any(signature.get("publicKeyId") == attestor.key_id for signature in signatures):
            return found
    return None


def _verify(google: Google, attestor: Attestor, attestation: dict[str, Any], uri: str) -> None:
    """Google itself would admit the image by this attestation. Raises Refused."""
    answer = google.post(
        f"{_BINARY_AUTHORIZATION}/{attestor.name}:validateAttestationOccurrence",
        {"attestation": attestation, "occurrenceNote": attestor.note, "occurrenceResourceUri": uri},
    )
    if answer.get("result") != "VERIFIED":
        reason = answer.get("denialReason") or answer.get("result") or "no reason"
        raise Refused(0, f"Binary Authorization does not accept the attestation: {reason}")


def _crc(data: bytes) -> int:
    return int(google_crc32c.value(data))
