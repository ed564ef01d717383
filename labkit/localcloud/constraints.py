"""Holds the parameters of calls against botocore's models: AWS's sentences for what breaks a constraint."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from labkit.localcloud.functions import decode
from labkit.localcloud.functions.errors import ServiceError, violated
from labkit.localcloud.functions.model import members
from labkit.localcloud.functions.validation import null_at, violations


def broken(service: str, operation: str, params: Mapping[str, Any]) -> str | None:
    """What is wrong with the parameters of one call, in AWS's sentences; None when nothing is."""
    shape = model(service).operation_model(operation).input_shape
    found = violations(shape, params) if shape is not None else ()
    return violated(*found).message if found else None


def missing(service: str, operation: str, params: Mapping[str, Any]) -> str | None:
    """Which required parameters a call lacks, in AWS's sentences; None when it has all of them."""
    shape = model(service).operation_model(operation).input_shape
    lacking = [name for name in shape.required_members if name not in params] if shape is not None else []
    if not lacking:
        return None
    return violated(*(null_at(name) for name in lacking)).message


def mistyped(service: str, operation: str, params: Mapping[str, Any]) -> str | None:
    """What of a JSON request has another type than in the model; None when nothing has."""
    shape = model(service).operation_model(operation).input_shape
    known = members(shape) if shape is not None else {}
    try:
        decode.structure(known, {name: params[name] for name in params if name in known}, operation)
    except ServiceError as error:
        return error.message if error.code == "SerializationException" else None
    return None


def has(service: str, operation: str) -> bool:
    """Whether a service has an operation; not, when botocore knows no such service."""
    try:
        return operation in model(service).operation_names
    except UnknownServiceError:
        return False


@cache
def model(service: str) -> ServiceModel:
    """A service's model, kept."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)
