"""The life of a runtime process: load the handler, then event by event until the environment is ended."""

from __future__ import annotations

import os
import sys

import runtime_client  # type: ignore[import-not-found]

from . import logs, marshal
from .context import make_context
from .faults import Fault, failure_of, payload, within_header, xray_cause
from .handlers import load

TYPE_CHECKING = False  # for the type checker only: importing typing would cost every cold start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Handler = Callable[[Any, Any], Any]

AGENT = "aws-lambda-python/{}.{}.{}-labkit".format(*sys.version_info[:3])


def run(handler_name: str) -> NoReturn:
    sys.stdout, sys.stderr = logs.unbuffered(sys.stdout), logs.unbuffered(sys.stderr)
    logs.set_up()
    runtime_client.initialize_client(AGENT)
    try:
        handler = load(handler_name)
    except Exception as error:
        give_up(error)
    while True:
        body, headers = runtime_client.next()
        serve(handler, body, headers)


def give_up(error: Exception) -> NoReturn:
    """Reports a function that cannot be loaded and ends the process."""
    name, message, trace, _ = failure_of(error)
    logs.warn_of_failed_init()
    result = payload(name, message, trace, None)
    logs.write_error(result)
    runtime_client.post_init_error(name, marshal.to_json(result))
    sys.exit(1)


def serve(handler: Handler, body: bytes, headers: dict[str, Any]) -> None:
    """Runs the handler for one event and posts what it returned or raised."""
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    invocation_id = headers["Lambda-Runtime-Invocation-Id"]
    logs.current(request_id, headers["Lambda-Runtime-Aws-Tenant-Id"])
    set_trace(headers["Lambda-Runtime-Trace-Id"])
    try:
        context = make_context(headers)
        event = marshal.event_of(body, headers["Content-Type"])
        answer, content_type = marshal.answer_of(handler(event, context))
    except Exception as error:
        name, message, trace, frames = failure_of(error)
        result = payload(name, message, trace, request_id)
        logs.write_error(result)
        kind = "LambdaValidationError" if isinstance(error, Fault) else name
        cause = within_header(marshal.to_json(xray_cause(kind, message, frames)))
        runtime_client.post_error(request_id, marshal.to_json(result), cause, invocation_id)
    else:
        runtime_client.post_invocation_result(request_id, answer, content_type, invocation_id)


def set_trace(header: str | None) -> None:
    if header is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = header
