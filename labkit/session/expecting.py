"""``expected``: an error that the lesson announces. Shows it and goes on; complains if it does not come."""

from __future__ import annotations

from types import TracebackType

from botocore.exceptions import ClientError

from labkit.errors import ExpectationFailed
from labkit.session.say import say

SHOWN_CHARS = 300  # AWS repeats the whole value that it refuses


class expected:  # noqa: N801 - reads as a statement: with labkit.expected("ResourceNotFoundException"):
    """Expects one of the errors given, by class or by AWS's error code.

    >>> with labkit.expected("ResourceNotFoundException"):
    ...     lambda_.get_function(FunctionName="nobody")
    ✓ ResourceNotFoundException, as expected: Function not found: arn:aws:lambda:...

    Attributes:
        error: the error that came, for a closer look afterwards.

    Raises:
        ExpectationFailed: nothing was raised. Any other error passes through unchanged.
    """

    def __init__(self, *errors: type[BaseException] | str) -> None:
        if not errors:
            raise TypeError("name the error that is expected, such as 'ResourceNotFoundException'")
        self.errors = errors
        self.error: BaseException | None = None

    def __enter__(self) -> expected:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        wanted = " or ".join(one if isinstance(one, str) else one.__name__ for one in self.errors)
        if error is None:
            raise ExpectationFailed(
                f"{wanted} was expected here and did not happen: the call went through. "
                "Look at what the cell before it left behind."
            )
        if not any(_fits(error, one) for one in self.errors):
            error.add_note(f"Expected here was {wanted}.")
            return False
        self.error = error
        say(f"✓ {_code(error)}, as expected: {_message(error)}")
        return True


def _fits(error: BaseException, wanted: type[BaseException] | str) -> bool:
    if not isinstance(wanted, str):
        return isinstance(error, wanted)
    return wanted == _code(error) or any(wanted == one.__name__ for one in type(error).__mro__)


def _code(error: BaseException) -> str:
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code or type(error).__name__


def _message(error: BaseException) -> str:
    message = error.response.get("Error", {}).get("Message") if isinstance(error, ClientError) else None
    text = message or str(error)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} … ({len(text):,} characters)"
