"""moto's DynamoDB Streams for pollers; and records as AWS makes them, none where an item stays as it was.

moto's UpdateItem makes a new item in two steps, and leaves half an update where the second part is refused:
here it is one change, or none.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import unix_time
from moto.dynamodb.exceptions import StreamAlreadyEnabledException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamRecord as MotoRecord
from moto.dynamodb.models.table import StreamShard, Table

from labkit.localcloud.functions.limits import quota
from labkit.localcloud.sources.mappings.shards import Shard, StreamRecord
from labkit.localcloud.sources.mappings.world import SourceGone, encode

Touched = Callable[[str], None]

_lock = threading.Lock()
_changes: ContextVar[list[tuple[Item | None, Item | None]] | None] = ContextVar("changes", default=None)
_update_item = DynamoDBBackend.update_item
_set_stream_specification = Table.set_stream_specification


def install(touched: Touched) -> None:
    """Teaches moto, once for the process; ``touched`` is told a stream's ARN from any thread."""

    def add(self: StreamShard, old: Item | None, new: Item | None) -> None:
        specification = self.table.stream_specification or {}
        if not specification.get("StreamEnabled") or (old is not None and new is not None and old == new):
            return
        if (waiting := _changes.get()) is not None:
            waiting.append((old, new))
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

    DynamoDBBackend.update_item = _whole_update  # type: ignore[method-assign]
    Table.set_stream_specification = set_stream_specification  # type: ignore[method-assign]
    StreamShard.add = add  # type: ignore[method-assign]
    DynamoDBBackend.update_table_streams = update_table_streams  # type: ignore[method-assign]


def _whole_update(
    self: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **more: Any
) -> Item:
    """UpdateItem as one change with one record in the stream."""
    table = self.get_table(table_name)
    before = copy.deepcopy(_item(table, key))
    changes: list[tuple[Item | None, Item | None]] = []
    if more.get("attribute_updates", ...) is None:  # an update of nothing makes an item with its key
        more["attribute_updates"] = {}
    token = _changes.set(changes)
    try:
        after: Item = _update_item(self, table_name, key, *rest, **more)
    except Exception:
        _put_back(table, key, before)
        raise
    finally:
        _changes.reset(token)
    if changes and table.stream_shard is not None:
        table.stream_shard.add(before, after)
    return after


def _place(table: Table, key: dict[str, Any]) -> tuple[Any, DynamoType] | None:
    """The dictionary that holds an item, and its key there; None for a key that is not the table's."""
    if {table.hash_key_attr, table.range_key_attr or table.hash_key_attr} != key.keys():
        return None
    held, own = table.items, DynamoType(key[table.hash_key_attr])
    if table.range_key_attr is None:
        return held, own
    return held[own], DynamoType(key[table.range_key_attr])


def _item(table: Table, key: dict[str, Any]) -> Item | None:
    place = _place(table, key)
    return None if place is None else place[0].get(place[1])


def _put_back(table: Table, key: dict[str, Any], before: Item | None) -> None:
    if (place := _place(table, key)) is None:
        return
    held, own = place
    if before is None:
        held.pop(own, None)
    else:
        held[own] = before


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
