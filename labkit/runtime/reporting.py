"""What the log, telemetry, extensions and the caller are told of inits and invocations. Decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from labkit.runtime.extensions import INVOKE, Extension
from labkit.runtime.loglines import Figures, Span, Trace, billed
from labkit.runtime.spec import Invocation, Outcome
from labkit.runtime.telemetry import Telemetry
from labkit.runtime.verdict import Verdict, judge
from labkit.runtime.workplace import Workplace


@dataclass(frozen=True)
class Ended:
    """An invocation that is over. Moments are those of ``time.perf_counter``.

    Attributes:
        answer: what the runtime answered, where extensions went on after it: it stands, whatever they did.
        began, asked: when the time began to count; when the runtime last asked for an event.
        init_ms: only for a cold start.
        streamed_bytes: what the runtime streamed to the caller; None when it did not.
    """

    request_id: str
    verdict: Verdict
    answer: Verdict | None
    began: float
    asked: float
    init_ms: float | None
    trace: Trace | None
    streamed_bytes: int | None = None


def conclude(place: Workplace, ended: Ended) -> Outcome:
    """Writes END and REPORT and makes the outcome."""
    place.watch.settle()
    status, error_type, payload = judge(ended.verdict, ended.request_id, place.spec)
    answer, end, extensions_ms = ended.verdict, ended.verdict.at, None
    if ended.answer is not None:
        answer, end = ended.answer, time.perf_counter()
        payload, extensions_ms = answer.body, max(end - max(ended.asked, answer.at), 0.0) * 1000
    duration_ms = (end - ended.began) * 1000
    figures = Figures(
        duration_ms=duration_ms,
        billed_ms=billed(duration_ms, ended.init_ms),
        max_memory_mb=min(-(-place.watch.peak >> 20), place.spec.memory_mb),
        init_ms=ended.init_ms,
        status=status,
        error_type=error_type,
        trace=ended.trace,
    )
    if place.platform.detailed:
        size = len(payload) if ended.streamed_bytes is None else ended.streamed_bytes
        _report_runtime(place, ended, answer, figures, size)
    now, request_id = place.host.now_ms, ended.request_id
    place.pipe.platform(place.platform.end(now(), request_id))
    place.pipe.platform(place.platform.report(now(), request_id, figures))
    # After the caller's answer is written, before anybody's next request is read.
    asyncio.get_running_loop().call_soon(place.pipe.flush)
    return Outcome(
        payload=payload,
        function_error=None if answer.kind == "answer" else "Unhandled",
        log_tail=place.pipe.take_tail(),
        duration_ms=figures.duration_ms,
        billed_ms=figures.billed_ms,
        max_memory_mb=figures.max_memory_mb,
        log_stream=place.identity.log_stream,
        init_ms=ended.init_ms,
        status=status if answer.kind != "error" else "error",
        error_type=error_type,
        answered_at=answer.at,
        extensions_ms=extensions_ms,
    )


def report_boot(
    place: Workplace,
    verdict: Verdict,
    init_ms: float,
    phase: str,
    request_id: str,
    extensions: Iterable[Extension],
) -> None:
    """Tells how an init ended, and of the extensions that took part in it."""
    platform, now_ms = place.platform, place.host.now_ms()
    status, error_type, _ = judge(verdict, request_id, place.spec)
    place.pipe.platform(platform.init_runtime_done(now_ms, phase, status, error_type))
    for one in extensions:
        place.pipe.platform(platform.extension(now_ms, one.name, one.state, one.events, one.error_type))
    place.pipe.platform(platform.init_report(now_ms, init_ms, phase, status, error_type))


def _report_runtime(place: Workplace, ended: Ended, answer: Verdict, figures: Figures, size: int) -> None:
    """Tells of the runtime's part alone, as far as the log level or a subscriber wants it."""
    done = max(ended.asked, answer.at) if ended.answer is not None else answer.at
    now_ms = place.host.now_ms()
    start_ms = now_ms - int((time.perf_counter() - ended.began) * 1000)
    latency_ms = (answer.at - ended.began) * 1000
    answered_ms = start_ms + int(latency_ms)
    spans = [
        Span("responseLatency", start_ms, latency_ms),
        Span("responseDuration", answered_ms, 0.0),
        Span("runtimeOverhead", answered_ms, (done - answer.at) * 1000),
    ]
    own = replace(figures, duration_ms=(done - ended.began) * 1000)
    place.pipe.platform(place.platform.runtime_done(now_ms, ended.request_id, own, size, spans))


def listen(place: Workplace) -> Telemetry:
    """Telemetry of the generation that begins: it gets the platform's events and the processes' lines."""
    pipe, platform, now_ms = place.pipe, place.platform, place.host.now_ms

    def subscribed(name: str, types: tuple[str, ...]) -> None:
        pipe.platform(platform.telemetry_subscription(now_ms(), name, types))

    def heard(kind: str, at_ms: int, message: str) -> None:
        record: Any = message
        if place.spec.log_format == "JSON":
            with contextlib.suppress(ValueError):
                record = json.loads(message)
        telemetry.emit(at_ms, kind, record)

    telemetry = Telemetry(place.place.address, subscribed)
    platform.emit, pipe.listener = telemetry.emit, heard
    return telemetry


def invoke_event(invocation: Invocation, deadline_s: float) -> dict[str, Any]:
    """What extensions get of an invocation."""
    event: dict[str, Any] = {
        "eventType": INVOKE,
        "deadlineMs": int(deadline_s * 1000),
        "requestId": invocation.request_id,
        "invokedFunctionArn": invocation.invoked_arn,
    }
    if invocation.trace_header:
        event["tracing"] = {"type": "X-Amzn-Trace-Id", "value": invocation.trace_header}
    return event


def trace_of(invocation: Invocation) -> Trace | None:
    """Where a sampled invocation stands in its trace; None for the others."""
    parts = (invocation.trace_header or "").split(";")
    fields = dict(part.split("=", 1) for part in parts if "=" in part)
    if fields.get("Sampled") != "1":
        return None
    return Trace(fields.get("Root", ""), invocation.segment_id or fields.get("Parent", ""))
