"""Every exercise: typical mistakes have messages of their own, and other ways than the usual one pass."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest

import labkit
from labkit import checks
from labkit.session.record import DesignRecord
from tests.wrong_answers import (
    alarms,
    checklist,
    coldstart,
    concurrency,
    configuration,
    decisions,
    design,
    failures,
    gallery,
    handler,
    layer,
    memory,
    mending,
    observed,
    orders,
    package,
    role,
    secret,
    start,
    triggers_events,
    triggers_http,
    triggers_sources,
    twin,
    versions,
)
from tests.wrong_answers.world import CASES, SHARED, Case, World

PHASES = {
    "00": "00-start-here",
    "01": "01-design",
    "02": "02-create",
    "03": "03-triggers",
    "04": "04-optimize",
    "05": "05-monitor",
    "06": "06-capstone",
}
MODULES = (
    *(start, decisions, design, handler, role, package, configuration, versions, secret, twin),
    *(triggers_http, triggers_sources, triggers_events),
    *(coldstart, concurrency, memory, layer),
    *(failures, orders, observed, alarms),
    *(gallery, checklist, mending),
)
_numbers = count()


def case_id(case: Case) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", case.title.lower())
    return f"{case.exercise}-{'right' if case.right else 'wrong'}-{words}"


@pytest.fixture(scope="class")
def world(request: pytest.FixtureRequest, cloud) -> Iterator[World]:
    """A corner of the shared cloud, with names and a design record of its own; swept afterwards."""
    number = next(_numbers)
    lab = labkit.open(PHASES[request.param[:2]], workspace=cloud.workspace, prefix=f"case{number}")
    lab._record = DesignRecord(cloud.workspace / ".labkit" / f"case{number}.json")
    yield World(lab)
    lab.teardown()
    lab.ledger.path.unlink(
        missing_ok=True
    )  # all cases of a phase write into one, and each reads it from its beginning


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives each phase's class its cases; those of a shared exercise name the same world."""
    if (phase := getattr(metafunc.cls, "phase", None)) is not None:
        cases = {case_id(case): case for case in CASES if case.exercise[:2] == phase}
        params = [
            pytest.param(case.exercise if case.exercise in SHARED else id, case, id=id)
            for id, case in cases.items()
        ]
        metafunc.parametrize(("world", "case"), params, indirect=["world"], scope="class")


@pytest.mark.slow
class Answers:
    """The answers of one phase."""

    phase: str

    def test_answers(self, world: World, case: Case, capsys: pytest.CaptureFixture[str]):
        case.does(world)
        result = checks.run(world.lab, case.exercise)
        shown = capsys.readouterr().out
        assert result.passed == case.right, result.text
        assert re.search(case.says, result.text), result.text
        assert result.text in shown
        assert result.passed or (result.expected and result.next_step)


for _phase in PHASES:  # a class each, so that phases run side by side
    globals()[f"TestPhase{_phase}"] = type(f"TestPhase{_phase}", (Answers,), {"phase": _phase})


@pytest.mark.parametrize("exercise", [one.id for one in checks.checks()])
def test_every_exercise_is_covered(exercise: str):
    """At least three wrong answers, each caught by a message of its own, and one right answer."""
    refused = [case for case in CASES if case.exercise == exercise and not case.right]
    assert len(refused) >= 3
    assert len({case.says for case in refused}) >= 3
    assert [case for case in CASES if case.exercise == exercise and case.right]


def test_cases_are_told_apart():
    ids = Counter(map(case_id, CASES))
    assert not [one for one, times in ids.items() if times > 1]
