"""A cache for runtime directories that the tests of this folder share: building one takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty cache, filled by whoever comes first."""
    return tmp_path_factory.mktemp("cache")
