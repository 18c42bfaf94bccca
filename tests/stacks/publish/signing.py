"""Artifact Analysis, Cloud KMS and Binary Authorization, which verifies every signature with the key's public half."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import google_crc32c
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from tests.googleapis import Answer, GoogleApis, Request, refusal

PROJECT = "projects/acme-ml-prod"
ATTESTOR, NOTE = f"{PROJECT}/attestors/published", f"{PROJECT}/notes/published"
VERSION = f"{PROJECT}/locations/europe-west1/keyRings/ml/cryptoKeys/attestation/cryptoKeyVersions/1"
ANALYSIS = "containeranalysis.googleapis.com/v1"


class Signing:
    """`occurrences` is what was created; `states` how the scan of any image goes on, the last one for good."""

    def __init__(self, apis: GoogleApis) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public = self.key.public_key()
        self.attestor = True
        self.states: list[str] = ["FINISHED_SUCCESS"]
        self.vulnerabilities: list[dict[str, Any]] = []
        self.occurrences: list[dict[str, Any]] = []
        self.scanned: set[str] = set()
        self.damaged = False
        kms = rf"cloudkms.googleapis.com/v1/{VERSION}:asymmetricSign"
        authorization = rf"binaryauthorization.googleapis.com/v1/{ATTESTOR}"
        apis.on("GET", authorization, self._attestor)
        apis.on("POST", f"{authorization}:validateAttestationOccurrence", self._validate)
        apis.on("POST", kms, self._sign)
        apis.on("GET", rf"{ANALYSIS}/{PROJECT}/occurrences", self._list)
        apis.on("GET", rf"{ANALYSIS}/{NOTE}/occurrences", self._attestations)
        apis.on("POST", rf"{ANALYSIS}/{PROJECT}/occurrences", self._create)

    def _attestor(self, request: Request) -> Answer:
        if not self.attestor:
            return refusal(404, "Attestor not found.")
        key = {"id": f"//cloudkms.googleapis.com/v1/{VERSION}"}
        return Answer(
            200, {"name": ATTESTOR, "userOwnedGrafeasNote": {"noteReference": NOTE, "publicKeys": [key]}}
        )

    def _list(self, request: Request) -> Answer:
        query = dict(request.query)["filter"]
        kind, _, uri = query.partition(" AND ")
        self.scanned.add(uri.removeprefix('resourceUrl="').rstrip('"'))
        if kind == 'kind="DISCOVERY"':
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            found = [{"kind": "DISCOVERY", "discovery": {"analysisStatus": state}}] if state else []
            return Answer(200, {"occurrences": found})
        assert kind == 'kind="VULNERABILITY"'
        # Page by page, as long lists come.
        at = int(dict(request.query).get("pageToken", 0))
        page: dict[str, Any] = {"occurrences": self.vulnerabilities[at : at + 1]}
        if at + 1 < len(self.vulnerabilities):
            page["nextPageToken"] = str(at + 1)
        return Answer(200, page)

    def _attestations(self, request: Request) -> Answer:
        query = dict(request.query)["filter"]
        found = [
            o for o in self.occurrences if query == f'kind="ATTESTATION" AND resourceUrl="{o["resourceUri"]}"'
        ]
        return Answer(200, {"occurrences": found})

    def _create(self, request: Request) -> Answer:
        assert request.body.keys() == {"resourceUri", "noteName", "attestation"}
        if request.body["noteName"] != NOTE:
            return refusal(404, "Note not found.")
        occurrence = {"name": f"{PROJECT}/occurrences/{len(self.occurrences)}", **request.body}
        self.occurrences.append(occurrence)
        return Answer(200, occurrence)

    def _sign(self, request: Request) -> Answer:
        digest = base64.b64decode(request.body["digest"]["sha256"])
        sound = request.body["digestCrc32c"] == str(google_crc32c.value(digest))
        signature = self.key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        crc = google_crc32c.value(signature) + self.damaged
        return Answer(
            200,
            {
                "name": VERSION,
                "signature": base64.b64encode(signature).decode(),
                "signatureCrc32c": str(crc),
                "verifiedDigestCrc32c": sound,
            },
        )

    def _validate(self, request: Request) -> Answer:
        attestation = request.body["attestation"]
        reason = self.why_not(attestation, request.body["occurrenceResourceUri"])
        return Answer(
            200,
            {"result": "ATTESTATION_NOT_VERIFIABLE", "denialReason": reason}
            if reason
            else {"result": "VERIFIED"},
        )

    def why_not(self, attestation: dict[str, Any], uri: str) -> str:
        """Why Binary Authorization would not admit an image by an attestation; empty where it would."""
        payload = base64.b64decode(attestation["serializedPayload"])
        (signature,) = attestation["signatures"]
        critical = json.loads(payload)["critical"]
        if (
            f"https://{critical['identity']['docker-reference']}@{critical['image']['docker-manifest-digest']}"
            != uri
        ):
            return "the payload is of another image"
        if critical["type"] != "Google cloud binauthz container signature":
            return "the payload is of another type"
        if signature["publicKeyId"] != f"//cloudkms.googleapis.com/v1/{VERSION}":
            return "no such key"
        try:
            raw = base64.b64decode(signature["signature"])
            digest = hashlib.sha256(payload).digest()
            self.public.verify(raw, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        except InvalidSignature:
            return "the signature does not verify"
        return ""
