"""What is computed from the steps of a tuning: the choice, the form of AWS Lambda Power Tuning, the texts."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pandas as pd
import pytest

from labkit import facts, pricing
from labkit.errors import FactUnknown
from labkit.measure import MeasureError, Measurement, Measurements, Status, Step, Tuning
from labkit.measure.candidates import _as_it_was
from labkit.measure.ceiling import most_usd
from labkit.measure.powertuning import link, read_link
from labkit.measure.rows import Function
from labkit.measure.tuned import step_of

ORDERS = Function("orders", "us-east-1", "x86_64", memory_mb=256, timeout_s=3)
# The address in README-INPUT-OUTPUT.md of aws-lambda-power-tuning.
PUBLISHED = (
    "https://lambda-power-tuning.show/"
    "#gAAAAQACAAQABsAL;ZooQR4yvkUa/pQRGRC5zRaADHUVjOftE;QdWhOEMkoziDT5Q4xhiIOMYYiDi6RNc4"
)


def row(
    number: int, duration_ms: float, *, memory_mb: int = 128, cold: bool = False, status: Status = Status.OK
) -> Measurement:
    return Measurement(
        number=number,
        sent_at=1_790_000_000.0 + number,
        started_s=float(number),
        latency_ms=duration_ms + 2,
        status=status,
        duration_ms=duration_ms,
        init_ms=80.0 if cold else None,
        billed_ms=pricing.billed_ms(duration_ms, 80 if cold else 0),
        memory_mb=memory_mb,
        max_memory_mb=36,
        cold=cold,
        error="ValueError: no" if status is Status.ERROR else None,
    )


def measured(*durations_ms: float, memory_mb: int = 128) -> Measurements:
    rows = [row(n, value, cold=n == 1, memory_mb=memory_mb) for n, value in enumerate(durations_ms, 1)]
    return Measurements(ORDERS, tuple(rows), len(rows))


def step(memory_mb: int, duration_ms: float, architecture: str = "x86_64") -> Step:
    rows = measured(duration_ms, duration_ms, duration_ms, memory_mb=memory_mb)
    return step_of(rows, memory_mb, architecture, 0.2)


TUNING = Tuning(ORDERS, (step(128, 800.0), step(256, 390.0), step(512, 220.0), step(1024, 160.0)), 4, 3)


@pytest.mark.parametrize(
    ("durations", "runs", "mean"),
    [
        ((900.0, 10.0, 20.0, 30.0, 40.0, 1000.0), 5, 30.0),  # one of five left out on each side
        ((900.0, 10.0, 20.0, 30.0), 3, 20.0),  # too few to leave any out
        ((900.0, 10.0), 1, 10.0),
        ((900.0,), 0, None),  # only the cold one
    ],
)
def test_the_mean_leaves_out_the_first_and_the_outliers(
    durations: tuple[float, ...], runs: int, mean: float | None
) -> None:
    """The first call never counts; 20 percent of the fastest and of the slowest do not either."""
    found = step_of(measured(*durations), 128, "x86_64", 0.2)
    assert (found.runs, found.duration_ms) == (runs, mean)
    assert found.init_ms == 80.0


def test_failed_and_later_cold_calls_do_not_count() -> None:
    """An environment that was replaced in the middle is no slow run, and an error is no fast one."""
    rows = (row(1, 900, cold=True), row(2, 10), row(3, 500, cold=True), row(4, 1, status=Status.ERROR))
    found = step_of(Measurements(ORDERS, rows), 128, "x86_64", 0.2)
    assert (found.runs, found.duration_ms) == (1, 10)
    assert found.problem == "1 of 4 calls: error: ValueError: no"


def test_the_cost_of_a_step_is_that_of_one_warm_invocation() -> None:
    """The mean, rounded up to a millisecond, and the request."""
    found = step_of(measured(900, 10.2), 512, "arm64", 0.2)
    assert found.cost_usd == float(pricing.invocation(11, 512, architecture="arm64"))


@pytest.mark.parametrize(
    ("strategy", "weight", "memory_mb"),
    [
        ("cost", 0.5, 256),
        ("speed", 0.5, 1024),
        ("balanced", 0.0, 1024),
        ("balanced", 1.0, 256),
        ("balanced", 0.5, 512),
    ],
)
def test_the_best_step(strategy: str, weight: float, memory_mb: int) -> None:
    """Weight 0 is speed, weight 1 is cost, as AWS Lambda Power Tuning has it."""
    assert TUNING.best(strategy, weight).memory_mb == memory_mb  # type: ignore[arg-type]


def test_of_equals_the_better_in_the_other_respect_is_best() -> None:
    """The same price: the faster; the same time: the cheaper."""
    assert Tuning(ORDERS, (step(128, 80.0), step(256, 40.0))).best("cost").memory_mb == 256
    assert Tuning(ORDERS, (step(256, 80.0), step(128, 80.0))).best("speed").memory_mb == 128


@pytest.mark.parametrize(("strategy", "weight"), [("cheapest", 0.5), ("balanced", 1.5)])
def test_a_strategy_that_does_not_exist_is_refused(strategy: str, weight: float) -> None:
    """With the ones that do."""
    with pytest.raises(MeasureError, match=r"cost, speed, balanced|from 0"):
        TUNING.best(strategy, weight)  # type: ignore[arg-type]


def test_nothing_measured() -> None:
    """An error that says why, and texts that still work."""
    nothing = Tuning(ORDERS, (), 6, 10)
    with pytest.raises(MeasureError, match="no call was made"):
        nothing.best()
    assert nothing.text() == "orders: 0 settings of 6 planned, 10 calls each"
    assert len(nothing.frame()) == 0


def test_the_form_of_aws_lambda_power_tuning() -> None:
    """Its names; its cost is that of time alone; everything is a JSON value."""
    found = json.loads(json.dumps(TUNING.to_json()))
    price = float(facts.price("us-east-1", "lambda.gbs.x86").each_usd)
    assert (found["power"], found["duration"]) == (256, 390.0)
    assert found["cost"] == pytest.approx(390 * price * 256 / 1024 / 1000)
    assert found["stateMachine"]["executionCost"] == 0
    spent_ms = {128: 880 + 1600, 256: 470 + 780, 512: 300 + 440, 1024: 240 + 320}
    total = sum(size * milliseconds / 1024 / 1000 * price for size, milliseconds in spent_ms.items())
    assert found["stateMachine"]["lambdaCost"] == pytest.approx(total)
    assert [stat["value"] for stat in found["stats"]] == [128, 256, 512, 1024]
    assert set(found["stats"][0]) == {"value", "averagePrice", "averageDuration"}


def test_the_link_holds_the_figures() -> None:
    """What the viewer reads from it is what was measured, to the precision of a 32-bit number."""
    sizes, durations, costs = read_link(TUNING.link)
    stats = TUNING.to_json()["stats"]
    assert sizes == [128, 256, 512, 1024]
    assert durations == pytest.approx([stat["averageDuration"] for stat in stats])
    assert costs == pytest.approx([stat["averagePrice"] for stat in stats], rel=1e-6)


def test_a_published_link_is_read_and_written_alike() -> None:
    """The example of the tool's own documentation, byte for byte."""
    sizes, durations, costs = read_link(PUBLISHED)
    assert sizes == [128, 256, 512, 1024, 1536, 3008]
    assert durations[0] == pytest.approx(37002.4, abs=0.1)
    assert link(sizes, durations, costs) == PUBLISHED


def test_two_architectures_are_no_one_curve() -> None:
    """The viewer knows one figure for each size: the form has those of the best step's architecture."""
    both = replace(TUNING, steps=(step(128, 800.0), step(128, 500.0, "arm64"), step(256, 300.0, "arm64")))
    assert [stat["value"] for stat in both.to_json()["stats"]] == [128, 256]


def test_without_a_price_only_speed_compares() -> None:
    """Nothing is guessed; durations stay."""
    nowhere = replace(ORDERS, region="mars-north-1")
    rows = replace(measured(900, 10, 10), function=nowhere)
    tuning = Tuning(nowhere, (step_of(rows, 128, "x86_64", 0.2),), 1, 3)
    assert tuning.best("speed").cost_usd is None
    for ask in (tuning.best, tuning.to_json, tuning.cost):
        with pytest.raises(FactUnknown, match="mars-north-1"):
            ask()
    assert "fastest: 128 MB" in tuning.text()


def test_the_frame_has_types_and_units() -> None:
    """A row for each step."""
    frame = TUNING.frame()
    assert list(frame["memory_mb"]) == [128, 256, 512, 1024]
    assert frame["max_memory_mb"].dtype == "Int64"
    assert frame.attrs["units"]["duration_ms"] == "ms"
    assert isinstance(frame, pd.DataFrame)


def test_the_text_has_the_table_and_the_choice() -> None:
    """One line a step; the choice and what the tuning itself cost below."""
    lines = repr(TUNING).splitlines()
    assert lines[0] == "orders: 4 settings, 3 calls each"
    assert lines[2].split() == [
        "128",
        "MB",
        "x86_64",
        "2",
        "800",
        "ms",
        "0.1000",
        "1.87",
        "80.0",
        "ms",
        "36",
        "MB",
    ]
    assert lines[-2] == "best by cost: 256 MB, x86_64"
    assert lines[-1].startswith("this tuning on AWS: 0.0000")


def test_a_tuning_cannot_be_changed() -> None:
    """What was measured stays."""
    with pytest.raises(FrozenInstanceError):
        TUNING.runs = 3  # type: ignore[misc]


def test_the_most_that_a_tuning_can_cost() -> None:
    """Every call until its timeout, the first after ten seconds of init: 2 × (3 + 13) s at 128 and 256 MB."""
    price = facts.price("us-east-1", "lambda.gbs.x86").each_usd
    request = facts.price("us-east-1", "lambda.request").each_usd
    expected = (16 * 128 + 16 * 256) * price / 1024 + 4 * request
    assert most_usd(ORDERS, ((128, "x86_64"), (256, "x86_64")), 2) == expected


@pytest.mark.parametrize(
    ("description", "restored"),
    [
        ("takes orders", (128, "x86_64", "takes orders")),
        ("labkit tune 0123abcd: 128 MB, was 512 MB on arm64; takes; orders", (512, "arm64", "takes; orders")),
        ("labkit tune 0123abcd: 128 MB, was 512 MB on x86_64", (512, "x86_64", "")),
    ],
)
def test_a_killed_tuning_has_left_word_of_what_was(description: str, restored: tuple[int, str, str]) -> None:
    """Its mark in the description; anything else is the function's own."""
    found = _as_it_was({"MemorySize": 128, "Architectures": ["x86_64"], "Description": description})
    assert (found["MemorySize"], found["Architecture"], found["Description"]) == restored
