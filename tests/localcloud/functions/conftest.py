"""A cloud for the tests of a module, an empty Region and a client for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lambda_world import ROLE, Cloud, make_zip, settled


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One cloud for the tests of a module."""
    cloud = Cloud(tmp_path_factory.mktemp("code"), pending_s=0.01)
    yield cloud
    cloud.close()


@pytest.fixture
def api(cloud: Cloud) -> Any:
    """boto3's Lambda client, on an empty Region."""
    cloud.reset()
    return cloud.client()


@pytest.fixture
def create(cloud: Cloud, api: Any) -> Callable[..., dict[str, Any]]:
    """Creates a function that is Active when the call returns."""

    def create(name: str = "orders", *, wait: bool = True, **changes: Any) -> dict[str, Any]:
        wanted = {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": ROLE,
            "Code": {"ZipFile": make_zip()},
        } | changes
        answer: dict[str, Any] = api.create_function(**wanted)
        if wait:
            settled(cloud, api, name)
        return answer

    return create
