"""Checks of phase 01: decisions, kept in the design record by ``lab.save``, and functions that prepare them.

What the tasks name:

- record ``workloads``: judgement of each of the six, one of ``labkit.design.ANSWERS``
- record ``use_case``: what the questionnaire asks (`labkit.design.Case`)
- function ``extremes``: the longest timeout, the most memory, variables that fill their 4 KB
- functions ``echo-python`` and ``echo-shell``: give back the event; started cold several times
- record ``break_even``: requests a month from which Fargate costs no more
- functions ``upload`` → ``thumbnail`` → ``index``: each works ``work_s`` seconds and hands over to the next
- record ``runtime``, ``memory_mb``, ``timeout_s``: what ``get-photo`` begins with in phase 02
"""

from labkit.checks.design import (
    break_even,
    chain,
    extremes,
    first_runtime,
    first_size,
    starts,
    use_case,
    workloads,
)
from labkit.checks.registry import define_gate

__all__ = [
    "break_even",
    "chain",
    "extremes",
    "first_runtime",
    "first_size",
    "starts",
    "use_case",
    "workloads",
]

define_gate(
    "01",
    "Ready to create",
    the_use_case_fits=("01.1", "01.2"),
    runtime_chosen=("01.4", "01.7"),
    first_memory_and_timeout_chosen=("01.3", "01.8"),
)
