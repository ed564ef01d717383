"""Power tuning: how long a function takes, and what that costs, at several memory sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from labkit import facts, pricing
from labkit.errors import FactUnknown
from labkit.facts import quota
from labkit.measure import ceiling
from labkit.measure.candidates import Candidate, published
from labkit.measure.rows import Function, Measurements, Status
from labkit.measure.run import Run, Show, Watching
from labkit.measure.target import MeasureError, asked, events, look_up
from labkit.measure.tuned import Step, Strategy, Tuning, check_strategy, step_of

#: Memory sizes in MB that are tried unless others are asked for.
SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
_GIVE_UP_AFTER = 3  # calls without a success: more of them would only cost time and money

#: Sees a tuning grow: `Tuning` objects with more steps, and more runs in the last one, each time.
TuningWatch: TypeAlias = Watching[Tuning]


def tune(
    client: Any,
    name: str,
    payload: Any = None,
    *,
    memory_mb: Sequence[int] = SIZES_MB,
    architectures: Sequence[str] | None = None,
    runs: int = 10,
    payloads: Sequence[Any] | None = None,
    strategy: Strategy = "cost",
    weight: float = 0.5,
    trim: float = 0.2,
    max_cost_usd: float | None = None,
    watch: TuningWatch | None = None,
) -> Tuning:
    """Measure a function at several memory sizes, one call after the other, and compare.

    Each setting is published as a version with an alias of its own, and only these are called: users of
    $LATEST and of other aliases do not share environments with the tuning. AWS publishes from $LATEST, so
    before the first measured call it takes the settings in turn, for some tenths of a second each; then it is
    as it was. The versions and aliases are deleted at the end. All that also after Ctrl-C and errors.

    Args:
        client: a boto3 Lambda client.
        name: the function's name or ARN, without a qualifier: $LATEST's code is tuned.
        payload: the event, as a JSON value or as bytes; None sends none.
        memory_mb: the sizes to try.
        architectures: ``"x86_64"``, ``"arm64"`` or both; None keeps the function's own.
        runs: calls for each setting. The first one, a cold start, is left out of the mean.
        payloads: events to send in turn, instead of ``payload``.
        strategy, weight: what is best; see `Tuning.best`.
        trim: the share of the fastest and of the slowest runs that is left out, 0 to 0.4.
        max_cost_usd: refuse to start if it may cost more, and stop before it does. Makes one call of $LATEST
            to find out, unless the timeout alone can tell.
        watch: sees what was measured so far while the tuning goes on, such as a widget.

    Returns:
        A step for each setting. After Ctrl-C, or when the ceiling is reached, those that were measured, with
        ``interrupted`` set.

    Raises:
        MeasureError: there is no such function, it cannot be changed or not be changed back, the arguments
            make no sense, it would cost too much, or every call failed. ``error.tuning`` has what was
            measured.
        FactUnknown: a ceiling was given, and a price is not known for this Region.
    """
    check_strategy(strategy, weight)
    _check(name, memory_mb, architectures, runs, trim)
    wanted = events(payload, payloads)
    function, notes = look_up(client, name, None)
    settings = settings_of(function, memory_mb, architectures)
    if max_cost_usd is not None:
        notes += (f"Cost: {ceiling.check(client, name, function, wanted[0], settings, runs, max_cost_usd)}.",)
    begun = Tuning(
        function, (), len(settings), runs, strategy, weight, False, (*notes, *_price_notes(function))
    )
    tuner = _Tuner(client, name, begun, wanted, trim, max_cost_usd, watch)
    tuner.show.start()
    try:
        with published(client, name, settings) as candidates:
            for candidate in candidates:
                tuner.measure(candidate)
    except KeyboardInterrupt:
        tuner.interrupted = True
    except MeasureError as error:
        error.tuning = tuner.so_far()
        raise
    return tuner.finished()


def settings_of(
    function: Function, memory_mb: Sequence[int], architectures: Sequence[str] | None
) -> tuple[tuple[int, str], ...]:
    """The settings to try, as (memory in MB, architecture), each once, ordered by architecture and size."""
    own = function.architecture or "x86_64"
    return tuple(
        (size, architecture)
        for architecture in dict.fromkeys(architectures or (own,))
        for size in sorted(set(memory_mb))
    )


class _Tuner:
    """A tuning in progress."""

    def __init__(
        self,
        client: Any,
        name: str,
        begun: Tuning,
        wanted: list[bytes | None],
        trim: float,
        max_usd: float | None,
        watch: TuningWatch | None,
    ) -> None:
        self._client, self._name, self._wanted, self._trim = client, name, wanted, trim
        self._begun = begun
        self._left_usd = None if max_usd is None else float(max_usd)
        self._done: list[Step] = []
        self._run: tuple[Candidate, Run] | None = None
        self._notes: tuple[str, ...] = ()
        self.interrupted = False
        self.show = Show(self.so_far, watch)

    def measure(self, candidate: Candidate) -> None:
        """Make the calls of one setting."""
        if self.interrupted:
            return
        function = replace(
            self._begun.function, memory_mb=candidate.memory_mb, architecture=candidate.architecture
        )
        run = Run(self._client, function, asked(self._name, candidate.alias), self._wanted, self._begun.runs)
        self._run = candidate, run
        with run.prepared():
            while not self._enough(run.measured()) and (number := run.enter()):
                run.call(number)
                if self.show.due:
                    self.show.now()
        self._close()

    def so_far(self) -> Tuning:
        """What was measured, the setting under way too."""
        steps = [*self._done, *self._under_way()]
        notes = (*self._begun.notes, *self._notes, *self.show.notes)
        return replace(self._begun, steps=tuple(steps), interrupted=self.interrupted, notes=notes)

    def finished(self) -> Tuning:
        """The result.

        Raises:
            MeasureError: every call failed.
        """
        self._close()
        tuning = self.so_far()
        self.show.finish(tuning)
        if tuning.steps and not tuning.measured and not tuning.interrupted:
            problem = next(
                (step.problem for step in tuning.steps if step.problem), "no call reported its duration"
            )
            failed = MeasureError(
                f"{self._name} could not be measured at any size: {problem}. {_advice(tuning)}"
            )
            failed.tuning = tuning
            raise failed
        return tuning

    def _close(self) -> None:
        self._done += self._under_way()
        self._run = None

    def _under_way(self) -> list[Step]:
        if self._run is None:
            return []
        candidate, run = self._run
        rows = run.measured()
        return [step_of(rows, candidate.memory_mb, candidate.architecture, self._trim)] if rows else []

    def _enough(self, rows: Measurements) -> bool:
        """Whether this setting gets no further call: hopeless, or beyond the ceiling."""
        if len(rows) >= _GIVE_UP_AFTER and not rows.ok:
            return True
        if self._left_usd is None or not rows or len(rows) == self._begun.runs:
            return False
        spent = sum(sum(step.measurements.values("cost_usd")) for step in self._done if step.measurements)
        costs = rows.values("cost_usd")
        if spent + sum(costs) + max(costs, default=0.0) <= self._left_usd:
            return False
        self.interrupted = True
        self._notes = (f"Stopped before it cost more than {pricing.usd(self._left_usd)} USD.",)
        return True


def _check(
    name: str, memory_mb: Sequence[int], architectures: Sequence[str] | None, runs: int, trim: float
) -> None:
    if runs < 2 or not memory_mb:
        raise MeasureError(
            f"runs={runs}, {len(memory_mb)} sizes: give a size, and at least 2 runs: the first is left out."
        )
    if not 0 <= trim <= 0.4:
        raise MeasureError(f"trim={trim}: give a share from 0 to 0.4.")
    low, high = quota("memory_min_mb").value, quota("memory_max_mb").value
    for size in memory_mb:
        if not low <= size <= high:
            raise MeasureError(
                f"memory_mb={size}: Lambda takes {low:,} to {high:,} MB. Choose sizes in between."
            )
    for architecture in architectures or ():
        if architecture not in ("x86_64", "arm64"):
            raise MeasureError(
                f"architecture={architecture!r}: Lambda runs x86_64 and arm64. Choose of these."
            )
    if name.count(":") in (1, 3, 7):  # after a name, a partial ARN, an ARN
        raise MeasureError(
            f"{name} names a version or an alias; a tuning publishes $LATEST. Leave out the last part."
        )


def _price_notes(function: Function) -> tuple[str, ...]:
    try:
        facts.price(function.region, "lambda.request")
    except FactUnknown as unknown:
        return (f"Durations only: {unknown}",)
    return ()


def _advice(tuning: Tuning) -> str:
    rows = [row for step in tuning.steps for row in step.measurements or ()]
    if any(row.status is Status.THROTTLED for row in rows):
        return "Look at its reserved concurrency (0 throttles every call) and the account's."
    return "Invoke it once with this payload and mend what it says."
