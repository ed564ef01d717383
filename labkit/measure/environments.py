"""Execution environments over time, read from CloudWatch Logs: one log stream is one environment.

Lambda writes when an environment began its init (INIT_START, platform.initStart), when each invocation
started (START, platform.start) and how long it took (REPORT, platform.report). Nothing else is asked.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

from botocore.exceptions import ClientError

from labkit import reports
from labkit.measure.rows import Function
from labkit.measure.target import MeasureError
from labkit.reports import Report

_START = re.compile(r"START RequestId: (\S{1,256})(?: Version: (\S{1,256}))?")
# How the runtimes of Python and Node.js log what a handler raised; a logger writes tabs or no return there.
_RAISED = re.compile(
    r"\[ERROR\] [\w.]+(?::[^\r]*)?\rTraceback |[^\t]+\t[^\t]+\tERROR\tInvoke Error ", re.DOTALL
)
# Only for an init that failed or took too long: no REPORT line tells how long that was.
_FAILED_INIT = re.compile(r"INIT_REPORT Init Duration: (\d{1,9}(?:\.\d{1,9})?) ms\s+Phase: init\s+Status: ")
_RECORDS = ('"platform.start"', '"platform.initStart"', '"platform.restoreStart"')
_NO_MARK = "", None, None
_ROUNDED_MS = 2
_NOTHING_THERE = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the handler in an environment.

    Attributes:
        started_at: when the handler was called, seconds since the epoch.
        report: what Lambda reported at its end; None when there is no REPORT line (yet).
        raised: whether the runtime logged an exception that the handler did not catch.
    """

    request_id: str
    started_at: float
    report: Report | None = None
    raised: bool = False

    @property
    def failed(self) -> bool:
        """Whether it ended in an error; in text logs REPORT says so only of crashes and timeouts."""
        return self.raised or (self.report is not None and self.report.status != "success")

    @property
    def begins_at(self) -> float:
        """From when on it needed its environment: the init of a cold start is before the handler."""
        return self.started_at - (self.init_ms or 0) / 1000

    @property
    def init_ms(self) -> float | None:
        """How long a cold start waited: init, or a SnapStart snapshot's restore; None when it was warm."""
        if self.report is None or self.report.init_ms is not None:
            return self.report.init_ms if self.report else None
        return self.report.restore_ms

    @property
    def ended_at(self) -> float | None:
        """When it ended; None when that is not known."""
        return None if self.report is None else self.started_at + self.report.duration_ms / 1000


@dataclass(frozen=True, slots=True)
class Init:
    """The start of an environment's init phase.

    Attributes:
        ms: how long it took; None when no line says so, as for provisioned concurrency.
    """

    at: float
    ms: float | None = None


@dataclass(frozen=True)
class Environment:
    """An execution environment.

    Attributes:
        stream: its log stream.
        version: the function version that it runs; None when its lines do not say so.
        inits: its starts: one, more when Lambda had to start it anew after a crash or a timeout, none when
            it began before what was read.
    """

    stream: str
    version: str | None
    inits: tuple[Init, ...]
    invocations: tuple[Invocation, ...]

    @cached_property
    def begins_at(self) -> float:
        """The first that is known of it."""
        return min(chain((init.at for init in self.inits), (run.started_at for run in self.invocations)))

    @cached_property
    def ends_at(self) -> float:
        """The last that is known of it; it may live on, idle."""
        ends = (init.at + (init.ms or 0) / 1000 for init in self.inits)
        return max(chain(ends, (run.ended_at or run.started_at for run in self.invocations)))


@dataclass(frozen=True)
class Environments:
    """The environments of a function, in the order in which they began.

    Attributes:
        lines: how many log events were read.
    """

    function: Function
    environments: tuple[Environment, ...] = ()
    lines: int = field(default=0, compare=False)

    @cached_property
    def invocations(self) -> list[Invocation]:
        """All invocations, in the order in which they started."""
        runs = (run for one in self.environments for run in one.invocations)
        return sorted(runs, key=lambda run: run.started_at)

    @cached_property
    def concurrency(self) -> list[tuple[float, int]]:
        """How many invocations ran at once: the times at which that changes, and the number from then on.

        An invocation needs its environment from init on, so the init of a cold start counts. Log times are
        whole milliseconds: what overlaps by less does not count as at once.
        """
        changes: dict[int, int] = defaultdict(int)
        for begin, end in chain.from_iterable(map(_busy_ms, self.environments)):
            changes[begin] += 1
            changes[end] -= 1
        steps, now = [], 0
        for at_ms in sorted(changes):
            now += changes[at_ms]
            steps.append((at_ms / 1000, now))
        return steps

    @property
    def most_at_once(self) -> int:
        """The highest concurrency."""
        return max((count for _, count in self.concurrency), default=0)


def _busy_ms(environment: Environment) -> Iterator[tuple[int, int]]:
    """From when to when an environment was busy, ms since the epoch; never twice at once by rounding."""
    spans = sorted(
        (_ms(run.begins_at), _ms(run.ended_at)) for run in environment.invocations if run.ended_at is not None
    )
    for (begin, end), (later, _) in pairwise([*spans, (math.inf, math.inf)]):
        end = max(end, begin + 1)
        yield int(begin), int(later if 0 < end - later <= _ROUNDED_MS else end)


def _ms(at: float) -> int:
    """The whole millisecond of a time, as logs have it; as a float it may be a little less than that."""
    return math.floor(at * 1000 + 0.001)


def environments(logs: Any, function: Function, *, since: float, until: float | None = None) -> Environments:
    """Read the environments of a function from its log group.

    CloudWatch Logs shows a line some seconds after it was written.

    Args:
        logs: a boto3 CloudWatch Logs client.
        since, until: seconds since the epoch.

    Raises:
        MeasureError: the function has no log group: it never ran, or its role may not write logs.
    """
    group = function.log_group or f"/aws/lambda/{function.name.partition(':')[0]}"
    asked: dict[str, Any] = {"logGroupName": group, "startTime": max(0, int(since * 1000))}
    if until is not None:
        asked["endTime"] = int(until * 1000)
    try:
        pages = logs.get_paginator("filter_log_events").paginate(**asked)
        events = [event for page in pages for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != _NOTHING_THERE:
            raise
        raise MeasureError(
            f"There is no log group {group}: {function.name} has not run since it was made, or its role may "
            "not write logs (AWSLambdaBasicExecutionRole allows it). Invoke it, then look again."
        ) from error
    return from_events(function, events)


def from_events(function: Function, events: Iterable[dict[str, Any]]) -> Environments:
    """The same from events as ``filter_log_events`` gives them."""
    streams: dict[str, list[dict[str, Any]]] = defaultdict(list)
    lines = 0
    for event in events:
        streams[event["logStreamName"]].append(event)
        lines += 1
    found = [_environment(stream, written) for stream, written in streams.items()]
    known = sorted((one for one in found if one), key=lambda one: one.begins_at)
    return Environments(function, tuple(known), lines)


def _environment(stream: str, events: Sequence[dict[str, Any]]) -> Environment | None:
    """What one stream tells; None when it has none of Lambda's own lines."""
    starts: list[tuple[str, float]] = []
    inits: list[float] = []
    failed_ms: dict[int, float] = {}  # place in inits -> how long that one took
    raised: set[int] = set()  # places in starts
    rest: list[dict[str, Any]] = []
    version = None
    for event in events:
        kind, request_id, told = _milestone(event["message"])
        at = event["timestamp"] / 1000
        if kind == "init":
            inits.append(at)
        elif kind == "start" and request_id:
            starts.append((request_id, at))
            version = told or version
        elif not event["message"].startswith("END RequestId: "):
            rest.append(event)
            if inits and (failed := _FAILED_INIT.match(event["message"])):
                failed_ms[len(inits) - 1] = float(failed[1])
            if starts and _RAISED.match(event["message"]):
                raised.add(len(starts) - 1)
    runs = tuple(_runs(starts, raised, rest))
    if not runs and not inits:
        return None
    return Environment(stream, version, tuple(_inits(inits, failed_ms, runs)), runs)


def _runs(
    starts: list[tuple[str, float]], raised: set[int], events: Sequence[dict[str, Any]]
) -> Iterator[Invocation]:
    """Starts and reports of a stream, put together: a retry has the id of the attempt before it."""
    told: dict[str, list[Report]] = defaultdict(list)
    for report in reports.parse_all(events):
        told[report.request_id].append(report)
    for place, (request_id, at) in enumerate(starts):
        mine = told[request_id].pop(0) if told[request_id] else None
        yield Invocation(request_id, at, mine, place in raised)
    if not any(told.values()):
        return
    ends = {found.request_id: event["timestamp"] / 1000 for event in events for found in _report(event)}
    for request_id, left in told.items():  # started before what was read
        yield from (Invocation(request_id, ends[request_id] - one.duration_ms / 1000, one) for one in left)


def _report(event: dict[str, Any]) -> list[Report]:
    message = event["message"]
    return reports.parse_all(message) if "REPORT RequestId" in message or "platform.report" in message else []


def _inits(begun: list[float], failed_ms: dict[int, float], runs: Sequence[Invocation]) -> Iterator[Init]:
    """How long each init took: as the first invocation after it reports, or the report of its failure."""
    cold = [run for run in runs if run.init_ms is not None]
    for number, at in enumerate(begun):
        later = begun[number + 1] if number + 1 < len(begun) else float("inf")
        run = next((one for one in cold if at <= one.started_at < later), None)
        yield Init(at, run.init_ms if run else failed_ms.get(number))
    for run in cold:  # its init began before what was read, or no line told of it
        if not any(at <= run.started_at for at in begun):
            yield Init(run.begins_at, run.init_ms)


def _milestone(message: str) -> tuple[str, str | None, str | None]:
    """What a line marks: ``("start", request id, version)``, ``("init", None, None)``, or nothing."""
    if message.startswith("START RequestId: ") and (found := _START.match(message)):
        return "start", found[1], found[2]
    if message.startswith(("INIT_START ", "RESTORE_START ")):
        return "init", None, None
    if any(kind in message for kind in _RECORDS):
        return _record(message)
    return _NO_MARK


def _record(message: str) -> tuple[str, str | None, str | None]:
    try:
        event = json.loads(message)
        kind, record = event["type"], event["record"]
        if kind == "platform.start":
            return "start", str(record["requestId"]), record.get("version")
        return ("init", None, None) if kind in ("platform.initStart", "platform.restoreStart") else _NO_MARK
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _NO_MARK  # a handler's own line that looks like one of Lambda's
