"""Other ways to move the same files to and from the same store: a plain HTTP loop, gcloud, gsutil, Metaflow's client.

Each offers `up(files, prefix)` and `down(names, folder)` and answers with seconds. The loop is the limit: threads with
one kept connection each, no checks, no retries.
"""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import local
from typing import Protocol
from urllib.parse import quote, urlsplit

from runner.client import libraries, packages
from runner.client.object_store import binary
from tests.runner.conftest import free_port
from tests.runner.support import BUCKETS, StoreClient

THREADS = 8
PIECE = 1 << 20
DATA, ARTIFACTS = BUCKETS["data"], BUCKETS["artifacts"]
FLOW_LOCK = Path(__file__).parents[2] / "examples" / "translations" / "requirements.lock"


class Missing(Exception):
    """Why a peer cannot be measured here, and what would bring it."""


class Peer(Protocol):
    """One way to move files: seconds for files to the artifacts bucket, and for objects from the data bucket."""

    def up(self, files: Sequence[Path], prefix: str) -> float: ...

    def down(self, names: Sequence[str], folder: Path) -> float: ...


@contextmanager
def serving() -> Iterator[tuple[StoreClient, int]]:
    """The object store, and the port on which it also speaks TLS: gsutil knows nothing else."""
    port, tls = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["-backend", "memory", "-scheme", "both", "-host", "127.0.0.1", "-port", str(tls)]
    options += ["-port-http", str(port), "-external-url", url, "-log-level", "error"]
    process = subprocess.Popen(
        [str(binary()), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = StoreClient(url)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                for name in BUCKETS.values():
                    client.make_bucket(name)
                break
            except OSError:
                assert time.monotonic() < deadline, "the object store did not start"
                time.sleep(0.05)
        yield client, tls
    finally:
        process.kill()
        process.wait()


class Loop:
    """GET and POST over one kept connection per thread."""

    def __init__(self, url: str) -> None:
        self._host, self._local = urlsplit(url).netloc, local()

    def up(self, files: Sequence[Path], prefix: str) -> float:
        return _in_parallel([partial(self._put, f"{prefix}/{file.name}", file) for file in files])

    def down(self, names: Sequence[str], folder: Path) -> float:
        return _in_parallel([partial(self._get, name, folder / Path(name).name) for name in names])

    def _call(
        self, method: str, path: str, body: object = None, size: int | None = None
    ) -> http.client.HTTPResponse:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self._host, blocksize=PIECE)
        connection.request(method, path, body, {} if size is None else {"Content-Length": str(size)})
        response: http.client.HTTPResponse = connection.getresponse()
        assert response.status == 200
        return response

    def _get(self, name: str, path: Path) -> None:
        with path.open("wb", buffering=0) as file:
            response = self._call("GET", f"/download/storage/v1/b/{DATA}/o/{quote(name, safe='')}?alt=media")
            while piece := response.read(PIECE):
                file.write(piece)

    def _put(self, name: str, path: Path) -> None:
        target = f"/upload/storage/v1/b/{ARTIFACTS}/o?uploadType=media&name={quote(name, safe='')}"
        with path.open("rb", buffering=0) as file:
            self._call("POST", target, file, path.stat().st_size).read()


def _in_parallel(tasks: Sequence[Callable[[], None]]) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
    return time.perf_counter() - begun


class Gcloud:
    """`gcloud storage cp`. Paths by list and by wildcard: the store knows no storage layout, which -r asks for."""

    def __init__(self, url: str, configuration: Path) -> None:
        if shutil.which("gcloud") is None:
            raise Missing("no gcloud: install the Google Cloud SDK")
        self._variables = {
            **os.environ,
            "CLOUDSDK_CONFIG": str(configuration),
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_PROJECT": "p",
            # The store answers no composite upload.
            "CLOUDSDK_STORAGE_PARALLEL_COMPOSITE_UPLOAD_ENABLED": "false",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{url}/storage/v1/",
            "no_proxy": "127.0.0.1",
        }

    def up(self, files: Sequence[Path], prefix: str) -> float:
        given = "".join(f"{file}\n" for file in files)
        return _timed(
            ["gcloud", "storage", "cp", "-I", f"gs://{ARTIFACTS}/{prefix}/"], self._variables, given
        )

    def down(self, names: Sequence[str], folder: Path) -> float:
        source = f"gs://{DATA}/{Path(names[0]).parent}/*"
        return _timed(["gcloud", "storage", "cp", source, f"{folder}/"], self._variables)


class Gsutil:
    """`gsutil -m`, over TLS."""

    def __init__(self, tls: int, configuration: Path) -> None:
        if shutil.which("gsutil") is None:
            raise Missing("no gsutil: install the Google Cloud SDK, or `pip install gsutil`")
        configuration.mkdir()
        boto = configuration / "boto"
        boto.write_text(
            f"[Credentials]\ngs_json_host=127.0.0.1\ngs_json_port={tls}\n"
            "[Boto]\nhttps_validate_certificates=False\n"
            "[GSUtil]\njson_api_version=v1\ndefault_project_id=p\nsoftware_update_check_period=0\n"
            f"state_dir={configuration}\n"
        )
        self._variables = {**os.environ, "BOTO_CONFIG": str(boto), "no_proxy": "127.0.0.1"}
        self._variables["CLOUDSDK_CONFIG"] = str(configuration)

    def up(self, files: Sequence[Path], prefix: str) -> float:
        given = "".join(f"{file}\n" for file in files)
        target = f"gs://{ARTIFACTS}/{prefix}/"
        return _timed(["gsutil", "-m", "-q", "cp", "-I", target], self._variables, given)

    def down(self, names: Sequence[str], folder: Path) -> float:
        source = f"gs://{DATA}/{Path(names[0]).parent}/*"
        return _timed(["gsutil", "-m", "-q", "cp", source, f"{folder}/"], self._variables)


# In a process of its own, with the libraries of the example flow's lock. Its start is not counted.
_METAFLOW = """
import pathlib, shutil, sys, time
import google.auth, google.auth.credentials
google.auth.default = lambda **_: (google.auth.credentials.AnonymousCredentials(), "p")  # the store asks for none
from metaflow.plugins.datastores.gs_storage import GSStorage
way, root, *paths = sys.argv[1:2] + sys.argv[2:3] + sys.stdin.read().split("\\0")
storage = GSStorage(root)
begun = time.perf_counter()
if way == "up":
    storage.save_bytes(
        ((pathlib.Path(path).name, open(path, "rb")) for path in paths), overwrite=True, len_hint=len(paths)
    )
else:
    with storage.load_bytes(paths) as loaded:
        for key, path, _ in loaded:
            shutil.move(path, pathlib.Path(sys.argv[3]) / key)
print(time.perf_counter() - begun)
"""


class Metaflow:
    """The client of Metaflow's own datastore on Google Cloud."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        lock = packages.digest(FLOW_LOCK.read_bytes()).removeprefix("sha256:")
        built = [libraries.cache() / lock, *sorted(libraries.cache().glob("[0-9a-f]*"))]
        environment = next(
            (
                each
                for each in built
                if (each / "metaflow").is_dir() and (each / "google/cloud/storage").is_dir()
            ),
            None,
        )
        if environment is None:
            raise Missing("no environment with metaflow and google-cloud-storage: cloister env build LOCK")
        self._variables = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "METAFLOW_USER": "bench",
            "PYTHONPATH": str(environment),
            "STORAGE_EMULATOR_HOST": url,
        }

    def up(self, files: Sequence[Path], prefix: str) -> float:
        return self._ask("up", f"gs://{ARTIFACTS}/{prefix}", list(map(str, files)))

    def down(self, names: Sequence[str], folder: Path) -> float:
        parent = Path(names[0]).parent
        return self._ask("down", f"gs://{DATA}/{parent}", [Path(name).name for name in names], str(folder))

    def _ask(self, way: str, root: str, paths: list[str], *more: str) -> float:
        python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        command = [python, "-s", "-c", _METAFLOW, way, root, *more]
        done = subprocess.run(
            command,
            cwd=self._folder,  # where it keeps its temporary files
            env=self._variables,
            input="\0".join(paths),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return float(done.stdout)


def _timed(command: Sequence[str], variables: dict[str, str], given: str = "") -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, env=variables, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return time.perf_counter() - begun
