"""moto's DynamoDB Streams for pollers; and records as AWS makes them, none where an item stays as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import unix_time
from moto.dynamodb.exceptions import StreamAlreadyEnabledException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import StreamRecord as MotoRecord
from moto.dynamodb.models.table import StreamShard, Table

from labkit.localcloud.functions.limits import quota
from labkit.localcloud.sources.mappings.shards import Shard, StreamRecord
from labkit.localcloud.sources.mappings.world import SourceGone, encode

Touched = Callable[[str], None]

_lock = threading.Lock()
_set_stream_specification = Table.set_stream_specification


def install(touched: Touched) -> None:
    """Teaches moto, once for the process; ``touched`` is told a stream's ARN from any thread."""

    def add(self: StreamShard, old: Item | None, new: Item | None) -> None:
        specification = self.table.stream_specification or {}
        if not specification.get("StreamEnabled") or (old is not None and new is not None and old == new):
            return
        name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        with _lock:
            sequence = self.starting_sequence_number + len(self.items)
            view = specification["StreamViewType"]
            made = MotoRecord(self.table, view, name, old, new, sequence)
            _complete(made.record, self.table, old, new)
            self.items.append(made)
        touched(_arn(self.table))

    def update_table_streams(
        self: DynamoDBBackend, table: Table, stream_specification: dict[str, Any]
    ) -> None:
        wanted = stream_specification.get("StreamEnabled") or stream_specification.get("StreamViewType")
        if wanted and (table.stream_specification or {}).get("StreamEnabled"):
            raise StreamAlreadyEnabledException
        before = _arn(table)
        table.set_stream_specification(stream_specification)
        touched(before)

    def set_stream_specification(self: Table, streams: dict[str, Any] | None) -> None:
        _set_stream_specification(self, streams)
        if self.stream_specification and self.stream_specification.get("StreamEnabled"):
            now = datetime.fromtimestamp(unix_time(), UTC).replace(tzinfo=None)
            self.latest_stream_label = now.isoformat(timespec="milliseconds")  # moto's has microseconds

    Table.set_stream_specification = set_stream_specification  # type: ignore[method-assign]
    StreamShard.add = add  # type: ignore[method-assign]
    DynamoDBBackend.update_table_streams = update_table_streams  # type: ignore[method-assign]


def _arn(table: Table) -> str:
    return f"{table.table_arn}/stream/{table.latest_stream_label}"


def _complete(record: dict[str, Any], table: Table, old: Item | None, new: Item | None) -> None:
    """moto says us-east-1 of every record, and measures its own JSON instead of keys and images."""
    record["awsRegion"], record["eventVersion"] = table.region_name, "1.1"
    change = record["dynamodb"]
    item = old if old is not None else new
    assert item is not None
    size = sum(len(key) + item.attrs[key].size() for key in change["Keys"])
    size += old.size() if old is not None and "OldImage" in change else 0
    size += new.size() if new is not None and "NewImage" in change else 0
    change["SizeBytes"] = size


class DynamoDbStream:
    """The stream of a table. moto has one shard in it."""

    action = "dynamodb:GetRecords"

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def shards(self) -> list[Shard]:
        return [Shard(self._shard().id)]

    def retention_s(self) -> float:
        return float(quota("dynamodb_stream_retention_s"))

    def start(self, shard_id: str, position: str, timestamp_s: float | None) -> int:
        shard = self._shard()
        return shard.starting_sequence_number - 1 + (len(shard.items) if position == "LATEST" else 0)

    def read(self, shard_id: str, after: int, count: int, role_arn: str) -> list[StreamRecord]:
        shard = self._shard()
        first = after + 1 - shard.starting_sequence_number
        oldest = unix_time() - self.retention_s()
        found: list[StreamRecord] = []
        for place in range(first, len(shard.items)):
            if len(found) >= count:
                break
            item = shard.items[place]
            if unix_time(item.record["dynamodb"]["ApproximateCreationDateTime"]) >= oldest:
                found.append(self._read(shard.table, item.record))
        return found

    def _shard(self) -> StreamShard:
        """The shard, as long as the stream is this one and not one that was enabled later."""
        _, _, _, region, account, resource = self._arn.split(":", 5)
        table = dynamodb_backends[account][region].tables.get(resource.split("/")[1])
        if table is None or table.stream_shard is None or _arn(table) != self._arn:
            raise SourceGone(self._arn)
        return table.stream_shard

    def _read(self, table: Table, record: dict[str, Any]) -> StreamRecord:
        change = record["dynamodb"]
        arrived = unix_time(change["ApproximateCreationDateTime"])
        images = {name: change[name] for name in ("Keys", "NewImage", "OldImage") if name in change}
        event = {
            "eventID": record["eventID"],
            "eventName": record["eventName"],
            "eventVersion": record["eventVersion"],
            "eventSource": record["eventSource"],
            "awsRegion": record["awsRegion"],
            "dynamodb": {
                "ApproximateCreationDateTime": int(arrived),
                **images,
                "SequenceNumber": change["SequenceNumber"],
                "SizeBytes": change["SizeBytes"],
                "StreamViewType": change["StreamViewType"],
            },
            "eventSourceARN": self._arn,
        }
        key = str(change["Keys"][table.hash_key_attr])
        return StreamRecord(int(change["SequenceNumber"]), key, arrived, event, len(encode(event)))
