"""What learners have measured, as the checks of this phase read it: REPORT lines by memory, and a tail."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from labkit import reports
from labkit.checks.faults import no_error
from labkit.checks.functions import Answer, Function
from labkit.checks.look import NotYet
from labkit.reports import Report

ENOUGH = 10  # warm calls that a median is taken of
LATEST = 20  # of more than these the oldest are left out: they may be of code that was replaced


def by_memory(function: Function) -> dict[int, list[Report]]:
    """memory size in MB -> the reports of its invocations, oldest first."""
    found: dict[int, list[Report]] = defaultdict(list)
    for _, _, report in function.reports():
        found[report.memory_mb].append(report)
    return dict(found)


def warm(found: Sequence[Report]) -> list[Report]:
    """Those that were warm and ran to their end."""
    return [one for one in found if not one.cold and one.status == "success"]


def median_ms(function: Function, memory_mb: int | None = None) -> float:
    """The median duration of the function's latest warm invocations.

    Args:
        memory_mb: only those with this setting.

    Raises:
        NotYet: there are too few to tell.
    """
    function.look.eventually(lambda: len(_warm_of(function, memory_mb)) >= ENOUGH)
    found = _warm_of(function, memory_mb)
    if len(found) < ENOUGH:
        at = f" at {memory_mb:,} MB" if memory_mb else ""
        raise NotYet(
            f"the log of {function.name} has {len(found)} warm invocations{at}",
            f"at least {ENOUGH}, so that a median means something",
            "Measure it: labkit.measure.invoke(lambda_, name, event, times=50).",
        )
    return median(one.duration_ms for one in found[-LATEST:])


def invoked(function: Function, event: Any, qualifier: str | None = None) -> tuple[Any, Report | None]:
    """The answer to an event, and the REPORT line of the invocation.

    Raises:
        NotYet: the function failed.
    """
    chosen = {"Qualifier": qualifier} if qualifier else {}
    got = function.look.client("lambda").invoke(
        FunctionName=function.name, Payload=json.dumps(event).encode(), LogType="Tail", **chosen
    )
    payload = json.loads(got["Payload"].read() or b"null")
    failed = "FunctionError" in got
    answer = Answer(payload, payload if failed else None, str(got.get("ExecutedVersion", "")))
    no_error(function, answer, "called with an event")
    return payload, reports.parse(base64.b64decode(got.get("LogResult", "")))


def _warm_of(function: Function, memory_mb: int | None) -> list[Report]:
    found = warm([report for _, _, report in function.reports()])
    return [one for one in found if memory_mb in (None, one.memory_mb)]
