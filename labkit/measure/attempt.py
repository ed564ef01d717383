"""One call, sent once, measured, and read into a row. Knows nothing of runs."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from labkit import reports
from labkit.measure.rows import Measurement, Status

_NEEDS_RETRY = "needs-retry.lambda.Invoke"
_ERROR_CHARACTERS = 200


class Once:
    """Makes the SDK send each measured call once.

    By itself botocore repeats a call that was throttled or lost: the throttle would be hidden and a latency
    would hold the waits between. Only threads inside ``sending`` are concerned; whoever else uses the client
    keeps its retries.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._here = threading.local()

    @contextmanager
    def installed(self) -> Iterator[Once]:
        """Hooked into the client for as long as the block runs."""
        events = self._client.meta.events
        name = f"labkit-once-{id(self)}"
        events.register_first(_NEEDS_RETRY, self._do_not, unique_id=name)
        try:
            yield self
        finally:
            events.unregister(_NEEDS_RETRY, self._do_not, unique_id=name)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """This thread's calls are sent once."""
        self._here.active = True
        try:
            yield
        finally:
            self._here.active = False

    def _do_not(self, response: Any, caught_exception: Exception | None, **_: Any) -> None:
        """Raise what a retry would hide. By what it returns a handler can ask for a retry, not refuse it."""
        if not getattr(self._here, "active", False):
            return
        if caught_exception is not None:
            raise caught_exception
        http, parsed = response
        if http.status_code >= 300:
            code = parsed.get("Error", {}).get("Code", "")
            raise self._client.exceptions.from_code(code)(parsed, "Invoke")


def attempt(
    client: Any,
    once: Once,
    asked: dict[str, str],
    event: bytes | None,
    number: int,
    begun: float,
    due_s: float | None,
) -> Measurement:
    """Send one call and read its row. Never raises what the call raised.

    Args:
        asked: FunctionName and Qualifier.
        begun: ``time.perf_counter()`` at the beginning of the run.
        due_s: when it was to be sent, in seconds since then; None without a plan.
    """
    body = {} if event is None else {"Payload": event}
    sent_at, start = time.time(), time.perf_counter()
    try:
        with once.sending():
            response = client.invoke(**asked, **body, LogType="Tail")
        answer = response["Payload"].read()
        end = time.perf_counter()
        found = _read(response, answer)
    except Exception as error:
        end = time.perf_counter()
        found = _refused(error)
    started_s = start - begun
    return Measurement(
        number=number,
        sent_at=sent_at,
        started_s=started_s,
        late_ms=0.0 if due_s is None else max(0.0, started_s - due_s) * 1000,
        latency_ms=(end - start) * 1000,
        **found,
    )


def _read(response: dict[str, Any], answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": Status.OK,
        "request_id": response["ResponseMetadata"].get("RequestId"),
        "version": response.get("ExecutedVersion"),
    }
    if "FunctionError" in response:
        found |= {"status": Status.ERROR, "error": _function_error(answer)}
    report = reports.parse(base64.b64decode(response.get("LogResult", "")))
    if report is not None:
        found |= {
            "request_id": report.request_id,
            "duration_ms": report.duration_ms,
            "init_ms": report.init_ms,
            "billed_ms": report.billed_ms,
            "memory_mb": report.memory_mb,
            "max_memory_mb": report.max_memory_mb,
            "cold": report.cold,
        }
    return found


def _refused(error: Exception) -> dict[str, Any]:
    if not isinstance(error, ClientError):
        return {"status": Status.FAILED, "error": _short(f"{type(error).__name__}: {error}")}
    answer: dict[str, Any] = dict(error.response)
    told = answer.get("Error", {})
    reason = f" ({answer['Reason']})" if "Reason" in answer else ""
    throttled = answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == 429
    return {
        "status": Status.THROTTLED if throttled else Status.FAILED,
        "request_id": answer.get("ResponseMetadata", {}).get("RequestId"),
        "error": _short(f"{told.get('Code')}: {told.get('Message')}{reason}"),
    }


def _function_error(answer: bytes) -> str:
    try:
        told = json.loads(answer)
        kind, message = told.get("errorType"), told.get("errorMessage")
    except (ValueError, AttributeError):
        return _short(answer.decode(errors="replace"))
    return _short(": ".join(str(part) for part in (kind, message) if part is not None))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _ERROR_CHARACTERS else line[: _ERROR_CHARACTERS - 1] + "…"
