"""What the runtime is told about a function and an invocation, and what it answers. Data only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class FunctionSpec:
    """One version of a function, frozen: all that an execution environment needs to run it.

    Attributes:
        arn: unqualified function ARN.
        version: ``"$LATEST"`` or the version number as text.
        revision: changes with every change of code or configuration; environments of an older
            revision finish what they run and are then replaced.
        environment: the learner's variables, validated (no reserved names).
        code_dir: the unpacked deployment package; becomes ``/var/task``.
        layer_dirs: unpacked layers in the order given; merged into ``/opt``, later ones win.
        log_format: ``"Text"`` or ``"JSON"``.
        tracing_mode: ``"PassThrough"`` or ``"Active"``.
    """

    arn: str
    name: str
    version: str
    revision: str
    runtime: str
    handler: str
    role_arn: str
    region: str
    account_id: str
    code_dir: Path
    layer_dirs: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 128
    timeout_s: int = 3
    ephemeral_storage_mb: int = 512
    architecture: str = "x86_64"
    log_group: str = ""
    log_format: str = "Text"
    application_log_level: str | None = None
    system_log_level: str | None = None
    tracing_mode: str = "PassThrough"

    @property
    def key(self) -> tuple[str, str]:
        """Identifies the version of a function among all functions of the cloud."""
        return self.arn, self.version


@dataclass(frozen=True)
class Invocation:
    """One request to run a function. ``payload`` is the event as JSON bytes.

    ``trace_header`` is what the handler gets; ``segment_id`` what REPORT names when the header is sampled.
    """

    request_id: str
    payload: bytes
    invoked_arn: str
    client_context: str | None = None
    trace_header: str | None = None
    segment_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one invocation.

    Attributes:
        payload: the answer, or the error object, as bytes.
        function_error: ``"Unhandled"`` when the function failed, else None.
        log_tail: the log of this invocation (INIT_START through REPORT), at most its last 4,096 bytes.
        duration_ms, billed_ms, max_memory_mb: as in the REPORT line. ``init_ms`` only for a cold start.
        log_stream: the stream of the environment that ran it.
        status: ``"success"``, ``"error"`` or ``"timeout"``.
        answered_at: when the function was done (``time.perf_counter``).
        extensions_ms: how long extensions ran on after the runtime; None without extensions.
    """

    payload: bytes
    function_error: str | None
    log_tail: bytes
    duration_ms: float
    billed_ms: int
    max_memory_mb: int
    log_stream: str
    init_ms: float | None = None
    status: str = "success"
    error_type: str | None = None
    answered_at: float = 0.0
    extensions_ms: float | None = None


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of an execution role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class LogSink(Protocol):
    """Takes finished log events: ``(timestamp_ms since the epoch, message)``, in order."""

    def __call__(self, spec: FunctionSpec, stream: str, events: Sequence[tuple[int, str]]) -> None: ...


CredentialsSource = Callable[[FunctionSpec], Credentials]
InvokeFunction = Callable[[FunctionSpec, Invocation], Awaitable[Outcome]]
