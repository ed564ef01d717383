"""Runs checks and gates: shows the result, writes it down, raises where a failed check has to stop a run.

Whatever the cloud answers becomes a next step here; a learner never sees a traceback of a check.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from labkit.checks.journal import Journal
from labkit.checks.look import Look
from labkit.checks.registry import GATE, Check, Gate, find_check, find_gate
from labkit.checks.result import GateResult, Result
from labkit.errors import CheckFailed, LabError
from labkit.session.say import say

if TYPE_CHECKING:
    from labkit.session import Lab

Outcome = TypeVar("Outcome", Result, GateResult)
MODE_VARIABLE = "LABKIT_CHECKS"
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")
BUSY = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
BAD_KEYS = ("UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken")


def run(lab: Lab, id: str) -> Result | GateResult:
    """Looks whether a checkpoint is reached; shows it and writes it down.

    Args:
        id: such as ``02.3``, or ``02.gate``.

    Raises:
        CheckFailed: it is not reached, and $LABKIT_CHECKS is ``raise``.
        LabError: there is no such checkpoint.
    """
    phase, _, number = id.partition(".")
    if number == GATE:
        return gate(lab, phase)
    return _concluded(lab, _look(lab, find_check(id)))


def gate(lab: Lab, phase: str) -> GateResult:
    """Looks at everything that a phase asks for before the next one.

    Raises:
        CheckFailed: something is missing, and $LABKIT_CHECKS is ``raise``.
        LabError: the phase has no gate.
    """
    found = find_gate(phase)
    return _concluded(lab, _look_at_gate(lab, found))


def survey(lab: Lab, phase: str) -> GateResult:
    """Looks at everything that a phase asks for; shows nothing and writes nothing down.

    Raises:
        LabError: the phase has no gate.
    """
    return _look_at_gate(lab, find_gate(phase))


def _look_at_gate(lab: Lab, gate: Gate) -> GateResult:
    results = {id: _look(lab, find_check(id)) for id in gate.checks}
    boxes = tuple((name, tuple(results[id] for id in ids)) for name, ids in gate.boxes)
    return GateResult(gate.id, gate.title, boxes)


def _look(lab: Lab, check: Check) -> Result:
    """One look; every error of the cloud or of the check itself becomes a result."""
    try:
        return check(Look(lab))
    except (ClientError, BotoCoreError, LabError) as error:
        return _explained(check, error)
    except Exception as error:
        if _raising():
            error.add_note(f"This happened in check {check.id}.")
            raise
        return check.undone(
            f"the check itself stumbled: {type(error).__name__}: {error}",
            "a look that comes to an end",
            "This is a fault of the course, not yours. Go on, and report it with this line.",
        )


def _explained(check: Check, error: Exception) -> Result:
    """What to do about an answer that a check was not made for."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    seen = str(error)
    if isinstance(error, LabError):
        step = "Do what the line above says, then run this cell again."
    elif code.startswith(DENIED):
        step = "Your own credentials may not look at this. Use the ones that the lab was opened with, or ask "
        step += "whoever owns the account."
    elif code in BAD_KEYS:
        step = "Run the notebook's first cells again (labkit.open): its credentials are no longer accepted."
    elif code.startswith(BUSY):
        step = "The cloud asks to slow down. Wait a moment and run this cell again."
    elif "NotFound" in code or code == "NoSuchEntity":
        step = "It is gone, or was never made. Run the cells that make it again, then this one."
    elif code:
        step = "Read what the cloud says, mend it, and run this cell again."
    else:
        step = "The cloud cannot be reached. Run the notebook's first cell (labkit.open) again; "
        step += "`labkit cloud status` says more."
    return check.undone(seen, "a cloud that answers this look", step)


def _concluded(lab: Lab, outcome: Outcome) -> Outcome:
    """Shows the outcome, writes it down, and raises if it is a failure that has to stop a run."""
    _show(outcome)
    Journal(lab.workspace).note(outcome.id, outcome.state)
    if not outcome.passed and _raising():
        raise CheckFailed(outcome.text)
    return outcome


def _raising() -> bool:
    return os.environ.get(MODE_VARIABLE, "").strip().lower() == "raise"


def _show(outcome: Result | GateResult) -> None:
    """In a notebook as HTML with its text twin; anywhere else as text."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        say(outcome.text)
        return
    from IPython.display import display

    display({"text/plain": outcome.text, "text/html": outcome.html}, raw=True)  # type: ignore[no-untyped-call]
