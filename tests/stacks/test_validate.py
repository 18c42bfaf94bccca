"""`make validate`: the real Terraform and the real providers over the example's stacks."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from stacks import api_server
from tests.googleapis.authority import Authority

ROOT = Path(__file__).parents[2]


def validate(tree: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "stacks.validate", str(tree)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode == 3:
        pytest.skip(done.stderr.splitlines()[0])
    return done


def test_a_folder_without_stacks_is_a_wrong_question(tmp_path: Path) -> None:
    done = validate(tmp_path)
    assert done.returncode == 2
    assert "no stacks here" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["example_tree", "billed_tree", "organization_tree"])
def test_every_stack_is_valid_and_plans(fixture: str, request: pytest.FixtureRequest) -> None:
    """Of the example, with all that files can declare, and inside an organisation."""
    tree = request.getfixturevalue(fixture)
    done = validate(tree)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(list(tree.glob("stacks/*/cdk.tf.json")))
    assert all(
        ": valid; plans " in line or line.startswith("guardrails: valid; not planned") for line in lines
    )


@pytest.mark.slow
def test_a_wrong_argument_is_found(example_tree: Path, tmp_path: Path) -> None:
    stack = tmp_path / "stacks" / "foundation"
    stack.mkdir(parents=True)
    shutil.copy(example_tree / "stacks" / "foundation" / "cdk.tf.json", stack)
    tree = json.loads((stack / "cdk.tf.json").read_text())
    next(iter(tree["resource"]["google_compute_route"].values()))["dest_rnge"] = "199.36.153.4/30"
    (stack / "cdk.tf.json").write_text(json.dumps(tree))
    done = validate(tmp_path)
    assert done.returncode == 1
    assert "dest_rnge" in done.stderr


class Version(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/version/" else 404)
        self.end_headers()
        self.wfile.write(b'{"gitVersion": "v1.34.0"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Iterator[HTTPServer]:
    """What answers as an API server does, to the clients of its authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    found = HTTPServer(("127.0.0.1", 0), Version)
    found.socket = context.wrap_socket(found.socket, server_side=True)
    thread = threading.Thread(target=found.serve_forever, args=(0.05,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def connection(
    monkeypatch: pytest.MonkeyPatch, folder: Path, port: int, authority: Authority
) -> dict[str, str] | None:
    """What the module makes of a kubeconfig with this authority's certificates."""
    certificate, key = authority.issue("admin")
    files = {"client-certificate": str(certificate), "client-key": str(key)}
    cluster = {"server": f"https://localhost:{port}", "certificate-authority": str(authority.certificate)}
    kubeconfig = {
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": files}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    reached = api_server.kubeconfig()
    return api_server.provider_arguments(reached) if reached else None


def test_a_cluster_that_answers_is_planned_against(
    server: HTTPServer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = connection(monkeypatch, tmp_path, server.server_port, authority)
    assert found is not None
    assert found["host"] == f"https://localhost:{server.server_port}"
    assert found["cluster_ca_certificate"] == authority.certificate.read_text()
    assert {"client_certificate", "client_key"} < found.keys()


def test_a_cluster_that_is_down_is_none(
    server: HTTPServer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection(monkeypatch, tmp_path, 1, authority) is None
    port = server.server_port
    assert connection(monkeypatch, tmp_path, port, authority) is not None
    authority.issue("admin")[1].unlink()  # as where the state was cleaned
    assert api_server.kubeconfig() is None


def test_another_checkouts_cluster_is_none(
    server: HTTPServer, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("other")
    assert connection(monkeypatch, folder, server.server_port, Authority(folder)) is None
