"""04.2: reserved concurrency is what rate and measured duration ask for."""

from __future__ import annotations

import math

from labkit import pricing
from labkit.checks.functions import find
from labkit.checks.look import Look, NotYet
from labkit.checks.optimize.measured import median_ms
from labkit.checks.registry import check

FUNCTION = "ask-partner"
RATE_PER_S = 16
NOISE = 0.05  # the median of other calls than those that the learner took it from


@check("04.2", title="Reserved concurrency fits the rate")
def reserved(look: Look) -> str:
    """Requests per second times seconds, rounded up, is reserved for the function."""
    function = find(look, FUNCTION)
    kept = look.client("lambda").get_function_concurrency(FunctionName=function.name)
    duration_ms = median_ms(function)
    busy = float(pricing.concurrency(RATE_PER_S, duration_ms))
    expected = f"what {RATE_PER_S} requests a second of {duration_ms:.0f} ms need, and no more"
    if "ReservedConcurrentExecutions" not in kept:
        raise NotYet(
            f"nothing is reserved for {function.name}" + _provisioned(look, function.name),
            expected,
            "put_function_concurrency(FunctionName=…, ReservedConcurrentExecutions=…).",
        )
    number = int(kept["ReservedConcurrentExecutions"])
    fits = {math.ceil(busy * (1 - NOISE)), math.ceil(busy), math.ceil(busy * (1 + NOISE))}
    if number in fits:
        return f"{function.name} has {number} reserved: {RATE_PER_S} a second × {duration_ms:.0f} ms"
    if number == 0:
        step = "0 stops the function altogether: every call is throttled. It is the emergency brake."
    elif number == RATE_PER_S:
        step = "The rate alone is not the concurrency: a call that takes a fraction of a second occupies its "
        step += "environment for that long only. Multiply by the duration in seconds."
    elif number < busy:
        step = "Calls would be throttled at the usual rate. Multiply the rate by the duration in seconds, "
        step += "and round up."
    else:
        step = "What is reserved is taken from the account's other functions. Multiply the rate by the "
        step += "duration in seconds, and round up."
    raise NotYet(f"{number} reserved for {function.name}", expected, step)


def _provisioned(look: Look, name: str) -> str:
    pages = look.client("lambda").get_paginator("list_provisioned_concurrency_configs")
    if any(page["ProvisionedConcurrencyConfigs"] for page in pages.paginate(FunctionName=name)):
        return "; it has provisioned concurrency, which keeps environments warm and is no cap"
    return ""
