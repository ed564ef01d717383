"""01.8: memory and timeout that get-photo begins with."""

from __future__ import annotations

from labkit import pricing
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.facts import quota

SHORTEST_S = 3


@check("01.8", title="A first memory size and a first timeout are chosen")
def first_size(look: Look) -> str:
    """The record has ``memory_mb`` and ``timeout_s`` that make sense for reading one item behind an API."""
    memory_mb, timeout_s = _number(look, "memory_mb"), _number(look, "timeout_s")
    _memory(memory_mb)
    _timeout(timeout_s)
    worst = pricing.invocation(timeout_s * 1000, memory_mb)
    vcpu = memory_mb / quota("memory_per_vcpu_mb").value
    return (
        f"{memory_mb:,} MB, which buys {vcpu:.2f} vCPU, and {timeout_s} s; a call that hangs costs "
        f"{pricing.usd(worst.cost_usd)} USD at most"
    )


def _number(look: Look, key: str) -> int:
    kept = look.decided(key)
    if kept is None:
        raise NotYet(f"the design record has no {key!r}", "a whole number", f"lab.save({key!r}, …)")
    if isinstance(kept, bool) or not isinstance(kept, int):
        raise NotYet(
            f"{key} is {kept!r}", "a whole number", "Lambda takes whole MB and whole seconds, without a unit."
        )
    return kept


def _memory(memory_mb: int) -> None:
    low, high = quota("memory_min_mb").value, quota("memory_max_mb").value
    one_vcpu = quota("memory_per_vcpu_mb").value
    if not low <= memory_mb <= high:
        raise NotYet(
            f"memory_mb is {memory_mb:,}", f"{low} to {high:,} MB", "Lambda refuses others, as you have seen."
        )
    if memory_mb > one_vcpu:
        raise NotYet(
            f"{memory_mb:,} MB for a function that reads one item",
            f"at most {one_vcpu:,} MB to begin with",
            f"Beyond {one_vcpu:,} MB there is more than one vCPU, and a handler with one thread cannot use "
            "the rest: it costs more and is no faster. Begin small, and measure in phase 04.",
        )


def _timeout(timeout_s: int) -> None:
    api_s = quota("apigw_rest_timeout_default_max_s").value
    if timeout_s < SHORTEST_S:
        raise NotYet(
            f"timeout_s is {timeout_s}",
            f"{SHORTEST_S} s or more",
            "A cold start's first connection to a table, and a retry of the SDK, need more than that.",
        )
    if timeout_s > api_s:
        raise NotYet(
            f"timeout_s is {timeout_s}",
            f"at most {api_s} s",
            f"get-photo will answer through an API, which gives up after {api_s} s. What runs on after that "
            "is paid, and nobody gets the answer.",
        )
