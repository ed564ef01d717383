"""Holds requests that moto serves against the service's model, and refuses what has no effect here.

moto takes most parameters unread; AWS refuses what breaks a constraint of the model, in fixed words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from botocore import xform_name
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from labkit.localcloud.constraints import broken, mistyped, model
from labkit.localcloud.functions.errors import NOT_HERE

Method = Callable[[Any], Any]


class NotHere(JsonRESTError):
    """An operation that the local cloud does not have."""

    code = 501

    def __init__(self, operation: str, instead: str) -> None:
        super().__init__("NotImplemented", f"{operation} is {NOT_HERE}. {instead}")


def refused(message: str, code: str = "ValidationException") -> JsonRESTError:
    """An error of a JSON service, as moto's handlers raise it."""
    return JsonRESTError(code, message)


def unsupported(parameter: str, instead: str) -> JsonRESTError:
    """A parameter that AWS knows and that would have no effect here."""
    return refused(f"{parameter} is {NOT_HERE}. {instead}")


def hold(service: str, operation: str, params: Mapping[str, Any], code: str = "ValidationException") -> None:
    """Checks the parameters of one call.

    Args:
        code: what the service calls a request that breaks its model.

    Raises:
        JsonRESTError: ``code`` with AWS's sentences.
    """
    if message := broken(service, operation, params):
        raise refused(message, code)


def install(
    handler: type[BaseResponse],
    service: str,
    not_here: Mapping[str, str],
    code: str = "ValidationException",
) -> None:
    """Has moto's handler of a JSON service check every call.

    Args:
        not_here: what is refused, with what to do instead: ``Operation``, or ``Operation.Parameter``.
        code: what the service calls a request that it does not take.
    """
    for operation in model(service).operation_names:
        name = xform_name(operation)
        method = getattr(handler, name, None)
        if operation in not_here or method is None:
            setattr(handler, name, _refusing(operation, not_here.get(operation, "Use it on an AWS account.")))
        else:
            refuse = {
                place.partition(".")[2]: instead
                for place, instead in not_here.items()
                if place.startswith(f"{operation}.")
            }
            setattr(handler, name, _checking(method, service, operation, refuse, code))


def install_typed(handler: type[BaseResponse], service: str, wrong: Callable[[str], Exception]) -> None:
    """The same for a service of the query protocol, whose parameters moto reads by the model.

    Args:
        wrong: makes the service's error of AWS's sentences.
    """
    for operation in model(service).operation_names:
        method = getattr(handler, xform_name(operation), None)
        if method is not None:
            setattr(handler, xform_name(operation), _checking_typed(method, service, operation, wrong))


def _checking_typed(
    method: Method, service: str, operation: str, wrong: Callable[[str], Exception]
) -> Method:
    @wraps(method)
    def checked(self: BaseResponse) -> Any:
        if message := broken(service, operation, self.params):
            raise wrong(message)
        return method(self)

    return checked


def _refusing(operation: str, instead: str) -> Method:
    def refuse(self: BaseResponse) -> Any:
        raise NotHere(operation, instead)

    return refuse


def _checking(method: Method, service: str, operation: str, refuse: Mapping[str, str], code: str) -> Method:
    @wraps(method)
    def checked(self: BaseResponse) -> Any:
        try:
            params = json.loads(self.body or "{}")
        except ValueError:
            raise refused("The request is no JSON.", "SerializationException") from None
        if (wrong := mistyped(service, operation, params)) is not None:
            raise refused(wrong, "SerializationException")
        hold(service, operation, params, code)
        for parameter, instead in refuse.items():
            if params.get(parameter):
                raise refused(f"{parameter} of {operation} is {NOT_HERE}. {instead}", code)
        return method(self)

    return checked


def method_of(operation: str) -> str:
    """The name of the method of moto's handlers that serves an operation."""
    return xform_name(operation)
