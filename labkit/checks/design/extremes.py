"""01.3: a function at the limits: the longest timeout, the most memory, variables that fill their room."""

from __future__ import annotations

import json

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.facts import quota

BASE = "extremes"
FULL_BYTES = 4_000
OLD_MEMORY_MAX_MB = 3_008  # until December 2020; still in many texts


@check("01.3", title="A function stands at three limits")
def extremes(look: Look) -> str:
    """Timeout, memory and environment of ``extremes`` are as large as they may be."""
    function = find(look, BASE)
    timeout_s, memory_mb = int(function.configuration["Timeout"]), int(function.configuration["MemorySize"])
    _timeout(function, timeout_s)
    _memory(function, memory_mb)
    used = _environment(function)
    return f"{function.name}: {timeout_s} s, {memory_mb:,} MB, and variables of {used:,} bytes as JSON"


def _timeout(function: Function, timeout_s: int) -> None:
    limit_s, default_s = quota("timeout_max_s").value, quota("timeout_default_s").value
    if timeout_s == limit_s:
        return
    if timeout_s == default_s:
        raise NotYet(
            f"{function.name} has a timeout of {timeout_s} s: the default",
            "the longest timeout that Lambda takes",
            "Set Timeout with update_function_configuration; the error above names the largest value.",
        )
    raise NotYet(
        f"{function.name} has a timeout of {timeout_s} s, and more is possible",
        "the longest timeout that Lambda takes",
        "It is a quarter of an hour, in seconds.",
    )


def _memory(function: Function, memory_mb: int) -> None:
    limit_mb = quota("memory_max_mb").value
    if memory_mb == limit_mb:
        return
    if memory_mb == OLD_MEMORY_MAX_MB:
        raise NotYet(
            f"{function.name} has {memory_mb:,} MB: the most that there was until December 2020",
            "the most memory that Lambda takes today",
            "Old texts give the old limit. Look it up: labkit.facts.quota('memory_max_mb').",
        )
    raise NotYet(
        f"{function.name} has {memory_mb:,} MB, and more is possible",
        "the most memory that Lambda takes",
        "Look it up with labkit.facts.quota('memory_max_mb'), and set MemorySize.",
    )


def _environment(function: Function) -> int:
    limit = quota("environment_max_bytes").value
    used = len(json.dumps(function.environment, separators=(",", ":"), ensure_ascii=False).encode())
    if used < FULL_BYTES:
        there = f"variables of {used:,} bytes" if function.environment else "no variables"
        raise NotYet(
            f"{function.name} has {there}",
            f"variables of {FULL_BYTES:,} to {limit:,} bytes together",
            "Names, values and the JSON around them count. Put a long text into one variable.",
        )
    return used
