"""API Gateway's own API: what it is asked is checked, then done by us or by moto, one request at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from labkit.localcloud.front import Answer
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.rules import ApiError

Forward = Callable[[], Awaitable[Answer]]
Operation = Callable[[Call], Mapping[str, Any]]


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
    """Answers what is signed for ``apigateway``: HTTP APIs below ``/v2/``, REST APIs beside it."""

    def __init__(self, moto: MotoHost, http_apis: Product, rest_apis: Product | None = None) -> None:
        self._moto, self._http_apis, self._rest_apis = moto, http_apis, rest_apis
        self._turn = asyncio.Lock()

    async def __call__(self, call: Call, forward: Forward) -> Answer:
        product = self._http_apis if call.wire.raw_path.startswith("/v2/") else self._rest_apis
        if product is None:
            return await forward()
        try:
            product.check(call)
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
            answer = Answer(200, [("Content-Type", "application/json")], json.dumps(made).encode())
        if answer.status < 300 and call.wire.method != "GET":
            await self._moto.run(product.after, call)
        return answer


def _with_motos_errors(operation: Operation, call: Call) -> Mapping[str, Any]:
    from moto.core.exceptions import JsonRESTError

    try:
        return operation(call)
    except JsonRESTError as error:
        raise ApiError(error.error_type, error.message, error.code) from None
