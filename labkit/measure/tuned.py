"""What a power tuning found: one frozen step for each memory size and architecture, and which is best.

Invokes nothing. Money comes from `labkit.pricing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from labkit import pricing
from labkit.errors import FactUnknown, LabError
from labkit.measure.rows import Function, Measurement, Measurements, Status
from labkit.measure.target import MeasureError

if TYPE_CHECKING:
    import pandas as pd

Strategy: TypeAlias = Literal["cost", "speed", "balanced"]
STRATEGIES: tuple[Strategy, ...] = ("cost", "speed", "balanced")


@dataclass(frozen=True)
class Step:
    """One memory size on one architecture.

    Attributes:
        runs: the warm runs that ``duration_ms`` comes from, before outliers are left out.
        duration_ms: mean handler duration of the warm runs without outliers; None when nothing succeeded.
        cost_usd: what one warm invocation of that duration costs on AWS, request included, first tier,
            without free tier; None when a price is not known.
        init_ms: Init Duration of the cold run, which the mean leaves out.
        max_memory_mb: the most that any run used.
        problem: why there are fewer figures than asked for, in one line.
        measurements: every call of this step, the first one too.
    """

    memory_mb: int
    architecture: str
    runs: int
    duration_ms: float | None
    cost_usd: float | None
    init_ms: float | None = None
    max_memory_mb: int | None = None
    problem: str | None = None
    measurements: Measurements | None = None

    @property
    def gb_seconds(self) -> float | None:
        """GB-seconds of one warm invocation; about constant where CPU is all that counts."""
        if self.duration_ms is None:
            return None
        return float(pricing.gb_seconds(self.memory_mb, self.duration_ms))

    def __str__(self) -> str:
        return f"{self.memory_mb:,} MB, {self.architecture}"


@dataclass(frozen=True, repr=False)
class Tuning:
    """The steps of a power tuning, ordered by architecture and memory.

    Attributes:
        function: the function that was tuned, with its settings before (and after) the tuning.
        steps: what was measured; one that is still being measured, or was cut short, has fewer runs.
        planned: how many steps there were to be.
        runs: how many calls each step was to make, the discarded first one included.
        strategy, weight: what `best` goes by unless it is told otherwise.
        interrupted: whether Ctrl-C or the cost ceiling ended it early.
        notes: what has to be known to read the figures.
    """

    function: Function
    steps: tuple[Step, ...] = ()
    planned: int | None = None
    runs: int = 0
    strategy: Strategy = "cost"
    weight: float = 0.5
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def measured(self) -> tuple[Step, ...]:
        """The steps that have a duration."""
        return tuple(step for step in self.steps if step.duration_ms is not None)

    @property
    def priced(self) -> bool:
        """Whether every measured step has a cost."""
        return all(step.cost_usd is not None for step in self.measured)

    def best(self, strategy: Strategy | None = None, weight: float | None = None) -> Step:
        """The step to choose.

        Args:
            strategy: ``"cost"`` takes the cheapest (of equals the fastest), ``"speed"`` the fastest (of
                equals the cheapest), ``"balanced"`` the least weighted sum of both, each as a share of its
                largest.
            weight: of cost in that sum, 0 to 1; 0 is speed alone, 1 cost alone. Only for ``"balanced"``.

        Raises:
            MeasureError: no step could be measured, or there is no such strategy or weight.
            FactUnknown: the strategy needs a price that is not known for this Region.
        """
        wanted, share = strategy or self.strategy, self.weight if weight is None else weight
        check_strategy(wanted, share)
        steps = self.measured
        if not steps:
            raise MeasureError(f"Nothing could be measured of {self.function.name}: {self._why()}")
        if wanted != "speed" and not self.priced:
            raise FactUnknown(
                f"No price is known for {self.function.name} in {self.function.region}, so steps can only be "
                "compared by speed: best('speed')."
            )
        return min(steps, key=_value(steps, wanted, share))

    def cost(self) -> pricing.Cost:
        """What the tuning itself cost on AWS, line by line: all its calls, first tier, no free tier.

        Raises:
            FactUnknown: a price is not known for this Region.
        """
        bills = [step.measurements.cost() for step in self.steps if step.measurements]
        lines = tuple(line for bill in bills for line in bill.lines)
        notes = tuple(dict.fromkeys(note for bill in bills for note in bill.notes))
        return pricing.Cost(f"Tuning of {self.function.name}, {self.function.region}", lines, notes)

    def to_json(self) -> dict[str, Any]:
        """The result in the form of AWS Lambda Power Tuning, as a JSON value; see `powertuning.to_json`.

        Raises:
            MeasureError: no step could be measured.
            FactUnknown: a price is not known for this Region.
        """
        from labkit.measure.powertuning import to_json

        return to_json(self)

    @property
    def link(self) -> str:
        """The address under which the viewer of AWS Lambda Power Tuning shows these figures.

        All of them stand behind the ``#``, which a browser does not send. Raises as `to_json` does.
        """
        return str(self.to_json()["stateMachine"]["visualization"])

    def frame(self) -> pd.DataFrame:
        """A row for each step, typed columns; ``frame.attrs["units"]`` has the units. Needs pandas."""
        from labkit.measure.frames import tuning_frame

        return tuning_frame(self)

    def text(self) -> str:
        """A table of the steps and the one to choose, as plain text."""
        from labkit.measure.texts import tuning_text

        return tuning_text(self)

    def __repr__(self) -> str:
        return self.text()

    def _why(self) -> str:
        problems = dict.fromkeys(step.problem for step in self.steps if step.problem)
        return "; ".join(map(str, problems)) or "no call was made."


def check_strategy(strategy: str, weight: float) -> None:
    """Raises MeasureError for a strategy or a weight that makes no sense."""
    if strategy not in STRATEGIES:
        raise MeasureError(f"strategy={strategy!r}: choose one of {', '.join(STRATEGIES)}.")
    if not 0 <= weight <= 1:
        raise MeasureError(f"weight={weight}: give a number from 0 (only speed) to 1 (only cost).")


def step_of(measurements: Measurements, memory_mb: int, architecture: str, trim: float) -> Step:
    """The figures of one step.

    The first call and every other cold one are left out, then the share ``trim`` of the fastest and of the
    slowest, rounded down, as AWS Lambda Power Tuning does.
    """
    rest = [row for row in measurements if row.number > 1 and row.status is Status.OK and row.cold is False]
    durations = sorted(row.duration_ms for row in rest if row.duration_ms is not None)
    cut = int(len(durations) * trim)
    kept = durations[cut : len(durations) - cut]
    duration_ms = sum(kept) / len(kept) if kept else None
    used = measurements.values("max_memory_mb")
    return Step(
        memory_mb=memory_mb,
        architecture=architecture,
        runs=len(durations),
        duration_ms=duration_ms,
        cost_usd=_cost_usd(measurements.function, duration_ms, memory_mb, architecture),
        init_ms=next(iter(measurements.values("init_ms")), None),
        max_memory_mb=int(max(used)) if used else None,
        problem=_problem(measurements, bool(durations)),
        measurements=measurements,
    )


def _cost_usd(
    function: Function, duration_ms: float | None, memory_mb: int, architecture: str
) -> float | None:
    if duration_ms is None:
        return None
    try:
        return float(
            pricing.invocation(
                duration_ms,
                memory_mb,
                architecture=architecture,
                region=function.region,
                ephemeral_mb=function.ephemeral_mb,
            )
        )
    except LabError:  # a Region without a price: the times are worth having
        return None


def _problem(measurements: Measurements, measured: bool) -> str | None:
    if problems := measurements.problems:
        return f"{len(problems)} of {len(measurements)} calls: {_said(problems[0])}"
    if not measured and len(measurements) > 1:
        return "no warm call reported its duration in the log tail"
    return None


def _said(row: Measurement) -> str:
    return f"{row.status}: {row.error}"


def _value(steps: tuple[Step, ...], strategy: Strategy, weight: float) -> Callable[[Step], tuple[float, ...]]:
    """What the best step has least of. Costs are known unless only speed counts."""

    def duration(step: Step) -> float:
        return step.duration_ms or 0.0

    def cost(step: Step) -> float:
        return step.cost_usd or 0.0

    if strategy == "speed":
        return lambda step: (duration(step), cost(step))
    if strategy == "cost":
        return lambda step: (cost(step), duration(step))
    dearest = max(map(cost, steps)) or 1.0
    slowest = max(map(duration, steps)) or 1.0
    return lambda step: (weight * cost(step) / dearest + (1 - weight) * duration(step) / slowest,)
