"""Runs of notebooks side by side, and the time of them all beside its floor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from labkit.course.kernel import bare_s
from labkit.course.report import Times

BEGAN = time.monotonic()
# Each of its tests has a workspace of its own; those of other files share a cloud, or a browser.
APART = "tests/notebooks/test_solutions.py"


class SideBySide(LoadScopeScheduling):
    """Gives a free worker the next notebook; what shares a cloud stays together, in its order."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file == APART else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide:
    """Used where this folder is named on the command line, as `make test` does."""
    return SideBySide(config, log)


@pytest.fixture
def as_learners_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels start without the tests' fake credentials: a lab must not need any."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The time of all runs of notebooks, as far as they did not share it with other tests."""
    cells_s = list(_recorded(terminalreporter, "cells_s"))
    if not cells_s:
        return
    workers = int(getattr(config.option, "numprocesses", None) or 1)
    kernels_s = len(cells_s) * bare_s()
    times = Times(time.monotonic() - BEGAN, sum(cells_s) / workers, kernels_s / workers)
    terminalreporter.section("regression")
    terminalreporter.write_line(f"{len(cells_s)} runs of notebooks, {workers} at a time: {times}")


def _recorded(terminalreporter: Any, name: str) -> Iterator[float]:
    for reports in terminalreporter.stats.values():
        for one in reports:
            if getattr(one, "when", "") == "call":
                yield from (value for key, value in one.user_properties if key == name)
