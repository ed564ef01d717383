"""One small cloud for all tests of permissions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from permission_cloud import SmallCloud


@pytest.fixture(scope="session")
def small_cloud() -> Iterator[SmallCloud]:
    """Shared: tests name their resources with ``small_cloud.name``."""
    cloud = SmallCloud()
    yield cloud
    cloud.close()
