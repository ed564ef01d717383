"""moto's Kinesis for pollers; and shards that keep their records when they are split or merged, as on AWS."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time
from moto.kinesis.models import KinesisBackend, Record, Stream, kinesis_backends
from moto.kinesis.models import Shard as MotoShard
from moto.kinesis.responses import KinesisResponse
from moto.kinesis.utils import decompose_shard_iterator
from moto.utilities.utils import md5_hash

from labkit.localcloud import contracts
from labkit.localcloud.contracts import refused
from labkit.localcloud.sources.mappings.shards import Shard, StreamRecord
from labkit.localcloud.sources.mappings.world import SourceGone, encode

Touched = Callable[[str], None]

_FIRST_NUMBER, _NUMBERS_OF_A_SHARD = 49_650_000 * 10**48, 10**20
_lock = threading.RLock()
_split_shard = Stream.split_shard
_merge_shards = Stream.merge_shards
_delete_stream = KinesisBackend.delete_stream
_create_stream = KinesisResponse.create_stream
_get_shard_iterator = KinesisResponse.get_shard_iterator
_get_records = KinesisResponse.get_records


def install(touched: Touched) -> None:
    """Teaches moto, once for the process; ``touched`` is told a stream's ARN from any thread."""

    def put_record(self: Stream, partition_key: str, explicit_hash_key: str, data: str) -> tuple[str, str]:
        with _lock:  # without moto's own, inline delivery
            shard = self.get_shard_for_key(partition_key, explicit_hash_key)
            assert shard is not None
            sequence = shard.put_record(partition_key, data, explicit_hash_key)
        touched(self.arn)
        return sequence, shard.shard_id

    def split_shard(self: Stream, shard_to_split: str, new_starting_hash_key: str) -> None:
        with _lock, _Kept(self, shard_to_split):
            _split_shard(self, shard_to_split, new_starting_hash_key)
        touched(self.arn)

    def merge_shards(self: Stream, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        with _lock, _Kept(self, shard_to_merge, adjacent_shard_to_merge):
            _merge_shards(self, shard_to_merge, adjacent_shard_to_merge)
        touched(self.arn)

    def delete_stream(self: KinesisBackend, *args: Any, **options: Any) -> Stream:
        gone = _delete_stream(self, *args, **options)
        touched(gone.arn)
        return gone

    Stream.put_record = put_record  # type: ignore[method-assign]
    MotoShard.get_min_sequence_number = _first_number  # type: ignore[method-assign]
    MotoShard.get_max_sequence_number = _last_number  # type: ignore[method-assign]
    MotoShard.put_record = _put_in_shard  # type: ignore[method-assign]
    Stream.split_shard = split_shard  # type: ignore[method-assign]
    Stream.merge_shards = merge_shards  # type: ignore[method-assign]
    Stream.get_shard_for_key = _open_shard_for_key  # type: ignore[method-assign]
    KinesisBackend.delete_stream = delete_stream  # type: ignore[method-assign]
    KinesisResponse.create_stream = _checked_create  # type: ignore[method-assign]
    KinesisResponse.get_shard_iterator = _checked_iterator  # type: ignore[method-assign]
    KinesisResponse.get_records = _checked_records  # type: ignore[method-assign]
    contracts.install(KinesisResponse, "kinesis", {})


def _base(shard: MotoShard) -> int:
    """Below the first sequence number of a shard: 56 digits, as AWS has them; none is in two shards."""
    return _FIRST_NUMBER + int(shard.shard_id.removeprefix("shardId-")) * _NUMBERS_OF_A_SHARD


def _first_number(self: MotoShard) -> int:
    return next(iter(self.records), _base(self))


def _last_number(self: MotoShard) -> int:
    return next(reversed(self.records), _base(self))


def _put_in_shard(self: MotoShard, partition_key: str, data: str, explicit_hash_key: str) -> str:
    number = _last_number(self) + 1
    self.records[number] = Record(partition_key, data, number, explicit_hash_key)
    return str(number)


def _checked_create(self: KinesisResponse) -> ActionResult:
    on_demand = (self._get_param("StreamModeDetails") or {}).get("StreamMode") == "ON_DEMAND"
    count, name = self._get_param("ShardCount"), self._get_param("StreamName")
    if not on_demand and count is None:
        raise refused("ShardCount is required for a stream in PROVISIONED mode.")
    if on_demand and count is not None:
        raise refused("ShardCount must not be given for a stream in ON_DEMAND mode.")
    if name in self.kinesis_backend.streams:
        message = f"Stream {name} under account {self.current_account} already exists."
        raise refused(message, "ResourceInUseException")
    return _create_stream(self)


def _checked_iterator(self: KinesisResponse) -> ActionResult:
    kind = self._get_param("ShardIteratorType")
    if kind.endswith("SEQUENCE_NUMBER") and not self._get_param("StartingSequenceNumber"):
        raise refused(f"StartingSequenceNumber is required for {kind}.", "InvalidArgumentException")
    if kind == "AT_TIMESTAMP" and self._get_param("Timestamp") is None:
        raise refused(f"Timestamp is required for {kind}.", "InvalidArgumentException")
    return _get_shard_iterator(self)


def _checked_records(self: KinesisResponse) -> ActionResult:
    try:
        decompose_shard_iterator(self._get_param("ShardIterator"))
    except ValueError:  # also what base64 and UTF-8 raise
        raise refused("Invalid ShardIterator.", "InvalidArgumentException") from None
    return _get_records(self)


class _Kept:
    """While shards are split or merged: moto would copy their records to the new ones as new records."""

    def __init__(self, stream: Stream, *shard_ids: str) -> None:
        self._shards = [stream.shards[name] for name in shard_ids if name in stream.shards]
        self._records: list[dict[int, Record]] = []

    def __enter__(self) -> None:
        self._records = [shard.records for shard in self._shards]
        for shard in self._shards:
            shard.records = OrderedDict()

    def __exit__(self, *problem: object) -> None:
        for shard, records in zip(self._shards, self._records, strict=True):
            shard.records = records


_check_and_find = Stream.get_shard_for_key


def _open_shard_for_key(self: Stream, partition_key: str, explicit_hash_key: str) -> MotoShard | None:
    _check_and_find(self, partition_key, explicit_hash_key)  # raises for keys that are none
    key = int(
        explicit_hash_key or md5_hash(partition_key.encode()).hexdigest(), 10 if explicit_hash_key else 16
    )
    for shard in self.shards.values():
        if shard.is_open and shard.starting_hash <= key <= shard.ending_hash:
            return shard
    return None


class KinesisStream:
    """A data stream."""

    action = "kinesis:GetRecords"

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def shards(self) -> list[Shard]:
        found = sorted(self._stream().shards.values(), key=lambda shard: shard.shard_id)
        return [
            Shard(
                shard.shard_id,
                tuple(parent for parent in (shard.parent, shard.adjacent_parent) if parent),
                not shard.is_open,
            )
            for shard in found
        ]

    def retention_s(self) -> float:
        return float(self._stream().retention_period_hours) * 3600

    def start(self, shard_id: str, position: str, timestamp_s: float | None) -> int:
        shard = self._stream().shards[shard_id]
        if position == "LATEST":
            return shard.get_max_sequence_number()
        if position == "AT_TIMESTAMP":
            return max(shard.get_sequence_number_at(timestamp_s or 0.0), _base(shard))
        return _base(shard)

    def read(self, shard_id: str, after: int, count: int, role_arn: str) -> list[StreamRecord]:
        stream = self._stream()
        oldest = unix_time() - self.retention_s()
        records = stream.shards[shard_id].records
        found: list[StreamRecord] = []
        for sequence in itertools.count(after + 1):  # sequence numbers have no gaps here
            record = records.get(sequence)
            if record is None or len(found) >= count:
                break
            if record.created_at >= oldest:
                found.append(self._read(shard_id, record, role_arn))
        return found

    def _stream(self) -> Stream:
        _, _, _, region, account, resource = self._arn.split(":", 5)
        stream = kinesis_backends[account][region].streams.get(resource.removeprefix("stream/"))
        if stream is None:
            raise SourceGone(self._arn)
        return stream

    def _read(self, shard_id: str, record: Record, role_arn: str) -> StreamRecord:
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.partition_key,
                "sequenceNumber": str(record.sequence_number),
                "data": record.data,
                "approximateArrivalTimestamp": round(record.created_at, 3),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record.sequence_number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role_arn,
            "awsRegion": self._arn.split(":")[3],
            "eventSourceARN": self._arn,
        }
        size_bytes = len(encode(event))
        return StreamRecord(
            record.sequence_number, record.partition_key, record.created_at, event, size_bytes
        )
