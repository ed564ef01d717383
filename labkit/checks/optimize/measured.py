"""What learners have measured, as the checks of this phase read it: REPORT lines by memory, and a tail."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import mean, median
from typing import Any

from labkit import reports
from labkit.checks.faults import no_error
from labkit.checks.functions import Answer, Function
from labkit.checks.look import NotYet
from labkit.reports import Report

ENOUGH = 10  # warm calls that a median is taken of
TRIM = 0.2
VERSION = re.compile(r"\[(\$LATEST|\d+)\]")  # in a log stream's name
LATEST_CODE = "$LATEST"
LATEST = 20  # of more than these the oldest are left out: they may be of code that was replaced


def by_memory(function: Function) -> dict[int, list[Report]]:
    """memory size in MB -> the reports of its latest measurement, oldest first.

    A tuning publishes a version for each size: what the last of them says goes before earlier tunings and
    before calls of $LATEST, of which nobody knows what they were for.
    """
    found: dict[int, dict[str, list[Report]]] = defaultdict(lambda: defaultdict(list))
    for _, stream, report in function.reports():
        version = VERSION.search(stream)
        runs = found[report.memory_mb]
        name = version[1] if version else LATEST_CODE
        runs[name] = [*runs.pop(name, []), report]  # the version that ran last comes last
    return {memory_mb: _latest(runs) for memory_mb, runs in found.items()}


def typical_ms(found: Sequence[Report]) -> float:
    """The mean duration, without the fastest and the slowest fifth, as `labkit.measure.tune` has it."""
    durations = sorted(one.duration_ms for one in found)
    cut = int(len(durations) * TRIM)
    return mean(durations[cut : len(durations) - cut])


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


def _latest(runs: Mapping[str, list[Report]]) -> list[Report]:
    """The reports of the version that ran last and has warm ones; of $LATEST if there is none, else all."""
    useful = [name for name, found in runs.items() if warm(found)]
    published = [name for name in useful if name != LATEST_CODE]
    return runs[[*useful, *published][-1]] if useful else list(chain.from_iterable(runs.values()))


def _warm_of(function: Function, memory_mb: int | None) -> list[Report]:
    found = warm([report for _, _, report in function.reports()])
    return [one for one in found if memory_mb in (None, one.memory_mb)]
