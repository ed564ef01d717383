"""What streams have in common: shards, records, and where reading starts. Data and one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Shard:
    """One line of records. Its records come after those of its parents; a closed one gets no new ones."""

    id: str
    parents: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True)
class StreamRecord:
    """One record.

    Attributes:
        sequence: grows within a shard.
        key: records of the same key keep their order.
        arrived: seconds since the epoch.
        event: the record as functions get it.
        size_bytes: of the event's JSON.
    """

    sequence: int
    key: str
    arrived: float
    event: dict[str, Any]
    size_bytes: int


class StreamSource(Protocol):
    """A stream; all of it runs in threads of moto's and raises SourceGone when there is none."""

    action: str
    """What the function's role must be allowed to read it with."""

    def shards(self) -> list[Shard]:
        """All shards, parents first."""

    def retention_s(self) -> float:
        """How long records are kept."""

    def start(self, shard_id: str, position: str, timestamp_s: float | None) -> int:
        """The sequence number after which a StartingPosition reads."""

    def read(self, shard_id: str, after: int, count: int, role_arn: str) -> list[StreamRecord]:
        """Up to ``count`` records with higher sequence numbers that are still kept."""
