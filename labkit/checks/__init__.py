"""Checkpoints: looks at the state of the cloud that say what is there, what is missing and what to do next.

They reach the cloud through boto3 only and accept any way of reaching a goal. One module a phase; what
several phases look at is beside them.
"""

from labkit.checks.journal import Journal, Mark
from labkit.checks.look import Look, NotYet, Skip
from labkit.checks.registry import Check, Gate, check, checks, define_gate, find_check, find_gate, gates
from labkit.checks.result import GateResult, Result
from labkit.checks.running import gate, run, survey

__all__ = [
    "Check",
    "Gate",
    "GateResult",
    "Journal",
    "Look",
    "Mark",
    "NotYet",
    "Result",
    "Skip",
    "check",
    "checks",
    "define_gate",
    "find_check",
    "find_gate",
    "gate",
    "gates",
    "run",
    "survey",
]
