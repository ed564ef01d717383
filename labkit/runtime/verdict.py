"""How an init or an invocation ended, and what the caller and the log are told of it (facts: AWS, 2026).

Pure. Texts are those of AWS's newer style: no extra log lines, status and error type in the REPORT line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from labkit.runtime.spec import FunctionSpec


@dataclass(frozen=True)
class Verdict:
    """How an init or an invocation ended, and when (``time.perf_counter``)."""

    kind: str  # ready | answer | error | init-error | exit | entrypoint | extension | timeout | memory
    at: float
    body: bytes = b""
    error_type: str | None = None
    exit_code: int = 0


def judge(verdict: Verdict, request_id: str, spec: FunctionSpec) -> tuple[str, str | None, bytes]:
    """Status and error type of the REPORT line, and the payload that the caller gets."""
    if verdict.kind in ("answer", "ready"):
        return "success", None, verdict.body
    if verdict.kind == "error":
        return "success", None, verdict.body
    if verdict.kind == "init-error":
        return "error", verdict.error_type, verdict.body
    if verdict.kind == "timeout":
        message = f"Task timed out after {spec.timeout_s:.2f} seconds"
        return "timeout", None, error_payload(request_id, "Sandbox.Timedout", message)
    if verdict.kind == "memory":
        killed = "Runtime exited with error: signal: killed"
        return "error", "Runtime.OutOfMemory", error_payload(request_id, "Runtime.ExitError", killed)
    if verdict.kind == "extension":
        kind = verdict.error_type or "Extension.Crash"
        return "error", kind, error_payload(request_id, kind, verdict.body.decode())
    if verdict.kind == "entrypoint":
        kind, text = "Runtime.InvalidEntrypoint", verdict.body.decode()
    else:
        kind, text = "Runtime.ExitError", _exit_text(verdict.exit_code)
    return "error", kind, error_payload(request_id, kind, text)


def _exit_text(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    return f"Runtime exited with error: {exit_reason(code)}"


def exit_reason(code: int) -> str:
    """How a process ended, by its exit code (negative: the signal)."""
    if code == 0:
        return "exit code 0"
    if code > 0:
        return f"exit status {code}"
    return f"signal: {SIGNALS.get(-code, f'signal {-code}')}"


# As Go prints them: Lambda's supervisor is a Go program.
SIGNALS = {
    1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 6: "aborted", 7: "bus error",
    8: "floating point exception", 9: "killed", 11: "segmentation fault", 13: "broken pipe",
    14: "alarm clock", 15: "terminated",
}  # fmt: skip


def error_payload(request_id: str, error_type: str, message: str) -> bytes:
    """The error object of what the platform itself has to say."""
    text = f"RequestId: {request_id} Error: {message}"
    return json.dumps({"errorType": error_type, "errorMessage": text}, separators=(",", ":")).encode()
