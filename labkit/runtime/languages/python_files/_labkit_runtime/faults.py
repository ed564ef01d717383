"""Failures as data: what the caller, the log and X-Ray are told about an exception."""

from __future__ import annotations

import os
import traceback

TYPE_CHECKING = False  # for the type checker only: importing typing would cost every cold start
if TYPE_CHECKING:
    from typing import Any

    Frame = tuple[str, int, str, str | None]

HERE = os.path.dirname(__file__)
ENTRY = os.path.join(os.path.dirname(HERE), "bootstrap.py")
XRAY_BYTES_MAX = 1 << 20  # what fits into a header of the Runtime API


class Fault(Exception):
    """A failure that the runtime itself found: ``kind`` such as ``Runtime.ImportModuleError``."""

    def __init__(self, kind: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind, self.trace = kind, trace


def failure_of(error: Exception) -> tuple[str, str, list[str], list[Frame]]:
    """Type, message, stack trace (lines as in a traceback) and frames of an exception."""
    if isinstance(error, Fault):
        return error.kind, str(error), list(error.trace), []
    summary = traceback.extract_tb(error.__traceback__)
    frames: list[Frame] = [(one.filename, one.lineno or 0, one.name, one.line) for one in summary]
    first = next((i for i, frame in enumerate(frames) if not _is_ours(frame[0])), 0)
    frames = frames[first:]
    return type(error).__name__, str(error), traceback.format_list(frames), frames


def payload(kind: str, message: str, trace: list[str], request_id: str | None) -> dict[str, Any]:
    """The error object that the caller gets."""
    return {"errorMessage": message, "errorType": kind, "requestId": request_id or "", "stackTrace": trace}


def xray_cause(kind: str, message: str, frames: list[Frame]) -> dict[str, Any]:
    """The same for X-Ray."""
    stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in frames]
    return {
        "working_directory": os.getcwd(),
        "exceptions": [{"message": message, "type": kind, "stack": stack}],
        "paths": list({path for path, *_ in frames}),
    }


def within_header(text: str) -> str:
    """The text, or nothing when no header can hold it."""
    return text if len(text.encode()) < XRAY_BYTES_MAX else ""


def _is_ours(path: str) -> bool:
    return path == ENTRY or path.startswith(HERE)
