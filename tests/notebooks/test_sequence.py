"""All phases, one after the other, in one cloud: with other parameters and other names than their recordings.

And each cell two times in a row, because people do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import checks, cloud
from labkit.course import notebook as files
from labkit.course import stage
from labkit.course.places import phase
from labkit.course.run import Order, run
from labkit.deploy.functions import ARCHITECTURE_VARIABLE
from tests.notebooks.remains import remains
from tests.notebooks.test_solutions import COURSE, NAMES, SOLUTIONS

# Where a notebook has them. What labkit.deploy makes for it asks for arm64 in any case.
SECOND = {"region": "eu-central-1", "architecture": "arm64"}
OTHER_NAMES = "q7-other-names"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def one_workspace() -> Iterator[Path]:
    """For all phases, in the order of these tests."""
    with stage.fresh(COURSE.solutions, OTHER_NAMES) as place:
        cloud.start(place)
        yield place


@pytest.mark.parametrize("path", SOLUTIONS, ids=NAMES)
def test_a_phase_passes_all_its_checks_and_leaves_nothing_to_the_next_one(
    path, one_workspace, as_learners_have_it, monkeypatch, record_property
):
    """By papermill, checks raising, each cell two times in a row."""
    monkeypatch.setenv(ARCHITECTURE_VARIABLE, SECOND["architecture"])
    known = files.parameters_in(files.read(path))
    given = {name: value for name, value in SECOND.items() if name in known}
    [outcome] = run(COURSE, Order((path.stem,), parameters=given, workspace=one_workspace, twice=True))
    record_property("cells_s", outcome.cells_s)
    assert not outcome.problems, "\n".join(outcome.problems)
    assert outcome.count("done", "skipped") == len(outcome.asked) == len(checks.checks(phase(path)))
    assert outcome.invocations > 0
    assert outcome.cost_usd
    assert not remains(one_workspace, (cloud.DEFAULT_REGION, SECOND["region"]))
