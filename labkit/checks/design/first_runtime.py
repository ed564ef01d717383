"""01.7: the runtime for the photo library: Python, supported, and for some time yet."""

from __future__ import annotations

from datetime import date, timedelta

from labkit import facts
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.errors import FactUnknown

KEY = "runtime"
FAMILY = "python"
LEAST = timedelta(days=365)


@check("01.7", title="A runtime is chosen that will be supported for another year")
def first_runtime(look: Look) -> str:
    """The record ``runtime`` names a Python runtime that is general, supported, and not about to end."""
    return _judged(look.decided(KEY), date.today())


def _judged(kept: object, today: date) -> str:
    if kept is None:
        raise NotYet(
            "the design record has no 'runtime'",
            "the name of a runtime, as the Lambda API writes it",
            "Choose one from the table, then lab.save('runtime', …).",
        )
    try:
        runtime = facts.runtime(str(kept))
    except FactUnknown as unknown:
        raise NotYet(
            f"{kept!r} is not a runtime of Lambda",
            "the name of a runtime, as the Lambda API writes it",
            str(unknown),
        ) from unknown
    if runtime.family != FAMILY:
        raise NotYet(
            f"{runtime.name} runs no Python",
            "a Python runtime: the photo library is written in Python",
            "A good choice for other functions. For this one take a name that begins with python.",
        )
    status = runtime.status(today)
    if status == "preview":
        raise NotYet(
            f"{runtime.name} is a preview",
            "a runtime that AWS supports fully",
            "Previews have no service level agreement and may change: not for what others rely on.",
        )
    if status != "supported":
        raise NotYet(
            f"{runtime.name} is {status}: its support ended on {runtime.deprecation}",
            "a runtime that is supported",
            "It may still be accepted, but gets no security updates. Take one with a later date.",
        )
    if runtime.deprecation is not None and runtime.deprecation - today < LEAST:
        days = (runtime.deprecation - today).days
        raise NotYet(
            f"{runtime.name} is supported for another {days} days only",
            f"at least {LEAST.days} days",
            "A new function should not have to move within its first year. Take one with a later date.",
        )
    return f"{runtime.name}, supported until {runtime.deprecation or 'further notice'}"
