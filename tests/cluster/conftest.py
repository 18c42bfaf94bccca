"""The local cluster, for tests that have it to themselves: they kill its components."""

from __future__ import annotations

import os

import pytest

from tests.cluster.node import Node, local


@pytest.fixture(scope="session")
def node() -> Node:
    """The local cluster, which must be up."""
    if not os.environ.get("CLOISTER_E2E"):
        pytest.skip("kills components of the cluster other tests use: make cluster e2e")
    here = local()
    if here is None:
        pytest.skip("no local cluster: make cluster")
    return here
