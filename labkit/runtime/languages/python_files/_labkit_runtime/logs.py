"""What a Python function writes: the root logger in text or JSON, error lines, unbuffered output."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback

from . import marshal

TYPE_CHECKING = False  # for the type checker only: importing typing would cost every cold start
if TYPE_CHECKING:
    from typing import Any, TextIO

JSON = (os.environ.get("AWS_LAMBDA_LOG_FORMAT") or "").upper() == "JSON"
TEXT_LINE = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"
INDENT = "\u00a0"  # CloudWatch's console would swallow ordinary spaces at the start of a line

# Lambda's own words, in every log of a function that cannot be loaded.
INIT_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. For "
    "functions using managed runtimes, runtime updates can be triggered by a function change, or can "
    "be applied automatically. To determine if the runtime has been updated, check the runtime "
    "version in the INIT_START log entry. If this error correlates with a change in the runtime "
    "version, you may be able to mitigate this error by temporarily rolling back to the previous "
    "runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)

# Attributes of every record: what is left was given with ``extra=``.
KNOWN = {*vars(logging.makeLogRecord({})), "aws_request_id", "tenant_id"} - {"taskName"}

_request: dict[str, str | None] = {"id": "", "tenant": None}


def current(request_id: str, tenant_id: str | None) -> None:
    """The request whose lines are written from now on."""
    _request.update(id=request_id, tenant=tenant_id)


def set_up() -> None:
    """Gives the root logger Lambda's handler, format and level."""
    logging.Formatter.converter = time.gmtime
    handler = _Handler()
    handler.setFormatter(_JsonFormatter() if JSON else logging.Formatter(TEXT_LINE, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(_mark)
    root = logging.getLogger()
    level = (os.environ.get("AWS_LAMBDA_LOG_LEVEL") or "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if level in logging.getLevelNamesMapping():
        root.setLevel(level)
    root.addHandler(handler)


def warn_of_failed_init() -> None:
    logging.warning(INIT_WARNING)


def write_error(result: dict[str, Any]) -> None:
    """Writes an error object as Lambda logs it: one line, whatever it contains."""
    if JSON:
        record = {"timestamp": time.strftime(JSON_TIME, time.gmtime()), "level": "ERROR", **result}
        sys.stdout.write(marshal.to_json(record) + "\n")
        return
    kind, message = result["errorType"], result["errorMessage"]
    head = "[ERROR]" + (f" {kind}" if kind else "")
    if message:
        head += (": " if kind else " ") + message
    trace = [_shown(line) for entry in result["stackTrace"] for line in entry.splitlines() or [""]]
    sys.stdout.write("\r".join([head, "Traceback (most recent call last):", *trace]) + "\n")


def _shown(line: str) -> str:
    text = line.lstrip(" ")
    return INDENT * (len(line) - len(text)) + text


def _mark(record: logging.LogRecord) -> bool:
    vars(record).update(aws_request_id=_request["id"], tenant_id=_request["tenant"])
    return True


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record))


class _JsonFormatter(logging.Formatter):
    """One JSON object a line: the fields of Lambda's format, then those given with ``extra=``."""

    def __init__(self) -> None:
        super().__init__(datefmt=JSON_TIME)

    def format(self, record: logging.LogRecord) -> str:
        level = min(50, max(0, record.levelno)) // 10 * 10
        record.levelno, record.levelname = level, logging.getLevelName(level)
        plain = isinstance(record.msg, dict) and not record.args
        fields = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if plain else record.getMessage(),
            "logger": record.name,
            **_exception(record),
            "requestId": vars(record)["aws_request_id"],
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None,
        }
        if _request["tenant"] is not None:
            fields["tenantId"] = _request["tenant"]
        extra = {k: v for k, v in vars(record).items() if k not in KNOWN and k not in fields}
        fields = {name: value for name, value in (fields | extra).items() if value is not None}
        return json.dumps(fields, ensure_ascii=False, default=str) + "\n"


def _exception(record: logging.LogRecord) -> dict[str, Any]:
    if not record.exc_info:
        return {}
    kind, value, trace = record.exc_info
    trace_lines = traceback.format_tb(trace)
    name = kind.__name__  # type: ignore[union-attr]
    return {"stackTrace": trace_lines, "errorType": name, "errorMessage": str(value)}


class _Unbuffered:
    """Passes everything on to a stream, and flushes it after each write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def writelines(self, lines: list[str]) -> None:
        self._stream.writelines(lines)
        self._stream.flush()


def unbuffered(stream: TextIO) -> TextIO:
    """A stream that keeps nothing back: what is printed before a crash is in the log."""
    return _Unbuffered(stream)  # type: ignore[return-value]
