"""`cloister image publish`: a real push by a real tool to a real registry, and signatures that are verified."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.googleapis import Answer, GoogleApis
from tests.stacks.publish.registry import HOST, Registry
from tests.stacks.publish.signing import Signing

ROOT = Path(__file__).parents[3]
REPOSITORY = "acme-ml-prod/runner/runner"
IMAGE = "localhost/cloister-test/runner"


@dataclass
class Platform:
    """Declarations in a folder, an image in a store of the test's own, and Google's APIs played."""

    home: Path
    apis: GoogleApis
    registry: Registry
    signing: Signing
    environment: dict[str, str]

    def publish(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cloister", "image", "publish", *(arguments or (IMAGE,))]
        return subprocess.run(
            [*command, "--directory", str(self.home)],
            cwd=ROOT,
            env=os.environ | self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    @property
    def file(self) -> str:
        return (self.home / "platform.yaml").read_text()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A store of container images with one small image in it, as variables of the environment."""
    if not shutil.which("podman"):
        pytest.skip("no podman here; apt-get install podman")
    folder = tmp_path_factory.mktemp("store")
    config = f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    (folder / "storage.conf").write_text(config)
    (folder / "hello").write_text("hello\n")
    (folder / "Containerfile").write_text("FROM scratch\nCOPY hello /hello\n")
    environment = {"CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}
    command = ["podman", "build", "--quiet", "--timestamp=0", "--tag", IMAGE, str(folder)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"podman builds nothing here: {done.stderr.strip().splitlines()[-1]}")
    yield environment


@pytest.fixture
def platform(tmp_path: Path, store: dict[str, str]) -> Iterator[Platform]:
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "teams", tmp_path / "teams")
    (tmp_path / "google").mkdir()
    with GoogleApis(tmp_path / "google") as apis, Registry(tmp_path, apis) as registry:
        yield Platform(tmp_path, apis, registry, Signing(apis), apis.environment | store)


def test_an_image_is_pushed_scanned_attested_and_named(platform: Platform) -> None:
    platform.signing.states = ["", "SCANNING", "FINISHED_SUCCESS"]
    platform.signing.vulnerabilities = [
        {"vulnerability": {"effectiveSeverity": "LOW", "shortDescription": "CVE-2026-1"}},
        {"vulnerability": {"effectiveSeverity": "HIGH", "shortDescription": "CVE-2026-2"}},
    ]
    before = platform.file
    done = platform.publish()
    assert done.returncode == 0, done.stderr
    (occurrence,) = platform.signing.occurrences
    repository, _, digest = occurrence["resourceUri"].removeprefix(f"https://{HOST}/").partition("@")
    assert repository == REPOSITORY
    assert platform.registry.manifest(REPOSITORY, digest)[
        "layers"
    ]  # the very digest that is attested was pushed
    assert platform.signing.why_not(occurrence["attestation"], occurrence["resourceUri"]) == ""
    assert platform.signing.scanned == {occurrence["resourceUri"]}
    changed = [
        line for line in difflib.ndiff(before.splitlines(), platform.file.splitlines()) if line[0] in "+-"
    ]
    assert [line[0] for line in changed] == ["-", "+"]
    assert changed[1] == f'+   runner: "{HOST}/{REPOSITORY}@{digest}"'
    assert "scanned: 1 high, 1 low" in done.stderr
    assert platform.apis.strangers == []


def test_a_second_time_nothing_is_done_twice(platform: Platform) -> None:
    assert platform.publish().returncode == 0
    before = platform.file
    done = platform.publish(IMAGE, "--format", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["version"], result["changed"]) == (1, False)
    assert f'"{result["image"]}"' in platform.file == before
    assert len(platform.signing.occurrences) == 1
    assert len(platform.registry.tags(REPOSITORY)) == 1


def test_a_grave_vulnerability_is_not_attested(platform: Platform) -> None:
    issue = {"affectedPackage": "openssl"}
    platform.signing.vulnerabilities = [
        {"vulnerability": {"effectiveSeverity": "LOW", "shortDescription": "CVE-2026-1"}},
        {
            "vulnerability": {
                "effectiveSeverity": "CRITICAL",
                "shortDescription": "CVE-2026-9",
                "packageIssue": [issue],
            }
        },
    ]
    before = platform.file
    done = platform.publish()
    assert done.returncode == 1
    assert "  CRITICAL CVE-2026-9 openssl\n" in done.stderr
    assert done.stderr.endswith("image publish: not attested: 1 found that is graver than HIGH\n")
    assert (platform.signing.occurrences, platform.file) == ([], before)
    assert platform.publish(IMAGE, "--max-severity", "CRITICAL").returncode == 0


@pytest.mark.parametrize("state", ["FINISHED_FAILED", "FINISHED_UNSUPPORTED", "PENDING"])
def test_what_was_not_scanned_is_not_attested(platform: Platform, state: str) -> None:
    platform.signing.states = [state]
    done = platform.publish(IMAGE, "--patience", "1")
    assert (done.returncode, platform.signing.occurrences) == (1, [])
    assert state in done.stderr.splitlines()[-1]


def test_a_damaged_signature_is_not_stored(platform: Platform) -> None:
    platform.signing.damaged = True
    done = platform.publish()
    assert (done.returncode, platform.signing.occurrences) == (1, [])
    assert "damaged on the way" in done.stderr


def test_a_signature_of_another_key_is_noticed(platform: Platform) -> None:
    """Binary Authorization has its word before anything is stored."""
    before, public = platform.file, platform.signing.public
    platform.signing.key = ec.generate_private_key(ec.SECP256R1())
    assert platform.signing.public == public  # what the attestor knows
    done = platform.publish()
    assert (done.returncode, platform.signing.occurrences) == (1, [])
    assert "does not accept the attestation: the signature does not verify" in done.stderr
    assert platform.file == before


def test_without_an_attestor_nothing_is_pushed(platform: Platform) -> None:
    platform.signing.attestor = False
    done = platform.publish()
    assert done.returncode == 1
    assert "make deploy STACKS=foundation" in done.stderr
    assert platform.registry.tags(REPOSITORY) == []


def test_what_the_registry_refuses_is_one_line(platform: Platform) -> None:
    body = b'{"errors": [{"code": "DENIED", "message": "no artifactregistry.repositories.uploadArtifacts"}]}'
    platform.apis.on("POST", f"{HOST}/.*", lambda _: Answer(403, body, {"Content-Type": "application/json"}))
    done = platform.publish()
    assert done.returncode == 1
    assert "uploadArtifacts" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_dry_run_asks_nobody(platform: Platform) -> None:
    before = platform.file
    done = platform.publish(IMAGE, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"would push {IMAGE}" in done.stdout and f"to {HOST}/{REPOSITORY}:" in done.stdout
    assert (platform.apis.requests, platform.file) == ([], before)


def test_an_image_that_is_not_here_is_a_wrong_question(platform: Platform) -> None:
    done = platform.publish("localhost/nothing")
    assert done.returncode == 2
    assert "found no image localhost/nothing in podman; make image builds" in done.stderr
    assert platform.apis.requests == []


def test_a_registry_that_security_does_not_trust_is_a_wrong_question(platform: Platform) -> None:
    boundary = platform.home / "boundary.yaml"
    boundary.write_text(
        boundary.read_text().replace("pkg.dev/acme-ml-prod/]", "pkg.dev/acme-ml-prod/runner/]")
    )
    assert platform.publish(IMAGE, "--dry-run").returncode == 0
    done = platform.publish(IMAGE, "--as", "metaflow", "--dry-run")
    assert done.returncode == 2
    assert f"{HOST}/acme-ml-prod/metaflow is under none of boundary.yaml's trusted.images" in done.stderr


def test_without_credentials_it_says_how_to_log_in(platform: Platform) -> None:
    done = platform.publish(
        GOOGLE_APPLICATION_CREDENTIALS="", CLOUDSDK_CONFIG=str(platform.home), NO_GCE_CHECK="true"
    )
    assert done.returncode == 2
    assert "found no Google credentials; run: gcloud auth application-default login" in done.stderr
