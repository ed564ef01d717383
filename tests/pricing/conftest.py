"""Prices are read as packaged, whatever the folder the tests run in holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def packaged_prices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LABKIT_PRICES", raising=False)
        patch.setenv("LABKIT_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        yield
