"""The Lineage of a tracing header: how often one chain of requests has come back to a function. Pure.

The form is AWS's, ``<requests>:<8 hex digits of a function>:<loops>``. How AWS chooses the function that it
counts is not published; here it is the first one, and while that does not come back, the one that stands at
2, 4, 8 … requests (Brent's way to find a cycle), so that a loop is also found behind a way that leads to it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from labkit import facts

REQUESTS_MAX, LOOPS_MAX = 255, 32767  # what the form has room for
_FORM = re.compile(r"(\d{1,5}):([0-9a-f]{8}):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class _Lineage:
    requests: int
    function: str
    loops: int

    def __str__(self) -> str:
        return f"{min(self.requests, REQUESTS_MAX)}:{self.function}:{min(self.loops, LOOPS_MAX)}"


def onward(lineage: str | None, function_arn: str) -> str:
    """The lineage of an invocation of a function in a chain that has come this far."""
    own, known = _mark(function_arn), _read(lineage)
    if known is None:
        return str(_Lineage(1, own, 0))
    requests = min(known.requests + 1, REQUESTS_MAX)
    if known.function == own:
        return str(_Lineage(requests, own, known.loops + 1))
    if known.loops == 0 and requests & (requests - 1) == 0:
        return str(_Lineage(requests, own, 0))
    return str(_Lineage(requests, known.function, known.loops))


def too_often(lineage: str | None, function_arn: str) -> bool:
    """Whether an invocation with this lineage is one more of the function than Lambda lets a chain have."""
    known = _read(lineage)
    if known is None or known.function != _mark(function_arn):
        return False
    return known.loops >= int(facts.quota("recursion_invocations_max").value)


def _mark(function_arn: str) -> str:
    return hashlib.sha256(function_arn.encode()).hexdigest()[:8]


def _read(text: str | None) -> _Lineage | None:
    """None also for what is none: a wrong header must not stop anything."""
    found = _FORM.fullmatch(text or "")
    return None if found is None else _Lineage(int(found[1]), found[2], int(found[3]))
