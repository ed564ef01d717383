"""A cache for runtime directories that the tests of this folder share: building one takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from .node_functions import with_node


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache without anything but the Node.js that set-up fetched, filled by whoever comes first."""
    return with_node(tmp_path_factory.mktemp("cache"))
