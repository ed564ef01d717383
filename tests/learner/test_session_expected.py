"""`labkit.expected`: announced errors are shown and pass; anything else does not."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError

import labkit
from labkit.errors import ExpectationFailed
from labkit.session import Lab


def test_an_expected_error_is_shown_and_the_notebook_goes_on(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    """By AWS's code; code and message are printed, and the error is kept."""
    capsys.readouterr()
    with labkit.expected("ResourceNotFoundException") as announced:
        lab.client("lambda").get_function(FunctionName="nobody")
    assert capsys.readouterr().out.startswith("✓ ResourceNotFoundException, as expected: ")
    assert isinstance(announced.error, ClientError)


def test_by_class_or_by_the_clients_own_exception(lab: Lab) -> None:
    """All three ways that a learner may think of."""
    lambda_ = lab.client("lambda")
    for error in (ClientError, lambda_.exceptions.ResourceNotFoundException, "ClientError"):
        with labkit.expected(error):
            lambda_.get_function(FunctionName="nobody")
    with labkit.expected(ParamValidationError):
        lambda_.get_function(Name="nobody")


def test_one_of_several() -> None:
    """Whichever comes."""
    with labkit.expected("AccessDenied", ZeroDivisionError):
        _ = 1 / 0


def test_an_error_that_does_not_come_fails() -> None:
    """The lesson depends on it."""
    with (
        pytest.raises(ExpectationFailed, match="ResourceNotFoundException was expected"),
        labkit.expected("ResourceNotFoundException"),
    ):
        pass


def test_another_error_passes_through_with_a_note() -> None:
    """Unchanged, so that it can be understood."""
    with pytest.raises(KeyError) as caught, labkit.expected("AccessDenied"):
        raise KeyError("x")
    assert caught.value.__notes__ == ["Expected here was AccessDenied."]


def test_interrupts_are_not_errors() -> None:
    """Ctrl-C gets through."""
    with pytest.raises(KeyboardInterrupt), labkit.expected(Exception):
        raise KeyboardInterrupt


def test_expecting_nothing_is_a_mistake() -> None:
    """An error must be named."""
    with pytest.raises(TypeError, match="name the error"):
        labkit.expected()
