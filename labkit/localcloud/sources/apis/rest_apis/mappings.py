"""Parameter mappings: where a value for a header, a query string or a body comes from. Pure.

Source: API Gateway guide, "Parameter mapping for REST APIs".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_STATIC = re.compile(r"'(.*)'", re.DOTALL)
_REQUEST = re.compile(
    r"(method\.request\.(path|querystring|header)\.[\w.$-]+|method\.request\.body)", re.ASCII
)
_REQUEST_PLACE = re.compile(r"integration\.request\.(path|querystring|header)\.[\w.$-]+", re.ASCII)
_RESPONSE = re.compile(r"integration\.response\.header\.[\w-]+", re.ASCII)
_RESPONSE_PLACE = re.compile(r"method\.response\.header\.[\w-]+", re.ASCII)


class BadMapping(ValueError):
    """A mapping has a form that is not supported here, or that AWS does not know. The text says which."""


def check_request(place: str, source: str) -> None:
    """A mapping from a request to an integration.

    Raises:
        BadMapping: see there.
    """
    if not _REQUEST_PLACE.fullmatch(place):
        raise BadMapping(f"Invalid mapping expression specified: {place}")
    if not (_STATIC.fullmatch(source) or _REQUEST.fullmatch(source)):
        raise BadMapping(
            f"The mapping source {source} is not supported by the local cloud. Use a 'static value', "
            "method.request.body, or a method.request.header, .querystring or .path."
        )


def check_response(place: str, source: str) -> None:
    """A mapping from an integration's answer to the method's.

    Raises:
        BadMapping: see there.
    """
    if not _RESPONSE_PLACE.fullmatch(place):
        raise BadMapping(f"Invalid mapping expression specified: {place}")
    if not (_STATIC.fullmatch(source) or _RESPONSE.fullmatch(source)):
        raise BadMapping(
            f"The mapping source {source} is not supported by the local cloud. Use a 'static value' or an "
            "integration.response.header."
        )


def value(source: str, known: Mapping[str, str]) -> str | None:
    """What a source is worth; ``known`` has values by their names (``method.request.header.X``, ...)."""
    static = _STATIC.fullmatch(source)
    return static[1] if static is not None else known.get(source.lower())
