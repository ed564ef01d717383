"""moto inside the local cloud: keeps the state of every service but Lambda, in threads of a pool.

Loads it when it is first needed; the cloud answers before that.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import labkit.light_jsonschema  # noqa: F401 - before API Gateway of moto
from labkit.localcloud import lessons
from labkit.localcloud.front import Answer, Request
from labkit.localcloud.functions.errors import s3_get_failed
from labkit.localcloud.identities import ACCOUNT_ID, Identity
from labkit.localcloud.origin import Origin, serving
from labkit.localcloud.signing import Signed

if TYPE_CHECKING:
    from labkit.localcloud.moto_app import MotoApp

# moto's answers may call back into the cloud while they hold a thread, so there are many, made on demand.
THREADS = 64

# moto's models change in several steps: what AWS does atomically would be seen halfway, or be lost, between
# threads. Calls of these services never wait for anything, so one at a time costs nothing.
ONE_AT_A_TIME = ("dynamodb", "iam", "kinesis", "s3", "secretsmanager", "sns", "ssm")


def s3_object(bucket: str, name: str, version: str | None) -> bytes:
    """An object's content.

    Raises:
        ServiceError: there is no such bucket, key or version.
    """
    backend = lessons.backend("s3", ACCOUNT_ID, "aws")
    from moto.s3.exceptions import MissingBucket, MissingKey, S3ClientError

    try:
        if bucket not in backend.buckets:
            raise MissingBucket(bucket)
        key = backend.get_object(bucket, name, version_id=version)
        if key is None:
            raise MissingKey(name)
        return bytes(key.value)
    except S3ClientError as error:
        raise s3_get_failed(error.code, str(error.message)) from None


class MotoHost:
    """Answers AWS requests from moto's state, each in a thread of a pool."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._app = lessons.Later(self._load)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="moto")
        self._turns: dict[str, threading.Lock] = {name: threading.Lock() for name in ONE_AT_A_TIME}

    async def answer(self, request: Request, signed: Signed[Identity], operation: str) -> Answer:
        """moto's answer to a request that was verified and classified."""
        origin = Origin(
            signed.signer.principal,
            signed.region,
            signed.service,
            operation,
            request.header("x-amzn-trace-id"),
        )
        answer: Answer = await self.run(self._serve, request, signed, origin)
        return answer

    async def run(self, function: Any, *args: Any) -> Any:
        """Runs something that touches moto's state off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    def load(self) -> None:
        """Loads what all of moto's services share, so that the first request need not. From any thread."""
        self._app.get()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _load(self) -> MotoApp:
        lessons.load_core()
        from labkit.localcloud.moto_app import MotoApp

        return MotoApp(self._endpoint)

    def _serve(self, request: Request, signed: Signed[Identity], origin: Origin) -> Answer:
        app = self._app.get()
        with serving(origin), self._turns.get(origin.service, nullcontext()):
            return app(request, signed, origin.operation)
