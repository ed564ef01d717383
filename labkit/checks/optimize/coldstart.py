"""04.1: what can be made once for each environment is made once, and the difference was measured."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from labkit.checks import packages
from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.optimize.measured import invoked, median_ms
from labkit.checks.photos import find_table, photo_in
from labkit.checks.registry import check

CARD, SLOW = "photo-card", "photo-card-slow"
MAKERS = {"client", "resource", "Session", "session"}
FASTER = 0.7  # of the time before; a client for each call costs several times that of a question to the table
EXPECTED = "import and client at module level, made once for each environment"


@check("04.1", title="Clients are made once for each environment")
def once(look: Look) -> str:
    """Same answers as the slow one, no client made in the handler, and warm calls that are clearly faster."""
    card, slow = photo_card(look), find(look, SLOW)
    for line, what in _made_in_each_call(card):
        raise NotYet(
            f"the handler of {card.name} calls {what} in every invocation (line {line})",
            EXPECTED,
            "Move it to module level, above the handler, and deploy the file again.",
        )
    memory_mb = int(card.configuration["MemorySize"])
    if memory_mb != int(slow.configuration["MemorySize"]):
        raise NotYet(
            f"{card.name} has {memory_mb:,} MB, {slow.name} {slow.configuration['MemorySize']:,} MB",
            "the same memory for both, so that the difference is the code's",
            f"Set MemorySize of {card.name} to {slow.configuration['MemorySize']} and measure again.",
        )
    with photo_in(look, find_table(look, slow)) as photo:
        said, was = (invoked(one, photo.event)[0] for one in (card, slow))
    if said != was:
        raise NotYet(
            f"{card.name} answers {said}, {slow.name} answered {was}",
            "the same answer as before",
            "Change when the client is made, not what the handler does with it.",
        )
    before_ms, after_ms = median_ms(slow, memory_mb), median_ms(card, memory_mb)
    if after_ms > FASTER * before_ms:
        raise NotYet(
            f"a warm call took {before_ms:.1f} ms before and {after_ms:.1f} ms now (medians)",
            EXPECTED,
            "Something is still made in each call. Or the log holds calls of your earlier code: measure "
            "50 more, the latest count.",
        )
    return f"warm calls of {card.name}: {before_ms:.1f} ms before, {after_ms:.1f} ms now (medians)"


def photo_card(look: Look) -> Function:
    """The mended function."""
    return find(look, CARD, unlike=("slow",))


def _made_in_each_call(function: Function) -> Iterator[tuple[int, str]]:
    """(line, call) of clients that the handler makes; what stands behind an ``if`` is given the benefit."""
    found = packages.handler(str(function.configuration.get("Handler", "")), function.files())
    entry = found.entry if found else None
    if entry is None:
        return
    for statement in entry.body:
        if isinstance(statement, ast.If | ast.FunctionDef | ast.ClassDef):
            continue
        for node in ast.walk(statement):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in MAKERS:
                yield node.lineno, ast.unparse(called)  # type: ignore[attr-defined]
