"""Answers AWS API calls: whose signature, may they, and then the service itself.

Lambda and CloudFormation are our own; every other service is moto's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.functions import wire
from labkit.localcloud.functions.context import CallContext
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.invoke import Invocations
from labkit.localcloud.functions.invoke_request import invoking
from labkit.localcloud.functions.names import Caller
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import ACCOUNT_ID, Identities, Identity
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.s3_browsers import cors, forms
from labkit.localcloud.signing import Signed, SigningError
from labkit.localcloud.unserved import answered
from labkit.runtime.http import StreamingAnswer

Forward = Callable[[], Awaitable[Answer]]
Control = Callable[[Call, Forward], Awaitable[Answer]]
Stacks = Callable[[Call, Identity], Awaitable[Answer]]

LARGE_BYTES = 1 << 20  # reading the JSON and base64 of a large upload would hold up everybody else


class AwsApi:
    """The AWS wire protocol of the local cloud."""

    def __init__(
        self,
        identities: Identities,
        guard: Guard,
        functions: FunctionService,
        invocations: Invocations,
        moto: MotoHost,
        controls: Mapping[str, Control],
        stacks: Stacks,
    ) -> None:
        """``controls`` stand between callers and moto's services of these signing names."""
        self._identities, self._guard, self._functions = identities, guard, functions
        self._invocations, self._moto, self._controls = invocations, moto, controls
        self._stacks = stacks
        self._checked: set[str] = set()

    async def __call__(self, request: Request) -> Answer:
        if request.method == "OPTIONS":  # only browsers send it, and only S3 answers
            return cors.preflight(request, ACCOUNT_ID)
        if forms.is_form(request):
            return cors.with_cors(request, await self._form(request), ACCOUNT_ID)
        try:
            signed = self._identities.verify(request)
        except SigningError as error:
            return self._guard.refuse(error, request)
        call = await self._check(signed, request)
        if isinstance(call, Answer):
            return call
        if signed.service == "lambda":
            return await self._lambda(request, signed.region, signed.signer)
        if signed.service == "cloudformation":
            return await self._stacks(call, signed.signer)

        async def ask_moto() -> Answer:
            return await self._moto.answer(request, signed, call.operation)

        control = self._controls.get(signed.service)
        if control is not None:
            return await control(call, lambda: answered(call, request, ask_moto))
        answer = await answered(call, request, ask_moto)
        if answer.status == 404:
            answer = self._guard.hide_missing(signed.signer, call, request) or answer
        return cors.with_cors(request, answer, ACCOUNT_ID) if call.service == "s3" else answer

    async def _form(self, request: Request) -> Answer:
        """An upload by an HTML form to S3."""
        try:
            upload = await asyncio.to_thread(forms.read, request, self._identities.lookup)
        except forms.FormRefused as problem:
            return forms.refused(problem, request)
        signed = Signed(upload.access_key_id, "s3", upload.region, "", upload.signer)
        call = await self._check(signed, upload.put)
        if isinstance(call, Answer):
            return call
        put = await answered(call, upload.put, lambda: self._moto.answer(upload.put, signed, forms.OPERATION))
        return put if put.status != 200 else forms.told(upload, put, f"http://{request.header('host')}")

    async def _check(self, signed: Signed[Identity], request: Request) -> Call | Answer:
        """Asks the guard; the first call of a service loads what it is judged by: not on the event loop."""
        asked = (signed.signer, signed.service, signed.region, request)
        if signed.service in self._checked:
            return self._guard.check(*asked)
        call: Call | Answer = await self._moto.run(self._guard.check, *asked)
        self._checked.add(signed.service)
        return call

    async def _lambda(self, request: Request, region: str, identity: Identity) -> Answer:
        headers = {name.lower(): value for name, value in request.headers}
        arn = identity.principal.arn
        operation = invoking(request.method, request.raw_path)
        if operation is not None:
            caller = Caller(region, ACCOUNT_ID, arn)
            answer = await self._invocations.answer(
                operation, request.raw_path, request.query, headers, request.body, caller
            )
        else:
            answer = await self._operation(request, headers, CallContext(region, ACCOUNT_ID, arn))
        answer_headers = list(answer.headers.items())
        if answer.chunks is not None:
            return StreamingAnswer(answer.status, answer_headers, b"", answer.chunks)
        return Answer(answer.status, answer_headers, answer.body)

    async def _operation(
        self, request: Request, headers: dict[str, str], context: CallContext
    ) -> wire.Response:
        try:
            wired = (request.method, request.raw_path, request.query, headers, request.body)
            large = len(request.body) > LARGE_BYTES
            call = await asyncio.to_thread(wire.parse, *wired) if large else wire.parse(*wired)
            return wire.respond(
                call.operation, await self._functions.call(call.operation, call.params, context)
            )
        except ServiceError as error:
            return wire.respond_error(error)
