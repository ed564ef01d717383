"""Which operation a REST request calls, from botocore's service models. Knows no permission.

An index is built at a service's first call (tens of milliseconds) and keeps of the model only what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")

# Signing names that several services share, and those that differ from botocore's name of the service.
_SERVICES: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("apigateway", "apigatewayv2"),
    "bedrock": ("bedrock", "bedrock-runtime"),
    "elasticfilesystem": ("efs",),
    "es": ("opensearch", "es"),
    "lambda": ("lambda", "lambda-core", "lambda-microvms", "lambda-web"),
    "mobiletargeting": ("pinpoint",),
    "s3": ("s3", "s3control"),
    "ses": ("sesv2",),
    "aps": ("amp",),
}


@dataclass(frozen=True)
class Operation:
    """A REST operation: what its request must look like, and where its parameters are.

    ``labels``, ``query`` and ``headers`` map names on the wire to members; ``body`` maps JSON names to
    members, None when the body is a payload of its own (not to be read for parameters).
    """

    name: str
    labels: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, str] | None
    literals: tuple[tuple[str, str], ...]
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]

    def fits(self, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> bool:
        """Whether query string and headers have what tells this operation from others at the same path."""
        return (
            all(name in query and (not value or value in query[name]) for name, value in self.literals)
            and all(name in query for name in self.required_query)
            and all(name in headers for name in self.required_headers)
        )

    @property
    def specificity(self) -> int:
        """How much must be there for this operation; the most demanding one that fits is meant."""
        return 2 * len(self.literals) + len(self.required_query) + len(self.required_headers)


@dataclass(frozen=True)
class _Path:
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    operations: tuple[Operation, ...]


class OperationIndex:
    """The REST operations of one service, by method and path."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        templates: dict[tuple[str, str], list[Operation]] = {}
        for name, operation in model["operations"].items():
            http = operation.get("http", {})
            path, _, literal = http.get("requestUri", "/").partition("?")
            described = _describe(
                name, operation, model["shapes"], parse_qsl(literal, keep_blank_values=True)
            )
            templates.setdefault((http.get("method", "POST"), path), []).append(described)
        self._paths: dict[str, list[_Path]] = {}
        for (method, template), operations in sorted(templates.items(), key=lambda item: _rank(item[0][1])):
            ordered = sorted(operations, key=lambda operation: -operation.specificity)
            self._paths.setdefault(method, []).append(_compile(template, tuple(ordered)))
        self._candidates = lru_cache(maxsize=1024)(self._find)

    def match(
        self, method: str, raw_path: str, query: Mapping[str, list[str]], headers: Mapping[str, str]
    ) -> tuple[Operation, dict[str, str]] | None:
        """The operation and the decoded labels of its path; None when the service has no such operation."""
        for operations, labels in self._candidates(method, raw_path):
            for operation in operations:
                if operation.fits(query, headers):
                    return operation, {operation.labels.get(name, name): value for name, value in labels}
        return None

    def _find(
        self, method: str, raw_path: str
    ) -> tuple[tuple[tuple[Operation, ...], tuple[tuple[str, str], ...]], ...]:
        found = []
        for path in self._paths.get(method, ()):
            match = path.pattern.fullmatch(raw_path)
            if match:
                values = tuple(unquote(value) for value in match.groups())
                found.append((path.operations, tuple(zip(path.labels, values, strict=True))))
        return tuple(found)


def rest_indexes(signing_name: str) -> Iterator[OperationIndex]:
    """The indexes to try for a signing name, each made when it comes to it; none for an unknown service."""
    for name in _SERVICES.get(signing_name, (signing_name,)):
        if (index := _index(name)) is not None:
            yield index


@lru_cache(maxsize=256)
def _index(service: str) -> OperationIndex | None:
    loader = Loader()  # not kept: its cache of whole models is many times the size of the indexes
    try:
        return OperationIndex(loader.load_service_model(service, "service-2"))
    except UnknownServiceError:
        return None


def _describe(
    name: str, operation: Mapping[str, Any], shapes: Mapping[str, Any], literals: list[tuple[str, str]]
) -> Operation:
    shape = shapes[operation["input"]["shape"]] if "input" in operation else {}
    places: dict[str, dict[str, str]] = {"uri": {}, "querystring": {}, "header": {}, "": {}}
    for member, details in shape.get("members", {}).items():
        place = places.get(details.get("location", ""))
        if place is not None:
            place[details.get("locationName", member)] = member
    required = set(shape.get("required", ()))
    literal_names = {literal for literal, _ in literals}
    payload = shape.get("payload")
    structured = payload is None or shapes[shape["members"][payload]["shape"]]["type"] == "structure"
    return Operation(
        name=name,
        labels=places["uri"],
        query=places["querystring"],
        headers={header.lower(): member for header, member in places["header"].items()},
        body=places[""] if structured else None,
        literals=tuple(literals),
        required_query=tuple(
            wire
            for wire, member in places["querystring"].items()
            if member in required and wire not in literal_names
        ),
        required_headers=tuple(
            wire.lower() for wire, member in places["header"].items() if member in required
        ),
    )


def _compile(template: str, operations: tuple[Operation, ...]) -> _Path:
    expression, labels, position = "", [], 0
    for match in _LABEL.finditer(template):
        expression += re.escape(template[position : match.start()])
        expression += "(.+)" if match[2] else "([^/]+)"
        labels.append(match[1])
        position = match.end()
    expression += re.escape(template[position:].rstrip("/")) + "/?"
    return _Path(re.compile(expression, re.DOTALL), tuple(labels), operations)


def _rank(template: str) -> tuple[int, int, str]:
    """Literal paths before labelled ones, greedy labels last."""
    return template.count("+}"), template.count("{"), template
