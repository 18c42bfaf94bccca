"""The cluster the tests of this folder use: the one KUBECONFIG names, else the local one, else a named skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster.__main__ import STATE
from tests.cluster.node import Node


@pytest.fixture(scope="session")
def node() -> Node:
    """The local cluster, which must be up: ``make cluster``."""
    here = Node(STATE)
    if not here.running().get("kube-apiserver"):
        pytest.skip("no local cluster: make cluster")
    return here


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """A kubeconfig with administrator's rights."""
    named = os.environ.get("KUBECONFIG")
    return Path(named) if named else request.getfixturevalue("node").kubeconfig
