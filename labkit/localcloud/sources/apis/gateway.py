"""The door of all URLs and APIs: finds which one a request is for and hands it over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.sources.apis.addresses import Address, locate

Serve = Callable[[Request, Address], Awaitable[Answer]]


class Gateway:
    """Answers for URLs and APIs; None for requests that are for neither."""

    def __init__(self, function_urls: Serve) -> None:
        self._function_urls = function_urls

    def __call__(self, request: Request) -> Awaitable[Answer] | None:
        address = locate(request)
        if address is None or address.kind != "lambda-url":
            return None
        return self._function_urls(request, address)
