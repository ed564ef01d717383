"""API Gateway's own API: what it is asked is checked, then done by us or by moto, one request at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from labkit.localcloud.front import Answer
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.rules import ApiError, bad_request

Forward = Callable[[], Awaitable[Answer]]
Control = Callable[[Call, Forward], Awaitable[Answer]]
Operation = Callable[[Call], Mapping[str, Any]]


Slow = Callable[[Call], Awaitable[Mapping[str, Any]]]
LISTS = ("item", "items")  # where REST APIs and HTTP APIs put what they list


class Product(Protocol):
    """One of API Gateway's two APIs. All of it but ``check`` runs in moto's threads."""

    def check(self, call: Call) -> None:
        """Refuses what would have no effect."""

    def before(self, call: Call) -> None:
        """Refuses what AWS would refuse and moto would take."""

    def operation(self, name: str) -> Operation | None:
        """Our own operation of this name; None leaves it to moto."""

    def after(self, call: Call) -> None:
        """Makes a change that was taken effective."""


class ApiControl:
    """Answers what is signed for ``apigateway``: HTTP APIs below ``/v2/``, REST APIs beside it.

    ``slow`` has operations by name that run functions, and so may not hold up others.
    """

    def __init__(
        self, moto: MotoHost, http_apis: Product, rest_apis: Product, slow: Mapping[str, Slow]
    ) -> None:
        self._moto, self._http_apis, self._rest_apis, self._slow = moto, http_apis, rest_apis, slow
        self._turn = asyncio.Lock()

    async def __call__(self, call: Call, forward: Forward) -> Answer:
        product = self._http_apis if call.wire.raw_path.startswith("/v2/") else self._rest_apis
        try:
            product.check(call)
            if (slow := self._slow.get(call.operation)) is not None:
                await self._moto.run(product.before, call)
                return _sent(await slow(call))
            async with self._turn:
                return await self._answer(product, call, forward)
        except ApiError as error:
            return error.answer

    async def _answer(self, product: Product, call: Call, forward: Forward) -> Answer:
        await self._moto.run(product.before, call)
        operation = product.operation(call.operation)
        if operation is None:
            answer = await forward()
        else:
            made = await self._moto.run(_with_motos_errors, operation, call)
            answer = _sent(made)
        if answer.status >= 300:
            return answer
        if call.wire.method == "GET":
            return _page(answer, call)
        await self._moto.run(product.after, call)
        return answer


def _sent(document: Mapping[str, Any]) -> Answer:
    return Answer(200, [("Content-Type", "application/json")], json.dumps(document).encode())


def _page(answer: Answer, call: Call) -> Answer:
    """The part of a list that was asked for: moto always gives all of it."""
    limit = call.params.get("limit") or call.params.get("MaxResults")
    start = call.params.get("position") or call.params.get("NextToken")
    if not limit and not start:
        return answer
    document = json.loads(answer.body)
    name = next((name for name in LISTS if name in document), None)
    if name is None:
        return answer
    try:
        first = int(start or 0)
        last = first + int(limit) if limit else len(document[name])
    except ValueError:
        raise bad_request(f"The position {start} is not one that a list was answered with") from None
    token = "position" if name == "item" else "nextToken"
    more = {token: str(last)} if last < len(document[name]) else {}
    return _sent({**document, name: document[name][first:last], **more})


def _with_motos_errors(operation: Operation, call: Call) -> Mapping[str, Any]:
    from moto.core.exceptions import JsonRESTError

    try:
        return operation(call)
    except JsonRESTError as error:
        raise ApiError(error.error_type, error.message, error.code) from None
