"""The API server that tests use, where it answers."""

from __future__ import annotations

import pytest

from stacks.api_server import answers
from tests.cluster.node import kubeconfig


def api_server() -> str:
    """The path of its kubeconfig; where no server answers there the test is skipped."""
    path = kubeconfig()
    if not answers(path):
        pytest.skip("no Kubernetes API server answers: make cluster, or set KUBECONFIG")
    return str(path)
