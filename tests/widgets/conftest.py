"""What a cell shows, in order."""

from __future__ import annotations

from typing import Any

import IPython.display
import pytest


class Handle:
    """Stands where IPython returns a display handle."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown

    def update(self, shown: Any, **_: Any) -> None:
        self.shown = shown


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> list[Handle]:
    """The outputs of a cell, as handles that hold what they show now."""
    outputs: list[Handle] = []

    def display(shown: Any, **_: Any) -> Handle:
        outputs.append(Handle(shown))
        return outputs[-1]

    monkeypatch.setattr(IPython.display, "display", display)
    return outputs
