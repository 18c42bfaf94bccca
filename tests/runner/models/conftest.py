from __future__ import annotations

from pathlib import Path

import pytest

from ..support import StoreClient
from .support import Team


@pytest.fixture
def team(store: StoreClient, work: Path) -> Team:
    return Team(store, work)
