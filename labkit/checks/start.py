"""Checks of phase 00: a function is deployed, invoked cold and warm, changed and invoked again.

The task names the function ``hello``; it answers an event with a ``name`` by a greeting. Anything of the lab
that was invoked will do. Seen in the logs alone, but for the greeting.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise

from labkit.checks.faults import no_error
from labkit.checks.functions import Function, find, of_lab
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check, define_gate
from labkit.reports import Report

FUNCTION = "hello"
NAME = "Ada"
FIRST_GREETING = f"Hello, {NAME}"
FIRST_MEMORY_MB = 128

Reports = list[tuple[datetime, str, Report]]


@check("00.1", title="A function runs: once cold, then warm")
def cold_then_warm(look: Look) -> str:
    """Three invocations, of which at least two were served by an environment that was there already."""
    function = _function(look)
    look.eventually(lambda: len(function.reports()) >= 3)
    found = function.reports()
    cold, warm = _count(found)
    if not found:
        raise _never_invoked(look, function)
    if len(found) < 3:
        times = "once" if len(found) == 1 else f"{len(found)} times"
        raise NotYet(
            f"{function.name} was invoked {times}",
            "three invocations, so that a cold start and warm ones can be compared",
            "Invoke it again, with the same code, until there are three.",
        )
    if warm < 2:
        raise NotYet(
            f"{len(found)} invocations of {function.name}, {cold} of them cold",
            "two warm starts: invocations that find an environment waiting",
            "Calls at the same moment get an environment each. Invoke it three times, one after the other."
            if _overlap(found)
            else "A function that was changed starts cold again. Invoke it three times without deploying "
            "in between.",
        )
    first = next(one.init_ms for _, _, one in found if one.cold)
    return f"{function.name}: {cold} cold (Init Duration {first:.0f} ms), {warm} warm"


@check("00.2", title="You changed the function, and the change is live")
def changed_and_invoked(look: Look) -> str:
    """Another memory size, another greeting, and an invocation with that size in its REPORT line."""
    function = _function(look)
    memory_mb = int(function.configuration["MemorySize"])
    if memory_mb == FIRST_MEMORY_MB:
        raise NotYet(
            f"{function.name} still has {memory_mb} MB",
            f"another memory size than {FIRST_MEMORY_MB} MB",
            "Deploy it again with memory_mb=256, or set MemorySize with update_function_configuration.",
        )
    if not look.eventually(lambda: any(one.memory_mb == memory_mb for _, _, one in function.reports())):
        raise NotYet(
            f"{function.name} has {memory_mb} MB now, but no REPORT line says so",
            f"an invocation with {memory_mb} MB",
            "Invoke it once more: a change shows in the next invocation, not in those before.",
        )
    asked = no_error(function, function.invoke({"name": NAME}), f"asked to greet {NAME}")
    said = json.dumps(asked.payload, ensure_ascii=False)
    if FIRST_GREETING in said:
        raise NotYet(
            f"{function.name} still says {FIRST_GREETING!r}",
            "a greeting of your own",
            "Change the text in the handler and deploy it again. Saving the file alone changes nothing in "
            "the cloud.",
        )
    return f"{function.name} runs with {memory_mb} MB and says {said}"


define_gate(
    "00",
    "Ready for the workbook",
    function_deployed_and_invoked="00.1",
    function_changed="00.2",
)


def _function(look: Look) -> Function:
    """``hello``, else what the lab has deployed last."""
    try:
        return find(look, FUNCTION)
    except NotYet:
        if others := of_lab(look):
            return next((one for one in others if one.reports()), others[0])
        raise


def _count(found: Reports) -> tuple[int, int]:
    cold = sum(report.cold for _, _, report in found)
    return cold, len(found) - cold


def _overlap(found: Reports) -> bool:
    """Whether one invocation began before the one before it had ended."""
    spans = sorted(
        (at - timedelta(milliseconds=report.duration_ms + (report.init_ms or 0.0)), at)
        for at, _, report in found
    )
    return any(later[0] < earlier[1] for earlier, later in pairwise(spans))


def _never_invoked(look: Look, function: Function) -> NotYet:
    """No log lines: either nobody called it, or it may not write any."""
    from labkit.checks.roles import allows

    may_write = any(one.allows("logs:PutLogEvents") for one in allows(look, function.role_name))
    if may_write:
        return NotYet(
            f"{function.name} is deployed but was never invoked",
            "three invocations",
            "Call lambda_.invoke(FunctionName=…) three times and look at the REPORT lines.",
        )
    return NotYet(
        f"{function.name} has no log, and its role {function.role_name} may not write one",
        "REPORT lines in its log",
        "Attach AWSLambdaBasicExecutionRole to the role, then invoke the function again.",
    )
