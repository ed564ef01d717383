"""The Lambda API behind a real HTTP server without signing, and real boto3 in front of it."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import ClientError

from labkit.localcloud.functions import wire
from labkit.localcloud.functions.context import CallContext, Change, Dependencies
from labkit.localcloud.functions.errors import ServiceError, role_not_assumable, s3_get_failed
from labkit.localcloud.functions.service import FunctionService

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lab"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HANDLER = "def handler(event, context):\n    return event\n"


def make_zip(files: dict[str, str] | None = None) -> bytes:
    """A deployment package; a handler that echoes its event unless told otherwise."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ({"app.py": HANDLER} if files is None else files).items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


class Cloud:
    """The service in a thread of its own, and the switches of its little world."""

    def __init__(self, folder: Path, pending_s: float) -> None:
        self.changes: list[Change] = []
        self.objects: dict[tuple[str, str], bytes] = {}
        self.denied: set[tuple[str, str]] = set()
        self.now = START
        self.waiting: list[Callable[[], None]] = []
        self.hold = False
        self.role_asked = threading.Event()
        self._timers: list[asyncio.TimerHandle] = []
        self._clients: dict[tuple[str, bool], Any] = {}
        self.loop = asyncio.new_event_loop()
        self._folder, self._pending_s = folder, pending_s
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._start())
        ready.set()
        self.loop.run_forever()

    async def _start(self) -> None:
        self.roles_answer = asyncio.Event()
        self.roles_answer.set()
        self.service = FunctionService(
            Dependencies(
                code_folder=self._folder,
                role_check=self._role_check,
                fetch_s3=self._fetch_s3,
                on_change=self.changes.append,
                schedule=self._schedule,
                code_url=lambda sha256: f"{self.endpoint}/_labkit/code/{sha256}",
                url_for=lambda url_id: f"http://127.0.0.1/_aws/lambda-url/{url_id}/",
                now=lambda: self.now,
                role_allows=self._role_allows,
                pending_s=self._pending_s,
            )
        )
        application = web.Application(client_max_size=100 << 20)
        application.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.endpoint = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _answer(self, request: web.Request) -> web.Response:
        raw_path, _, raw_query = request.raw_path.partition("?")
        if raw_path.startswith("/_labkit/code/"):
            return web.Response(body=self.service.code_bytes(raw_path.rpartition("/")[2]))
        region = request.headers["Authorization"].split("/")[2]
        context = CallContext(region, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/learner")
        try:
            parsed = wire.parse(request.method, raw_path, raw_query, request.headers, await request.read())
            output = await self.service.call(parsed.operation, parsed.params, context)
            answer = wire.respond(parsed.operation, output)
        except ServiceError as error:
            answer = wire.respond_error(error)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _role_check(self, role_arn: str) -> None:
        self.role_asked.set()
        await self.roles_answer.wait()
        if role_arn.endswith("/stranger"):
            raise role_not_assumable()

    async def _role_allows(self, role_arn: str, action: str, resource_arn: str) -> bool:
        return (action, resource_arn) not in self.denied

    async def _fetch_s3(self, bucket: str, key: str, version: str | None) -> bytes:
        try:
            return self.objects[bucket, key]
        except KeyError:
            raise s3_get_failed("NoSuchKey", "The specified key does not exist.") from None

    def _schedule(self, callback: Callable[[], None], delay_s: float) -> None:
        if self.hold:
            self.waiting.append(callback)
        else:
            self._timers.append(self.loop.call_later(delay_s, callback))

    def settle(self) -> None:
        """Let everything happen that ``hold`` has kept waiting."""

        async def run() -> None:
            while self.waiting:
                self.waiting.pop(0)()

        self.run(run())

    def reset(self) -> None:
        """An empty account on the first day; nothing of the test before comes late."""

        async def forget() -> None:
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
            self.service._regions.clear()

        self.run(forget())
        self.hold = False
        for kept in (self.waiting, self.changes, self.objects, self.denied):
            kept.clear()
        self.now = START

    def run(self, coroutine: Any) -> Any:
        """Run something on the service's own thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def resolve(self, name: str, qualifier: str | None = None, **options: Any) -> Any:
        """What an invocation would run."""

        async def run() -> Any:
            context = CallContext(REGION, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/learner")
            return self.service.resolve(name, qualifier, context, **options)

        return self.run(run())

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)

    def client(self, region: str = REGION, *, validate: bool = False) -> Any:
        """boto3 for this cloud; by default it leaves validation to the service."""
        if (region, validate) not in self._clients:
            self._clients[region, validate] = self._new_client(region, validate)
        return self._clients[region, validate]

    def _new_client(self, region: str, validate: bool) -> Any:
        return boto3.client(
            "lambda",
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="AKIATESTTESTTESTTEST",
            aws_secret_access_key="secret",
            config=Config(parameter_validation=validate, retries={"total_max_attempts": 1}),
        )

    def close(self) -> None:
        self.run(self._runner.cleanup())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


def settled(cloud: Cloud, api: Any, name: str = "orders") -> dict[str, Any]:
    """Wait until neither creation nor update is under way."""
    if cloud.hold:
        cloud.settle()
    for waiter in ("function_active_v2", "function_updated_v2"):
        api.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 100})
    configuration: dict[str, Any] = api.get_function_configuration(FunctionName=name)
    return configuration


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
