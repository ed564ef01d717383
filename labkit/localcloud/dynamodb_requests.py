"""Teaches moto's DynamoDB to check requests: the model for what is no item, and placeholders in expressions.

Source: DynamoDB API reference and the service's answers. Items themselves moto checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from botocore import xform_name
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.responses import DynamoHandler

from labkit.localcloud.constraints import broken

_EXPRESSIONS = (
    "ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression",
    "UpdateExpression",
)  # fmt: skip
_WITH_EXPRESSIONS = (
    "PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "TransactWriteItems",
    "TransactGetItems", "ExecuteStatement",
)  # fmt: skip
_BY_THE_MODEL = (
    "CreateTable", "UpdateTable", "BatchGetItem", "BatchWriteItem", "TransactWriteItems", "TransactGetItems",
    "UpdateTimeToLive", "Query", "Scan",
)  # fmt: skip
_NAME = "[a-zA-Z0-9_.-]+"
_PLACEHOLDER = re.compile(r"[:#]\w+")
# How moto's readers of expressions fail where AWS says that the syntax is wrong.
_STUMBLES = (ValueError, KeyError, IndexError, TypeError, AttributeError)


def install() -> None:
    """Replaces moto's methods, once for the process."""
    for operation in dict.fromkeys((*_WITH_EXPRESSIONS, *_BY_THE_MODEL)):
        name = xform_name(operation)
        setattr(DynamoHandler, name, _checked(getattr(DynamoHandler, name), operation))


def _checked(method: Callable[[Any], Any], operation: str) -> Callable[[Any], Any]:
    @wraps(method)
    def check(self: DynamoHandler) -> Any:
        asked: Mapping[str, Any] = self.body
        if operation in _BY_THE_MODEL and (message := broken("dynamodb", operation, asked)):
            raise MockValidationException(message)
        if operation == "CreateTable":
            _check_name(str(asked["TableName"]))
        parts = [*_parts(asked)]
        for part in parts:
            _check_placeholders(part)
        try:
            return method(self)
        except _STUMBLES as problem:
            if message := broken("dynamodb", operation, asked):
                raise MockValidationException(message) from None
            named = next((name for part in parts for name in _EXPRESSIONS if name in part), None)
            if named is None and operation != "ExecuteStatement":
                raise
            what = named or "Statement"
            raise MockValidationException(f"Invalid {what}: Syntax error; {problem}") from problem

    return check


def _check_name(name: str) -> None:
    """A new table's; other operations take ARNs, too."""
    if not 3 <= len(name) <= 255:
        raise MockValidationException(
            "TableName must be at least 3 characters long and at most 255 characters long"
        )
    if re.fullmatch(_NAME, name, re.ASCII) is None:
        raise MockValidationException(
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME}"
        )


def _parts(asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The request itself, or the actions of a transaction: each has expressions of its own."""
    yield asked
    for action in asked.get("TransactItems") or ():
        yield from action.values()


def _check_placeholders(part: Mapping[str, Any]) -> None:
    names: Mapping[str, Any] = part.get("ExpressionAttributeNames") or {}
    values: Mapping[str, Any] = part.get("ExpressionAttributeValues") or {}
    used: set[str] = set()
    for expression in _EXPRESSIONS:
        for placeholder in _PLACEHOLDER.findall(part.get(expression) or ""):
            used.add(placeholder)
            if placeholder in names or placeholder in values:
                continue
            kind = "name used in the document path" if placeholder[0] == "#" else "value used in expression"
            raise MockValidationException(
                f"Invalid {expression}: An expression attribute {kind} is not defined; attribute "
                f"{'name' if placeholder[0] == '#' else 'value'}: {placeholder}"
            )
    for parameter, given in (("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)):
        if unused := [key for key in given if key not in used]:
            raise MockValidationException(
                f"Value provided in {parameter} unused in expressions: keys: {{{', '.join(unused)}}}"
            )
