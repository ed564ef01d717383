"""Errors that people see. Each message says what happened, to what, and what to do next.

LabError
├── CloudError            the local cloud cannot be started, found or stopped
├── TargetError           the chosen target cannot be used (credentials, Region, consent, budget)
├── DeployError           code cannot be packaged or deployed
├── LedgerError           the ledger cannot be written or read
├── TeardownError         something could not be deleted; carries the survivors
├── RecordError           the lab's design record lacks something or cannot be read
├── WaitTimeout           something did not become ready in time
├── ExpectationFailed     an error that the notebook announced did not happen
├── MeasureError          a function cannot be measured (labkit.measure)
├── CheckFailed           a checkpoint is not reached (raised where checks raise)
├── FactUnknown           a price or a quota is not known for this Region
├── CourseError           a notebook cannot be built or run
└── RuntimeUnavailable    this machine cannot run the function's runtime
"""

from __future__ import annotations


class LabError(Exception):
    """Base of all errors that labkit raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message. The frames inside labkit would only hide it."""
        return [f"{type(self).__name__}: {self}"]


class CloudError(LabError):
    """The local cloud cannot be started, found or stopped."""


class TargetError(LabError):
    """The chosen target cannot be used: no credentials, unknown Region, no consent, budget spent."""


class DeployError(LabError):
    """Code cannot be packaged or deployed."""


class LedgerError(LabError):
    """The ledger, which must be written before anything is created, cannot be written or read."""


class TeardownError(LabError):
    """Something that the lab made is still there; ``survivors`` lists it."""

    def __init__(self, message: str, survivors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.survivors = survivors


class RecordError(LabError):
    """The lab's design record lacks what was asked for, or cannot be read or written."""


class WaitTimeout(LabError):
    """Something did not become ready, or did not start to work, in the time allowed."""


class ExpectationFailed(LabError):
    """An error that ``labkit.expected`` announced did not happen."""


class CheckFailed(LabError):
    """A checkpoint is not reached."""


class FactUnknown(LabError):
    """A price, quota or date is not known; nothing is guessed in its place."""


class CourseError(LabError):
    """A notebook of the course cannot be built, found or run."""


class RuntimeUnavailable(LabError):
    """This machine cannot run the function's runtime."""
