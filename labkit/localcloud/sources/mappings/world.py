"""What pollers work with: the clock, moto's threads, permissions, and the functions that they invoke."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.mapping_state import EventSourceMapping
from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.telemetry.metrics import LambdaMetrics
from labkit.runtime.spec import FunctionSpec, Outcome

# How long a poller waits after a throttle or a refusal; AWS backs off too and names no figures.
RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    """Everything around a poller.

    Attributes:
        refused: ``(role_arn, action, resource)``: why a role may not, or None. Any thread.
        resolve: what a function's ARN runs; raises ServiceError.
        invoke: ``(function_arn, payload, trace_header, request_id)``; raises ServiceError.
        deliver: ``(spec, target_arn, body, key)``: sends with the function's role; ``key`` is for buckets.
    """

    clock: LessonClock
    moto: MotoHost
    metrics: LambdaMetrics
    refused: Callable[[str, str, str], str | None]
    resolve: Callable[[str], Resolved]
    invoke: Callable[[str, bytes, str | None, str], Awaitable[Outcome]]
    deliver: Callable[[FunctionSpec, str, str, str], Awaitable[None]]


class Refused(Exception):
    """The function's role may not read the source any more."""


class SourceGone(Exception):
    """The queue or stream does not exist any more."""


def problem(trouble: Exception, mapping: EventSourceMapping) -> str:
    """What LastProcessingResult says; what should not happen goes to the cloud's log as well."""
    match trouble:
        case Refused():
            return f"PROBLEM: {trouble}"
        case SourceGone():
            return f"PROBLEM: {mapping.source_arn} does not exist"
        case ServiceError():
            return f"PROBLEM: {trouble.message}"
    log.error("event source mapping %s failed", mapping.uuid, exc_info=trouble)
    return "PROBLEM: Internal error of the local cloud; its log says more"


def final(trouble: Exception) -> bool:
    """Whether a poller may rest until source or function are made anew: one of them does not exist."""
    missing = isinstance(trouble, ServiceError) and trouble.code == "ResourceNotFoundException"
    return missing or isinstance(trouble, SourceGone)


def event(records: Sequence[Mapping[str, Any]]) -> bytes:
    """The event of a batch."""
    return encode({"Records": records})


def encode(document: Any) -> bytes:
    """Compact JSON; binary values as base64 text."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")
