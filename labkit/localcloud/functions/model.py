"""The Lambda service model that ships with botocore: operations, shapes, constraints. Read once, read only.

API version 2015-03-31, botocore/data/lambda/2015-03-31/service-2.json.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

API_VERSION = "2015-03-31"


@cache
def service_model() -> ServiceModel:
    """The parsed model; about 0.1 s the first time."""
    document = Loader().load_service_model("lambda", "service-2", API_VERSION)
    return ServiceModel(document, "lambda")


def operation_names() -> tuple[str, ...]:
    """Every operation of the API, in the model's order."""
    return tuple(service_model().operation_names)


@cache
def operation_model(name: str) -> OperationModel:
    """One operation: its HTTP binding and its shapes."""
    return service_model().operation_model(name)


@cache
def members(shape: StructureShape) -> dict[str, Shape]:
    """The members of a structure by name. (botocore computes them anew for each StructureShape object.)"""
    return dict(shape.members)


@cache
def shape(name: str) -> Shape:
    """A shape by its name in the model."""
    return service_model().shape_for(name)


def constraint(shape_name: str, key: str) -> Any:
    """``min``, ``max``, ``pattern`` or ``enum`` of a shape.

    Raises:
        KeyError: the model gives the shape no such constraint.
    """
    found = shape(shape_name)
    if key == "enum":
        return tuple(found.enum)  # type: ignore[attr-defined]
    return found.metadata[key]


@cache
def error_shape(code: str) -> StructureShape | None:
    """The exception's shape, or None for an error that the model does not list."""
    for found in service_model().error_shapes:
        if isinstance(found, StructureShape) and found.error_code == code:
            return found
    return None
