"""Stacks on the running local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from stack_world import World


@pytest.fixture(scope="module")
def stacks(cloud: Any) -> Iterator[World]:
    world = World(cloud)
    yield world
    for name in world.names:
        world.client.delete_stack(StackName=name)
