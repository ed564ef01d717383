"""What may be asked of API Gateway here: every parameter has its effect, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from labkit.errors import LabError
from labkit.localcloud.front import Answer

T = TypeVar("T")

NOT_HERE = "is not supported by the local cloud."
ON_AWS = "Leave it out here, and use it on an AWS account."


class ApiError(LabError):
    """An error of API Gateway's own API; boto3 raises it as the exception of that name."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status

    @property
    def answer(self) -> Answer:
        """As HTTP."""
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", self.code)]
        return Answer(self.status, headers, json.dumps({"message": self.message}).encode())


def bad_request(message: str) -> ApiError:
    return ApiError("BadRequestException", message, 400)


def not_found(message: str) -> ApiError:
    return ApiError("NotFoundException", message, 404)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message, 409)


def found(known: Mapping[str, T], key: str, what: str) -> T:
    """What has this id.

    Raises:
        ApiError: NotFoundException, in AWS's words.
    """
    if key not in known:
        raise not_found(f"Invalid {what} identifier specified {key}")
    return known[key]


@dataclass(frozen=True)
class Rule:
    """What one operation takes.

    Attributes:
        effective: parameters that work with any value.
        only: parameters that work with these values alone.
        instead: what to do without a parameter that does not work.
    """

    effective: frozenset[str]
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)

    def check(self, params: Mapping[str, Any]) -> None:
        """Refuses what would have no effect. A parameter left empty or switched off asks for nothing.

        Raises:
            ApiError: BadRequestException that names the parameter.
        """
        for name, value in params.items():
            if name in self.effective or value in (None, "", False) or value == [] or value == {}:
                continue
            allowed = self.only.get(name, ())
            if value in allowed:
                continue
            instead = self.instead.get(name) or (f"Use {_listed(allowed)}." if allowed else ON_AWS)
            what = f"{name} {value}" if isinstance(value, str) and allowed else name
            raise bad_request(f"{what} {NOT_HERE} {instead}")


def takes(
    names: str, only: Mapping[str, tuple[Any, ...]] | None = None, instead: Mapping[str, str] | None = None
) -> Rule:
    """A rule from names separated by spaces."""
    return Rule(frozenset(names.split()), only or {}, instead or {})


def check(
    rules: Mapping[str, Rule], operation: str, params: Mapping[str, Any], instead: Mapping[str, str]
) -> None:
    """Refuses an operation or a parameter that would have no effect here.

    Args:
        instead: what to do without an operation, by a word in its name.

    Raises:
        ApiError: BadRequestException that names it.
    """
    rule = rules.get(operation)
    if rule is None:
        hint = next(
            (text for word, text in instead.items() if word in operation), "Use it on an AWS account."
        )
        raise bad_request(f"{operation} {NOT_HERE} {hint}")
    rule.check(params)


def _listed(values: tuple[Any, ...]) -> str:
    return " or ".join(str(value) for value in values if value)
