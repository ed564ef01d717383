"""What invocations cost: one, or recorded ones. Tiers and free tier belong to a month (`monthly`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeAlias

from labkit import facts
from labkit.facts import Price, quota
from labkit.pricing.cost import Cost, LineItem, Number, exact, line
from labkit.pricing.workload import ARCHITECTURES, billed_ms, check_function, event_requests, gb_seconds

#: Looks up a price by Region and key; `labkit.facts.price` unless the caller brings prices of another day.
Prices: TypeAlias = Callable[[str, str], Price]

LOGS_KEY = "cloudwatch.logs.ingest.lambda"
GB_OF_LOGS = 10**9  # the smaller reading of GB: never understates


class Billed(Protocol):
    """A recorded invocation, such as a `labkit.reports.Report`."""

    @property
    def billed_ms(self) -> int:
        """Billed Duration in ms."""

    @property
    def memory_mb(self) -> int:
        """Memory Size in MB."""


def invocation(
    duration_ms: Number,
    memory_mb: int,
    *,
    init_ms: Number = 0,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    ephemeral_mb: int = 512,
    event_bytes: int = 0,
    log_bytes: Number = 0,
    prices: Prices = facts.price,
) -> Cost:
    """What one on-demand invocation costs, at the first tier and without the free tier.

    Args:
        duration_ms: handler duration; a billed duration may be given as well.
        init_ms: Init Duration of a cold start; it is billed since 2025-08-01.
        event_bytes: size of an asynchronous event (see `event_requests`); 0 for a synchronous call.
        log_bytes: bytes that it writes to CloudWatch Logs.

    Raises:
        FactUnknown: a price is not known for this Region.
        PricingError: a value is outside what Lambda takes.
    """
    check_function(memory_mb, architecture, ephemeral_mb)
    milliseconds = billed_ms(duration_ms, init_ms)
    lines = [
        line("Requests", event_requests(event_bytes), "requests", prices(region, "lambda.request")),
        line(
            "Duration",
            gb_seconds(memory_mb, milliseconds),
            "GB-seconds",
            compute_price(region, architecture, prices),
        ),
    ]
    lines += tmp_lines(ephemeral_mb, milliseconds, region, prices)
    if log_bytes:
        lines.append(line("Logs", exact(log_bytes) / GB_OF_LOGS, "GB", prices(region, LOGS_KEY)))
    return Cost(
        f"One invocation of {milliseconds:,} ms at {memory_mb:,} MB, {architecture}, {region}", tuple(lines)
    )


def invocations(
    records: Iterable[Billed] | Any,
    *,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    ephemeral_mb: int = 512,
    prices: Prices = facts.price,
) -> Cost:
    """What recorded invocations cost together, at the first tier and without the free tier.

    Args:
        records: objects with ``billed_ms`` and ``memory_mb`` (reports), or a DataFrame with those columns; an
            ``architecture`` of a record or a column goes before the argument. Rows without a billed duration
            (throttled, not run) cost nothing and are counted in the notes.

    Raises:
        FactUnknown: a price is not known for this Region.
    """
    records = records if hasattr(records, "columns") else list(records)
    count, not_billed, restored = 0, 0, _restored(records)
    milliseconds: dict[tuple[str, int], int] = defaultdict(int)
    for billed, memory_mb, built_for in _rows(records, architecture):
        if billed is None or memory_mb is None:
            not_billed += 1
        else:
            count += 1
            milliseconds[built_for, memory_mb] += billed
    lines = [line("Requests", count, "requests", prices(region, "lambda.request"))]
    for (built_for, memory_mb), total_ms in sorted(milliseconds.items()):
        check_function(memory_mb, built_for, ephemeral_mb)
        what = f"Duration, {memory_mb:,} MB, {built_for}"
        lines.append(
            line(
                what, gb_seconds(memory_mb, total_ms), "GB-seconds", compute_price(region, built_for, prices)
            )
        )
    lines += tmp_lines(ephemeral_mb, sum(milliseconds.values()), region, prices)
    notes = [f"{not_billed:,} without a billed duration: not billed"] if not_billed else []
    if restored:
        notes.append(f"{restored:,} restored from a SnapStart snapshot: restores and cache not included")
    return Cost(f"{count:,} invocations, {region}", tuple(lines), tuple(notes))


def cost_column(
    records: Iterable[Billed] | Any,
    *,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    ephemeral_mb: int = 512,
    prices: Prices = facts.price,
) -> list[float]:
    """USD of each record, in order, as floats for a frame's ``cost_usd`` column; NaN for those not billed.

    Takes the same records as `invocations`; for a sum to be shown use that, which is exact.
    """
    rates: dict[tuple[str, int], float] = {}
    per_request = float(prices(region, "lambda.request").each_usd)
    column = []
    for billed, memory_mb, built_for in _rows(records, architecture):
        if billed is None or memory_mb is None:
            column.append(float("nan"))
            continue
        if (built_for, memory_mb) not in rates:
            second = invocation(
                1000,
                memory_mb,
                architecture=built_for,
                region=region,
                ephemeral_mb=ephemeral_mb,
                prices=prices,
            )
            rates[built_for, memory_mb] = float(second) - per_request
        column.append(per_request + billed * rates[built_for, memory_mb] / 1000)
    return column


def compute_price(region: str, architecture: str, prices: Prices) -> Price:
    """USD per GB-second on demand, with its tiers."""
    return prices(region, f"lambda.gbs.{ARCHITECTURES[architecture]}")


def tmp_lines(ephemeral_mb: int, milliseconds: Number, region: str, prices: Prices) -> tuple[LineItem, ...]:
    """The line for /tmp beyond the 512 MB that every function has for nothing; none if there is no more."""
    extra_mb = ephemeral_mb - quota("tmp_default_mb").value
    if not extra_mb:
        return ()
    used = gb_seconds(extra_mb, milliseconds)
    return (line("/tmp above 512 MB", used, "GB-seconds", prices(region, "lambda.ephemeral")),)


def _rows(records: Any, architecture: str) -> Iterator[tuple[int | None, int | None, str]]:
    """Billed milliseconds, memory and architecture of each record, from objects or from a frame's columns."""
    if hasattr(records, "columns"):
        columns = [records["billed_ms"], records["memory_mb"]]
        built_for = (
            records["architecture"] if "architecture" in records.columns else [architecture] * len(records)
        )
        rows: Iterable[tuple[Any, Any, str]] = zip(*columns, built_for, strict=True)
    else:
        rows = ((r.billed_ms, r.memory_mb, getattr(r, "architecture", architecture)) for r in records)
    return ((_whole(billed), _whole(memory), built_for) for billed, memory, built_for in rows)


def _restored(records: Any) -> int:
    """How many records are of a restore from a SnapStart snapshot."""
    if hasattr(records, "columns"):
        return int(records["restore_ms"].notna().sum()) if "restore_ms" in records.columns else 0
    return sum(getattr(record, "restore_ms", None) is not None for record in records)


def _whole(value: Any) -> int | None:
    """A number of a record as int; None where a frame has none (None, NaN, pandas.NA)."""
    if value is None or str(value) in {"nan", "<NA>", "NaN", "None"}:
        return None
    return int(value)
