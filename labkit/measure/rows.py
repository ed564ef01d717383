"""What was measured: one frozen row for each call, and the frozen sequence of them. Invokes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, overload

from labkit import pricing

if TYPE_CHECKING:
    import pandas as pd


class Status(StrEnum):
    """How a call ended."""

    OK = "ok"
    ERROR = "error"  # the function ran and failed: an exception, a timeout, a crash
    THROTTLED = "throttled"  # no environment was free for it: HTTP 429, it did not run
    FAILED = "failed"  # it got no answer, or another refusal


@dataclass(frozen=True, slots=True)
class Measurement:
    """One call of a function.

    Attributes:
        number: its place in the run, from 1.
        sent_at: when it was sent, seconds since the epoch.
        started_s: when it was sent, seconds since the run began.
        late_ms: how much later than planned it was sent; only an open loop has a plan.
        latency_ms: from sending to the last byte of the answer, as the caller saw it.
        status: how it ended.
        request_id: Lambda's id of the invocation.
        duration_ms, init_ms, billed_ms, memory_mb, max_memory_mb: from the REPORT line in the log tail; None
            where there was none. ``init_ms`` is None for a warm start.
        cold: whether it waited for a new execution environment; None when that is not known.
        cost_usd: what it costs on AWS at the first tier, without free tier; None when a price is not known.
        version: which version ran.
        environment: the log stream of the execution environment; filled in by `with_environments`.
        error: what went wrong, in one line.
    """

    number: int
    sent_at: float
    started_s: float
    latency_ms: float
    status: Status
    late_ms: float = 0.0
    request_id: str | None = None
    duration_ms: float | None = None
    init_ms: float | None = None
    billed_ms: int | None = None
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    cold: bool | None = None
    cost_usd: float | None = None
    version: str | None = None
    environment: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Function:
    """What has to be known of a function to price and describe its calls.

    Attributes:
        architecture: None when it could not be read: then nothing is priced.
        memory_mb, timeout_s: its settings; None when they could not be read.
    """

    name: str
    region: str
    architecture: str | None = None
    ephemeral_mb: int = 512
    log_group: str | None = None
    memory_mb: int | None = None
    timeout_s: int | None = None


@dataclass(frozen=True, repr=False)
class Measurements(Sequence[Measurement]):
    """The rows of a run, in the order in which the calls were sent.

    A sequence of `Measurement`; ``+`` puts two runs together, and ``cold``, ``warm`` … are runs again.

    Attributes:
        function: the function that was called.
        planned: how many calls the run was to make.
        interrupted: whether Ctrl-C ended it early.
        notes: what has to be known to read the figures.
    """

    function: Function
    rows: tuple[Measurement, ...] = ()
    planned: int | None = None
    interrupted: bool = False
    notes: tuple[str, ...] = field(default=())

    @overload
    def __getitem__(self, index: int) -> Measurement: ...
    @overload
    def __getitem__(self, index: slice) -> Measurements: ...
    def __getitem__(self, index: int | slice) -> Measurement | Measurements:
        return self.rows[index] if isinstance(index, int) else self._only(self.rows[index])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def __add__(self, other: Measurements) -> Measurements:
        """Both runs, the rows of the second numbered on; times count from the first run's beginning."""
        shift = self.rows[-1].number if self.rows else 0
        origin = self.rows[0].sent_at - self.rows[0].started_s if self.rows else 0.0
        moved = tuple(
            replace(
                row, number=row.number + shift, started_s=row.sent_at - origin if self.rows else row.started_s
            )
            for row in other.rows
        )
        return replace(
            self,
            rows=self.rows + moved,
            planned=_sum(self.planned, other.planned),
            interrupted=self.interrupted or other.interrupted,
            notes=tuple(dict.fromkeys(self.notes + other.notes)),
        )

    @property
    def cold(self) -> Measurements:
        """The calls that waited for a new execution environment."""
        return self._only(row for row in self.rows if row.cold is True)

    @property
    def warm(self) -> Measurements:
        """The calls that found an execution environment ready."""
        return self._only(row for row in self.rows if row.cold is False)

    @property
    def ok(self) -> Measurements:
        """The calls that the function answered without an error."""
        return self._only(row for row in self.rows if row.status is Status.OK)

    @property
    def problems(self) -> Measurements:
        """The calls that ended in an error, were throttled or got no answer."""
        return self._only(row for row in self.rows if row.status is not Status.OK)

    def values(self, column: str) -> list[float]:
        """The numbers of a column, such as ``latency_ms``, without the rows that have none."""
        return [float(value) for row in self.rows if (value := getattr(row, column)) is not None]

    def percentile(self, percent: float, column: str = "latency_ms") -> float | None:
        """The value that ``percent`` of the rows do not exceed, interpolated; None without any value.

        ``percentile(50)`` is the median.
        """
        return percentile(self.values(column), percent)

    def cost(self) -> pricing.Cost:
        """What these calls cost on AWS, line by line: first tier, no free tier.

        Raises:
            FactUnknown: a price is not known for this Region.
            PricingError: the function's architecture could not be read.
        """
        if self.function.architecture is None:
            raise pricing.PricingError(
                f"The architecture of {self.function.name} could not be read, so its time has no price. "
                "Allow lambda:GetFunctionConfiguration and measure again."
            )
        return pricing.invocations(
            self.rows,
            architecture=self.function.architecture,
            region=self.function.region,
            ephemeral_mb=self.function.ephemeral_mb,
        )

    def frame(self) -> pd.DataFrame:
        """A row for each call, columns as in `Measurement`, ``sent_at`` as UTC time. Needs pandas."""
        from labkit.measure.frames import to_frame

        return to_frame(self)

    def text(self) -> str:
        """The figures as plain text: a table and a sentence. Its layout depends on counts, not on times."""
        from labkit.measure.texts import to_text

        return to_text(self)

    def __repr__(self) -> str:
        return self.text()

    def _only(self, rows: Iterable[Measurement]) -> Measurements:
        return replace(self, rows=tuple(rows), planned=None, interrupted=False)

    def without(self, left_out: Callable[[Measurement], Any]) -> Measurements:
        """The rows for which ``left_out`` is false, such as ``lambda row: row.number == 1``."""
        return self._only(row for row in self.rows if not left_out(row))


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Linear interpolation between the closest ranks, as numpy and pandas do by default."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
