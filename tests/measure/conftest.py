"""A stubbed Lambda endpoint for what no cloud does on demand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lambda_stub import Stub


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub().running() as running:
        yield running
