"""moto inside the local cloud: keeps the state of every service but Lambda, called as a WSGI application.

Caches what moto looks up anew on every request.
"""

from __future__ import annotations

import asyncio
import functools
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any
from urllib.parse import unquote_to_bytes

import moto.backends
import moto.core.responses
import moto.core.utils
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.exceptions import MissingBucket, MissingKey
from moto.s3.models import s3_backends

import labkit.light_jsonschema  # noqa: F401 - before API Gateway of moto
from labkit.localcloud.front import Answer, Request
from labkit.localcloud.identities import ACCOUNT_ID, Identity
from labkit.localcloud.origin import Origin, serving
from labkit.localcloud.permissions.handover import install, settle
from labkit.localcloud.signing import Signed

# moto's answers may call back into the cloud while they hold a thread, so there are many, made on demand.
THREADS = 64

# moto's models change in several steps: what AWS does atomically would be seen halfway, or be lost, between
# threads. Calls of these services never wait for anything, so one at a time costs nothing.
ONE_AT_A_TIME = ("dynamodb", "iam", "kinesis", "s3", "secretsmanager", "sns", "ssm")

_MODULES = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: _MODULES
moto.core.responses.method_names_from_class = functools.cache(  # type: ignore[attr-defined]
    moto.core.utils.method_names_from_class
)


def s3_object(bucket: str, name: str, version: str | None) -> bytes:
    """An object's content.

    Raises:
        S3ClientError: there is no such bucket, key or version.
    """
    backend = s3_backends[ACCOUNT_ID]["aws"]
    if bucket not in backend.buckets:
        raise MissingBucket(bucket)
    key = backend.get_object(bucket, name, version_id=version)
    if key is None:
        raise MissingKey(name)
    return bytes(key.value)


class MotoHost:
    """Answers AWS requests from moto's state, each in a thread of a pool."""

    def __init__(self, endpoint: str) -> None:
        install()
        self._application = DomainDispatcherApplication(create_backend_app)
        self._host, _, self._port = endpoint.removeprefix("http://").partition(":")
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="moto")
        self._lessons: dict[str, Callable[[], None]] = {}
        self._teaching = threading.Lock()
        self._turns: dict[str, threading.Lock] = {name: threading.Lock() for name in ONE_AT_A_TIME}

    def when_first_asked(self, service: str, teach: Callable[[], None]) -> None:
        """Teaches moto a service in the thread of its first request: some take a second to import.

        Args:
            service: its signing name.
        """
        self._lessons[service] = teach

    async def answer(self, request: Request, signed: Signed[Identity], operation: str) -> Answer:
        """moto's answer to a request that was verified and classified."""
        environ = self._environ(request)
        settle(environ, signed.service, signed.region, signed.access_key_id, operation)
        origin = Origin(
            signed.signer.principal,
            signed.region,
            signed.service,
            operation,
            request.header("x-amzn-trace-id"),
        )
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._serve, environ, origin)

    async def run(self, function: Any, *args: Any) -> Any:
        """Runs something that touches moto's state off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _serve(self, environ: dict[str, Any], origin: Origin) -> Answer:
        if origin.service in self._lessons:
            with self._teaching:
                if (teach := self._lessons.get(origin.service)) is not None:
                    teach()
                    del self._lessons[origin.service]
        with serving(origin), self._turns.get(origin.service, nullcontext()):
            return self._call(environ)

    def _call(self, environ: dict[str, Any]) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [int(status.split(" ", 1)[0]), headers]
            return None

        chunks = self._application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return Answer(started[0], started[1], body)

    def _environ(self, request: Request) -> dict[str, Any]:
        target = request.raw_path + ("?" + request.query if request.query else "")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(request.raw_path).decode("latin-1"),
            "QUERY_STRING": request.query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "SERVER_NAME": self._host,
            "SERVER_PORT": self._port,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        _add_headers(environ, request.headers)
        environ["CONTENT_LENGTH"] = str(len(request.body))
        return environ


def _add_headers(environ: dict[str, Any], headers: list[tuple[str, str]]) -> None:
    """Headers as WSGI wants them; the spelling of S3 metadata names with underscores is kept for moto."""
    dashed = {environ_key_for_header(name) for name, _ in headers if "_" not in name}
    kept: dict[str, str] = {}
    for name, value in headers:
        key = environ_key_for_header(name)
        if "_" in name:
            if key in dashed or not should_preserve_original_header_name(name):
                continue
            kept.setdefault(key, name)
        if key in ("HTTP_TRANSFER_ENCODING", "HTTP_EXPECT"):
            continue  # the body is whole by now
        if key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
            key = key.removeprefix("HTTP_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = kept
