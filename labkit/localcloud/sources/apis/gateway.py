"""The door of all URLs and APIs: finds which one a request is for and hands it over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.sources.apis.addresses import Address, locate

Serve = Callable[[Request, Address], Awaitable[Answer]]


class Apis(Protocol):
    """The APIs of one kind."""

    def has(self, api_id: str) -> bool:
        """Whether an API of this id exists."""

    async def __call__(self, request: Request, address: Address) -> Answer: ...


class Gateway:
    """Answers for URLs and APIs; None for requests that are for neither."""

    def __init__(self, function_urls: Serve, *apis: Apis) -> None:
        self._function_urls, self._apis = function_urls, apis

    def __call__(self, request: Request) -> Awaitable[Answer] | None:
        address = locate(request)
        if address is None:
            return None
        if address.kind == "lambda-url":
            serve: Serve = self._function_urls
        else:
            serve = next((apis for apis in self._apis if apis.has(address.id)), _nobody)
        return _serve(serve, request, address)


async def _serve(serve: Serve, request: Request, address: Address) -> Answer:
    """A redirect within the host stays within the URL or API also where its address is a path."""
    answer = await serve(request, address)
    if not address.prefix:
        return answer
    headers = [
        (name, address.prefix + value if name.lower() == "location" and _within_host(value) else value)
        for name, value in answer.headers
    ]
    return replace(answer, headers=headers)


def _within_host(location: str) -> bool:
    return location.startswith("/") and not location.startswith("//")


async def _nobody(request: Request, address: Address) -> Answer:
    """There is no API of this id, or no longer."""
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", "ForbiddenException")]
    return Answer(403, headers, b'{"message":"Forbidden"}')
