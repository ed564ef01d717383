"""Which operation a request names: method and path against the model's URI templates, compiled once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote

from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.model import operation_model, operation_names


@dataclass(frozen=True)
class Route:
    """One operation's binding: literal segments to equal, labels to read, query values that select it."""

    operation: str
    literals: tuple[tuple[int, str], ...]
    labels: tuple[tuple[int, str], ...]
    query: tuple[tuple[str, str], ...]


Query = dict[str, list[str]]


def match(method: str, raw_path: str, query: Query) -> tuple[str, dict[str, str]]:
    """The operation of a request and the labels of its path.

    Args:
        raw_path: the path as it came, still percent-encoded (an ARN's ``/`` must stay ``%2F``).

    Raises:
        ServiceError: UnknownOperationException.
    """
    segments = raw_path.strip("/").split("/")
    for route in _routes().get((method, len(segments), segments[0]), ()):
        if all(segments[at] == text for at, text in route.literals) and all(
            value in query.get(name, ()) for name, value in route.query
        ):
            return route.operation, {name: unquote(segments[at]) for at, name in route.labels}
    raise ServiceError(
        "UnknownOperationException", f"The Lambda API has no {method} {unquote(raw_path)}.", 404
    )


@cache
def _routes() -> dict[tuple[str, int, str], tuple[Route, ...]]:
    table: dict[tuple[str, int, str], list[Route]] = {}
    for name in operation_names():
        binding = operation_model(name).http
        path, _, query = binding["requestUri"].partition("?")
        segments = path.strip("/").split("/")
        literals = tuple((at, text) for at, text in enumerate(segments) if not text.startswith("{"))
        labels = tuple((at, text.strip("{+}")) for at, text in enumerate(segments) if text.startswith("{"))
        route = Route(name, literals, labels, tuple(parse_qsl(query)))
        table.setdefault((binding["method"], len(segments), segments[0]), []).append(route)
    # A route that a query value selects is the more special one: it is asked first.
    return {key: tuple(sorted(routes, key=lambda route: -len(route.query))) for key, routes in table.items()}
