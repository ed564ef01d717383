"""moto as a WSGI application: our requests as it wants them, its answers as ours. Loads what moto shares.

Caches what moto looks up anew on every request.
"""

from __future__ import annotations

import functools
import io
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

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.identities import Identity
from labkit.localcloud.permissions.handover import settle
from labkit.localcloud.signing import Signed

_MODULES = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: _MODULES
moto.core.responses.method_names_from_class = functools.cache(  # type: ignore[attr-defined]
    moto.core.utils.method_names_from_class
)


class MotoApp:
    """Answers requests, each in the thread that calls."""

    def __init__(self, endpoint: str) -> None:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._host, _, self._port = endpoint.removeprefix("http://").partition(":")

    def __call__(self, request: Request, signed: Signed[Identity], operation: str) -> Answer:
        """moto's answer to a request that was verified and classified."""
        environ = self._environ(request)
        settle(environ, signed.service, signed.region, signed.access_key_id, operation)
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
