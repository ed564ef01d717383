"""Asynchronous invocation: the queue of each function, its retries, and what becomes of an event that failed.

Source: AWS, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing records of
Lambda asynchronous invocations". Retries wait on the lesson clock.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from labkit import facts
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.context import CallContext
from labkit.localcloud.functions.delivery import Delivery
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.lanes import Lanes
from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.telemetry.metrics import LambdaMetrics
from labkit.runtime.loglines import iso
from labkit.runtime.spec import Invocation, Outcome

ERROR_MESSAGE_BYTES = 1024
QUEUE_FULL = "FunctionInvocationRateLimitExceeded"  # of AWS's reasons the one that says it best
log = logging.getLogger(__name__)

Run = Callable[[Resolved, Invocation], Awaitable[Outcome]]


@dataclass
class Event:
    """One event on its way. ``invokes`` counts invocations that ran; ``throttles`` those that could not."""

    function: str
    qualifier: str | None
    caller: CallContext
    request_id: str
    payload: bytes
    trace_header: str
    received: float
    resolved: Resolved
    invokes: int = 0
    throttles: int = 0
    outcome: Outcome | None = field(default=None)
    refusal: ServiceError | None = field(default=None)


class EventQueue:
    """Takes events, runs them in the background, retries, reports to destinations and dead-letter queues."""

    def __init__(
        self,
        clock: LessonClock,
        run: Run,
        resolve: Callable[[str, str | None, CallContext], Resolved],
        deliver: Delivery,
        metrics: LambdaMetrics,
    ) -> None:
        self._clock, self._run, self._resolve, self._deliver = clock, run, resolve, deliver
        self._metrics = metrics
        self._lanes: Lanes[Event] = Lanes(clock.spawn, self._attempt)
        self._waits_s = (_fact("async_retry_first_wait_s"), _fact("async_retry_second_wait_s"))

    def accept(
        self,
        resolved: Resolved,
        caller: CallContext,
        function: str,
        qualifier: str | None,
        request_id: str,
        payload: bytes,
        trace_header: str,
    ) -> None:
        """Queues one event; it runs as soon as there is a free environment.

        Raises:
            ServiceError: TooManyRequestsException: so many wait already that something must be wrong.
        """
        event = Event(
            function, qualifier, caller, request_id, payload, trace_header, self._clock.now(), resolved
        )
        if self._lanes.full(resolved.spec.arn):
            log.error("more events wait for %s than this machine takes: does it invoke itself?", function)
            raise ServiceError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=QUEUE_FULL)
        self._metrics.event_received(resolved)
        self._enter(event)

    def _enter(self, event: Event) -> None:
        self._lanes.enter(event.resolved.spec.arn, event, len(event.payload))

    async def _again(self, event: Event) -> None:
        """A later attempt has its turn like a new event."""
        self._enter(event)

    async def close(self) -> None:
        await self._lanes.close()

    async def _attempt(self, event: Event) -> None:
        try:
            event.resolved = self._resolve(event.function, event.qualifier, event.caller)
        except ServiceError:
            log.warning("event %s dropped: %s is gone", event.request_id, event.function)
            self._metrics.event_dropped(event.resolved)
            return
        resolved = event.resolved
        if resolved.reserved_concurrency == 0:
            await self._fail(event, "RetriesExhausted")
            return
        invocation = Invocation(
            event.request_id, event.payload, resolved.invoked_arn, None, event.trace_header
        )
        self._metrics.event_attempted(resolved, self._clock.now() - event.received)
        try:
            event.outcome = await self._run(resolved, invocation)
        except ServiceError as error:
            if error.code == "RecursiveInvocationException":
                event.refusal = error
                await self._fail(event, "RetriesExhausted")
                return
            log.info("event %s of %s waits: %s", event.request_id, event.function, error)
            await self._wait_for_capacity(event)
            return
        event.invokes += 1
        if event.outcome.function_error is None:
            await self._report(event, "Success")
        else:
            await self._retry(event)

    async def _retry(self, event: Event) -> None:
        retries = self._setting(event, "maximum_retry_attempts", _fact("async_retries_default"))
        if event.invokes > retries:
            await self._fail(event, "RetriesExhausted")
            return
        delay = self._waits_s[event.invokes - 1]
        if self._too_old(event, delay):
            await self._fail(event, "EventAgeExceeded")
            return
        self._clock.call_later(delay, lambda: self._again(event))

    async def _wait_for_capacity(self, event: Event) -> None:
        delay = min(_fact("async_backoff_min_s") * 2**event.throttles, _fact("async_backoff_max_s"))
        event.throttles += 1
        if self._too_old(event, delay):
            await self._fail(event, "EventAgeExceeded")
            return
        self._clock.call_later(delay, lambda: self._again(event))

    def _too_old(self, event: Event, delay_s: float) -> bool:
        age = self._setting(event, "maximum_event_age_s", _fact("async_event_age_default_s"))
        return self._clock.now() + delay_s - event.received > age

    def _setting(self, event: Event, name: str, default: int) -> int:
        value = getattr(event.resolved.event_invoke_config, name, None)
        return default if value is None else int(value)

    async def _fail(self, event: Event, condition: str) -> None:
        await self._report(event, condition)
        resolved = event.resolved
        target = resolved.dead_letter_arn
        if target:
            attributes = _attributes(event)
            await self._deliver.dead_letter(
                resolved.spec, target, event.payload, attributes, event.trace_header
            )
        self._metrics.event_dropped(resolved)

    async def _report(self, event: Event, condition: str) -> None:
        config = event.resolved.event_invoke_config
        target = None
        if config is not None:
            target = config.on_success_arn if condition == "Success" else config.on_failure_arn
        if target:
            record = self._record(event, condition)
            await self._deliver.record(
                event.resolved.spec, target, record, condition == "Success", event.trace_header
            )

    def _record(self, event: Event, condition: str) -> dict[str, Any]:
        """The invocation record, in AWS's own order."""
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": iso(self._clock.now_ms()),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{event.resolved.spec.arn}:{event.qualifier or '$LATEST'}",
                "condition": condition,
                "approximateInvokeCount": event.invokes,
            },
            "requestPayload": json.loads(event.payload),
        }
        if event.outcome is not None:
            record["responseContext"] = {
                "statusCode": 200,
                "executedVersion": event.resolved.executed_version,
            }
            if event.outcome.function_error:
                record["responseContext"]["functionError"] = event.outcome.function_error
            record["responsePayload"] = _json_or_text(event.outcome.payload)
        return record


def _fact(name: str) -> int:
    return int(facts.quota(name).value)


def _attributes(event: Event) -> dict[str, tuple[str, str]]:
    """A dead-letter message's three attributes: name to (type, value)."""
    message, status = "", "429"
    if event.refusal is not None:
        message, status = event.refusal.message, "400"
    elif event.outcome is not None:
        status = "200"
        failure = _json_or_text(event.outcome.payload)
        message = str(failure.get("errorMessage", "")) if isinstance(failure, dict) else str(failure)
    shortened = message.encode()[:ERROR_MESSAGE_BYTES].decode(errors="ignore")
    attributes = {"RequestID": ("String", event.request_id), "ErrorCode": ("Number", status)}
    if shortened:
        attributes["ErrorMessage"] = ("String", shortened)
    return attributes


def _json_or_text(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
