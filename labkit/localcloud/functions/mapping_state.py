"""What the Lambda service remembers of an event source mapping, and what its pollers offer. Data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal["sqs", "dynamodb", "kinesis"]
State = Literal["Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating", "Deleting"]

NO_RECORDS, OK, CALL_FAILED = "No records processed", "OK", "PROBLEM: Function call failed"


@dataclass(frozen=True)
class MappingSettings:
    """What a caller may set and change. -1 is without limit.

    Attributes:
        filters: event patterns as JSON text; a record that fits one of them is let through.
        maximum_concurrency: of a queue's invocations, or None.
        parallelization, maximum_age_s, maximum_retries, bisect, on_failure_arn: for streams only.
    """

    function_arn: str
    batch_size: int
    window_s: int = 0
    filters: tuple[str, ...] = ()
    report_failures: bool = False
    maximum_concurrency: int | None = None
    parallelization: int = 1
    maximum_age_s: int = -1
    maximum_retries: int = -1
    bisect: bool = False
    on_failure_arn: str | None = None


@dataclass
class EventSourceMapping:
    """One mapping. Replaced settings take effect when ``state`` is Enabled again.

    Attributes:
        starting_position: TRIM_HORIZON, LATEST or AT_TIMESTAMP; None for queues.
        last_result: what became of the last batch, as ``LastProcessingResult``; None when there was none.
    """

    uuid: str
    arn: str
    source_arn: str
    settings: MappingSettings
    state: State
    enabled: bool
    last_modified: datetime
    starting_position: str | None = None
    starting_timestamp: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)
    last_result: str | None = None

    @property
    def kind(self) -> Kind:
        return kind_of(self.source_arn)

    @property
    def region(self) -> str:
        return self.source_arn.split(":")[3]


def kind_of(source_arn: str) -> Kind:
    """The kind of event source behind an ARN that was checked."""
    kind: Kind = source_arn.split(":")[2]  # type: ignore[assignment]
    return kind


@dataclass(frozen=True)
class EventSource:
    """A queue or stream as it is now; a stream has no visibility timeout."""

    visibility_timeout_s: int | None = None


class Pollers(Protocol):
    """Whoever reads the sources. All of it is called on the event loop's thread."""

    async def find(self, source_arn: str) -> EventSource | None:
        """The source as it is now; None when there is none."""

    async def open(self, mapping: EventSourceMapping) -> None:
        """A new mapping: remembers where it starts to read."""

    def follow(self, mapping: EventSourceMapping) -> None:
        """Reads the source, or stops, as state and settings say from now on."""

    def close(self, mapping: EventSourceMapping, ended: Callable[[], None]) -> None:
        """The mapping is deleted; ``ended`` is called when its last batch has ended."""
