"""What CloudFormation answers when it refuses, in AWS's names."""

from __future__ import annotations

from labkit.errors import LabError
from labkit.localcloud.functions.errors import NOT_HERE


class StackError(LabError):
    """An error of the API: ``code`` on the wire, ``message`` for the reader, HTTP ``status``."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def invalid(message: str) -> StackError:
    """A template, a parameter or a state that does not allow the call."""
    return StackError("ValidationError", message)


def format_error(message: str) -> StackError:
    """The template is not one."""
    return invalid(f"Template format error: {message}")


def template_error(message: str) -> StackError:
    """The template says something that cannot be."""
    return invalid(f"Template error: {message}")


def not_here(what: str, instead: str) -> StackError:
    """Something that AWS knows and that would have no effect here."""
    return invalid(f"{what} is {NOT_HERE}. {instead}")


def insufficient(capability: str) -> StackError:
    """The caller did not acknowledge what the template may do."""
    return StackError("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]")


def no_stack(name: str) -> StackError:
    """There is no stack of this name or id."""
    return invalid(f"Stack with id {name} does not exist")
