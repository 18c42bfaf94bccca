"""`make bootstrap` before a project's real object store and Google's APIs as their reference describes them.

fake-gcs-server keeps the bucket; tests/googleapis/storage.py says what it does not honour.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.client.object_store import ObjectStore
from stacks.google_cloud import AGENT_OF_PURPOSE
from tests.googleapis import Answer, GoogleApis, Request, refusal
from tests.googleapis.storage import Storage

ROOT = Path(__file__).parents[3]
NUMBER, BUCKET = "111122223333", "acme-ml-prod-tfstate"
KEY = "projects/acme-ml-prod/locations/europe-west1/keyRings/ml/cryptoKeys/storage"
USAGE = "serviceusage.googleapis.com"
OPERATORS = ["group:ml-platform@acme.example"]


class Project:
    """A project as Service Usage, Cloud KMS and Cloud Logging show it."""

    def __init__(self, apis: GoogleApis) -> None:
        self.number = NUMBER
        self.enabled: set[str] = {"storage.googleapis.com", "logging.googleapis.com"}
        self.keys: set[str] = set()
        self.agents: set[str] = set()
        self.odd_agents: dict[str, str] = {}
        self.pending = 0  # how often an operation is asked for before it is done
        apis.on("GET", rf"{USAGE}/v1/projects/acme-ml-prod/services:batchGet", self._services)
        apis.on("POST", rf"{USAGE}/v1/projects/acme-ml-prod/services:batchEnable", self._enable)
        apis.on(
            "POST",
            rf"{USAGE}/v1beta1/projects/acme-ml-prod/services/[^/]+:generateServiceIdentity",
            self._identity,
        )
        apis.on("GET", rf"{USAGE}/v1/operations/enable", self._operation)
        apis.on("GET", r"cloudkms.googleapis.com/v1/.*", self._key)
        apis.on("GET", r"logging.googleapis.com/v2/projects/acme-ml-prod/settings", self._logging)
        apis.on(
            "GET", r"storage.googleapis.com/storage/v1/projects/acme-ml-prod/serviceAccount", self._storage
        )

    def _services(self, request: Request) -> Answer:
        services = [
            {
                "name": f"projects/{self.number}/services/{name.split('/')[-1]}",
                "parent": f"projects/{self.number}",
                "state": "ENABLED" if name.split("/")[-1] in self.enabled else "DISABLED",
            }
            for key, name in request.query
            if key == "names"
        ]
        return Answer(200, {"services": services})

    def _enable(self, request: Request) -> Answer:
        assert 1 <= len(request.body["serviceIds"]) <= 20  # the method's limit
        self.enabled |= set(request.body["serviceIds"])
        return self._operation(request)

    def _operation(self, request: Request) -> Answer:
        if self.pending:
            self.pending -= 1
            return Answer(200, {"name": "operations/enable"})
        return Answer(200, {"name": "operations/enable", "done": True, "response": {}})

    def _identity(self, request: Request) -> Answer:
        assert request.body == {}  # the method takes no body
        service = request.path.split("/")[-1].removesuffix(":generateServiceIdentity")
        if service not in self.enabled:
            return refusal(403, f"{service} is not enabled.", "SERVICE_DISABLED")
        agent = next(a for a in AGENT_OF_PURPOSE.values() if f"{a.api}.googleapis.com" == service)
        if not agent.primary:
            return refusal(400, f"{service} has no service identity.")
        email = self.odd_agents.get(agent.api, agent.email(NUMBER))
        self.agents.add(email)
        identity = {"@type": "...", "email": email, "uniqueId": "1"}
        return Answer(200, {"name": "operations/finished.DONE_OPERATION", "done": True, "response": identity})

    def _key(self, request: Request) -> Answer:
        if "cloudkms.googleapis.com" not in self.enabled:
            return refusal(403, "Cloud KMS API has not been used before.", "SERVICE_DISABLED")
        name = request.path.removeprefix("/v1/")
        return Answer(200, {"name": name}) if name in self.keys else refusal(404, f"{name} not found.")

    def _logging(self, request: Request) -> Answer:
        return Answer(200, {"kmsServiceAccountId": self._made("logging")})

    def _storage(self, request: Request) -> Answer:
        return Answer(200, {"kind": "storage#serviceAccount", "email_address": self._made("storage")})

    def _made(self, api: str) -> str:
        email = self.odd_agents.get(api, AGENT_OF_PURPOSE[api].email(NUMBER))
        self.agents.add(email)
        return email


@pytest.fixture
def apis(tmp_path: Path) -> Iterator[GoogleApis]:
    with GoogleApis(tmp_path) as apis:
        yield apis


@pytest.fixture
def project(apis: GoogleApis) -> Project:
    return Project(apis)


@pytest.fixture
def storage(apis: GoogleApis) -> Iterator[Storage]:
    with ObjectStore() as store:
        yield Storage(apis, store.url, NUMBER)


def bootstrap(apis: GoogleApis, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stacks.bootstrap", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | apis.environment | environment, capture_output=True, text=True
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def test_a_bare_project_gets_all_it_needs(apis: GoogleApis, project: Project, storage: Storage) -> None:
    project.pending = 1
    done = bootstrap(apis)
    assert done.returncode == 0, told(done)
    assert {f"{agent.api}.googleapis.com" for agent in AGENT_OF_PURPOSE.values()} <= project.enabled
    bucket = storage.bucket(BUCKET)
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["location"].lower() == "europe-west1"
    iam = bucket["iamConfiguration"]
    assert iam["uniformBucketLevelAccess"]["enabled"] is True
    assert iam["publicAccessPrevention"] == "enforced"
    assert {binding["role"]: sorted(binding["members"]) for binding in storage.policies[BUCKET]} == {
        "roles/storage.legacyBucketOwner": OPERATORS,
        "roles/storage.objectAdmin": OPERATORS,
    }
    # The compute agent is the one that nobody can ask for: it comes with its API.
    expected = {a.email(NUMBER) for a in AGENT_OF_PURPOSE.values() if a.api != "compute"}
    assert project.agents == expected
    assert "run this again once foundation is deployed" in done.stdout
    assert apis.strangers == []


def test_a_second_time_changes_nothing(apis: GoogleApis, project: Project, storage: Storage) -> None:
    assert bootstrap(apis).returncode == 0
    apis.requests.clear()
    done = bootstrap(apis)
    assert done.returncode == 0, told(done)
    assert all("generateServiceIdentity" in change for change in apis.changes())  # which makes nothing twice
    assert "acme-ml-prod-tfstate is as it should be" in done.stdout


def test_the_bucket_is_encrypted_when_the_key_exists(
    apis: GoogleApis, project: Project, storage: Storage
) -> None:
    assert bootstrap(apis).returncode == 0
    assert "encryption" not in storage.bucket(BUCKET)
    project.keys.add(KEY)
    done = bootstrap(apis)
    assert "encrypted with the key storage" in done.stdout
    assert storage.bucket(BUCKET)["encryption"] == {"defaultKmsKeyName": KEY}


def test_what_others_opened_is_closed_again(apis: GoogleApis, project: Project, storage: Storage) -> None:
    assert bootstrap(apis).returncode == 0
    storage.policies[BUCKET] = [
        *storage.policies[BUCKET],
        {"role": "roles/storage.objectViewer", "members": ["user:eve@elsewhere.example"]},
    ]
    storage.kept[BUCKET]["iamConfiguration"]["publicAccessPrevention"] = "inherited"
    dry = bootstrap(apis, "--dry-run")
    assert "would take it from user:eve@elsewhere.example" in dry.stdout
    assert "would be public access prevented" in dry.stdout
    assert len(storage.policies[BUCKET]) == 3
    assert bootstrap(apis).returncode == 0
    assert len(storage.policies[BUCKET]) == 2
    assert storage.bucket(BUCKET)["iamConfiguration"]["publicAccessPrevention"] == "enforced"


def test_a_dry_run_changes_nothing(apis: GoogleApis, project: Project, storage: Storage) -> None:
    done = bootstrap(apis, "--dry-run")
    assert done.returncode == 0, told(done)
    assert apis.changes() == []
    for word in (
        "would enable artifactregistry",
        f"would create {BUCKET}",
        "would make service-111122223333@",
    ):
        assert word in done.stdout


def test_a_bucket_of_another_project_is_refused(apis: GoogleApis, project: Project, storage: Storage) -> None:
    storage._create(Request("", "POST", "/storage/v1/b", [], f'{{"name": "{BUCKET}"}}'.encode(), {}))
    storage.owners[BUCKET] = "999988887777"
    done = bootstrap(apis)
    assert (done.returncode, apis.changes()) == (2, [])
    assert done.stderr == (
        f"bootstrap: platform.yaml: state_bucket: {BUCKET} belongs to project 999988887777, expected {NUMBER};"
        " bucket names are worldwide, choose another\n"
    )


def test_a_bucket_one_may_not_see_is_refused(apis: GoogleApis, project: Project, storage: Storage) -> None:
    apis.on("GET", rf"storage.googleapis.com/storage/v1/b/{BUCKET}", lambda _: refusal(403, "No access."))
    done = bootstrap(apis)
    assert (done.returncode, apis.changes()) == (1, [])
    assert f"{BUCKET}: it exists and is not yours to see" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_projects_number_is_a_mistake(apis: GoogleApis, project: Project, storage: Storage) -> None:
    project.number = "444455556666"
    done = bootstrap(apis)
    assert (done.returncode, apis.changes()) == (2, [])
    assert "project_number: found 111122223333, expected 444455556666" in done.stderr


@pytest.mark.parametrize("api", ["artifactregistry", "storage", "logging"])
def test_an_agent_of_another_address_is_a_mistake(
    apis: GoogleApis, project: Project, storage: Storage, api: str
) -> None:
    """Its key is granted to the derived address: the mistake must show here, not in a failed deploy."""
    project.odd_agents[api] = f"odd-{NUMBER}@gcp-sa-odd.iam.gserviceaccount.com"
    done = bootstrap(apis)
    assert done.returncode == 2
    assert f"the agent of {api} is odd-" in told(done)


def test_without_permission_it_says_which(apis: GoogleApis, project: Project, storage: Storage) -> None:
    message = "Permission 'serviceusage.services.enable' denied on resource."
    apis.on(
        "POST", rf"{USAGE}/v1/projects/acme-ml-prod/services:batchEnable", lambda _: refusal(403, message)
    )
    done = bootstrap(apis)
    assert (done.returncode, done.stderr) == (1, f"bootstrap: {message}\n")


def test_without_credentials_it_says_how_to_log_in(apis: GoogleApis, tmp_path: Path) -> None:
    done = bootstrap(
        apis,
        GOOGLE_APPLICATION_CREDENTIALS="",
        CLOUDSDK_CONFIG=str(tmp_path),
        NO_GCE_CHECK="true",
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "bootstrap: found no Google credentials; run: gcloud auth application-default login\n"
    )


def test_declarations_come_first(apis: GoogleApis, tmp_path: Path) -> None:
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    text = (
        (tmp_path / "platform.yaml")
        .read_text()
        .replace("state_bucket: acme-ml-prod-tfstate", "state_bucket: A")
    )
    (tmp_path / "platform.yaml").write_text(text)
    done = bootstrap(apis, "--directory", str(tmp_path))
    assert (done.returncode, apis.requests) == (2, [])
    assert 'platform.yaml:5: state_bucket: found "A"' in done.stderr


def test_a_dead_connection_is_one_line(apis: GoogleApis) -> None:
    done = bootstrap(apis, HTTPS_PROXY="http://127.0.0.1:1", https_proxy="http://127.0.0.1:1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
