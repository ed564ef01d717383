"""A function as the audit sees it: everything that was read, as plain data. Knows no cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from labkit.reports import Report

# Services that call a function and wait for its answer; the others in a resource policy send events.
WAITING = (
    "apigateway.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "cognito-idp.amazonaws.com",
    "lex.amazonaws.com",
    "lexv2.amazonaws.com",
    "bedrock.amazonaws.com",
    "alexa-appkit.amazon.com",
    "function URL",
)


@dataclass(frozen=True)
class Hidden:
    """Something that could not be read.

    Attributes:
        reading: what would have been looked at, such as ``log``.
        permission: the API action that it needs.
        reason: what the cloud said.
    """

    reading: str
    permission: str
    reason: str

    def __str__(self) -> str:
        return f"not looked at: {self.reading} (needs {self.permission}). {self.reason}"


@dataclass(frozen=True)
class Source:
    """An event source mapping, with what its queue says if it is a queue.

    Attributes:
        settings: as GetEventSourceMapping has them.
        queue: attributes of the queue; None for streams, and where they could not be read.
    """

    settings: Mapping[str, Any]
    queue: Mapping[str, str] | None = None

    @property
    def arn(self) -> str:
        """Of the queue or stream."""
        return str(self.settings.get("EventSourceArn", ""))

    @property
    def service(self) -> str:
        """``sqs``, ``dynamodb``, ``kinesis``, or another one."""
        return self.arn.split(":")[2] if self.arn.count(":") > 2 else ""

    @property
    def name(self) -> str:
        """What people call the source: the queue or the table."""
        last = self.arn.split(":", 5)[-1]
        return last.split("/")[1] if "/" in last else last.rpartition(":")[2]


@dataclass(frozen=True)
class Subject:
    """One function, with all that the pitfalls are about.

    Attributes:
        configuration: as GetFunctionConfiguration has it.
        versions: the same of its published versions.
        files: path -> content of its package; None where it could not be read.
        reports: of invocations that are in its log.
        callers: service principals that its resource policies let in, and ``function URL``.
        asynchronous: whether CloudWatch has seen asynchronous events for it.
        sources: its event source mappings.
        on_failure: ARNs of the dead-letter queue and on-failure destinations of asynchronous events.
        retries: of asynchronous events; None where it is not set.
        alarms: names of alarms that watch its errors.
        provisioned: environments that provisioned concurrency keeps.
        may_invoke: patterns of functions that its role may invoke.
        hidden: what could not be read.
    """

    name: str
    region: str
    configuration: Mapping[str, Any]
    versions: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, bytes] | None = field(default=None, repr=False)
    reports: tuple[Report, ...] = field(default=(), repr=False)
    callers: frozenset[str] = frozenset()
    asynchronous: bool = False
    sources: tuple[Source, ...] = ()
    on_failure: tuple[str, ...] = ()
    retries: int | None = None
    alarms: tuple[str, ...] = ()
    provisioned: int = 0
    may_invoke: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()

    @property
    def memory_mb(self) -> int:
        """The memory setting."""
        return int(self.configuration.get("MemorySize", 128))

    @property
    def architecture(self) -> str:
        """``x86_64`` or ``arm64``."""
        return str((self.configuration.get("Architectures") or ["x86_64"])[0])

    @property
    def handler(self) -> str:
        """The Handler setting; empty for container images."""
        return str(self.configuration.get("Handler", ""))

    @property
    def waited_for(self) -> tuple[str, ...]:
        """Who calls it and waits for the answer."""
        return tuple(sorted(self.callers.intersection(WAITING)))

    @property
    def told(self) -> tuple[str, ...]:
        """Services that send it events and do not wait."""
        return tuple(sorted(self.callers.difference(WAITING)))

    @property
    def billed_ms(self) -> float | None:
        """Mean Billed Duration of the invocations in its log."""
        return fmean(one.billed_ms for one in self.reports) if self.reports else None
