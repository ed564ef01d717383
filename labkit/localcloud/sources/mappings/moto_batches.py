"""Batches out of moto's queues: a whole batch is taken or deleted at once, in one pass over the queue."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import Message, Queue

from labkit.localcloud.sources.mappings.moto_sqs import LOCK, changed, find, is_expired, new_receipt_handle

# What a record adds to its body: ids, receipt handle, attributes, punctuation.
_RECORD_BYTES = 1100


@dataclass(frozen=True)
class Taken:
    """Messages that were received together, as records of the event.

    Attributes:
        until: when they become visible again, in seconds since the epoch.
        more: there are further messages, but they are too many or too large for this batch.
        next_at: when the next message appears that is hidden or delayed now; None when there is none.
        trace_header: of the first message that has one.
    """

    records: list[dict[str, Any]]
    until: float
    more: bool
    next_at: float | None
    trace_header: str | None


def take(queue: Queue, count: int, room_bytes: int) -> Taken:
    """Receives up to ``count`` messages that fit into ``room_bytes``, hidden for the queue's own timeout.

    Messages that were received too often go to the dead-letter queue, as ReceiveMessage does it.
    """
    with LOCK:
        now_ms = unix_time_millis()
        chosen, more = _choose(queue, count, room_bytes, now_ms)
        until_ms = now_ms + int(queue.visibility_timeout) * 1000  # type: ignore[attr-defined]
        for message in chosen:
            _mark(message, now_ms, until_ms)
            queue._pending_messages.add(message)
        records = [_record(queue, message) for message in chosen]
    traces = (record["attributes"].get("AWSTraceHeader") for record in records)
    trace = next((trace for trace in traces if trace), None)
    return Taken(records, until_ms / 1000, more, None if more else _next_at(queue), trace)


def _choose(queue: Queue, count: int, room_bytes: int, now_ms: float) -> tuple[list[Message], bool]:
    chosen: list[Message] = []
    gone: list[Message] = []
    busy: set[str | None] = set()  # message groups with messages that are out or have to come first
    dead = queue.dead_letter_queue  # one that was deleted takes nothing
    most = None if dead is None or find(dead.queue_arn) is not dead else _receives_max(queue)
    more = False
    for message in queue._messages:
        if len(chosen) >= count:
            more = True
            break
        if message.visible_at >= now_ms or message.delayed_until > now_ms:
            if queue.fifo_queue:
                busy.add(message.group_id)
            continue
        queue._pending_messages.discard(message)
        if is_expired(queue, message, now_ms):
            gone.append(message)
        elif queue.fifo_queue and message.group_id in busy:
            continue
        elif most is not None and message.approximate_receive_count >= most:
            gone.append(message)
            dead.add_message(message)  # type: ignore[union-attr]
        elif (room_bytes := room_bytes - len(message.body.encode()) - _RECORD_BYTES) < 0:
            more = True
            break
        else:
            chosen.append(message)
    if gone:
        ended = set(map(id, gone))
        queue._messages = [message for message in queue._messages if id(message) not in ended]
    return chosen, more


def _receives_max(queue: Queue) -> int | None:
    policy = queue.redrive_policy
    return int(policy["maxReceiveCount"]) if policy else None


def _mark(message: Message, now_ms: float, until_ms: float) -> None:
    message.approximate_first_receive_timestamp = message.approximate_first_receive_timestamp or int(now_ms)
    message.approximate_receive_count += 1
    message.visible_at = until_ms
    message._old_receipt_handles.append(message.receipt_handle)  # type: ignore[arg-type]
    message.receipt_handle = new_receipt_handle()


def _next_at(queue: Queue) -> float | None:
    with LOCK:
        now_ms = unix_time_millis()
        later = [
            hidden_ms
            for message in queue._messages
            if (hidden_ms := max(message.visible_at + 1, message.delayed_until)) > now_ms
        ]
    return min(later) / 1000 if later else None


def delete(queue: Queue, receipt_handles: Iterable[str]) -> None:
    """Deletes messages for good."""
    handles = set(receipt_handles)
    with LOCK:
        done = [message for message in queue._messages if message.receipt_handle in handles]
        for message in done:
            queue._pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)  # type: ignore[arg-type]
        gone = set(map(id, done))
        queue._messages = [message for message in queue._messages if id(message) not in gone]
    if queue.fifo_queue:
        changed(queue)  # their groups may go on, in other mappings too


def _record(queue: Queue, message: Message) -> dict[str, Any]:
    """A record of the event. Source: SQS message event, Lambda Developer Guide, "Using Lambda with SQS"."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "AWSTraceHeader": _trace_header(message),
        "SentTimestamp": str(message.sent_timestamp),
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "SenderId": message.sender_id,
        "MessageDeduplicationId": message.deduplication_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    record = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "messageAttributes": {
            name: _attribute(value) for name, value in (message.message_attributes or {}).items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
    if message.message_attributes:
        record["md5OfMessageAttributes"] = message.attribute_md5
    return record


def _trace_header(message: Message) -> str | None:
    held = (message.system_attributes or {}).get("AWSTraceHeader") or {}
    value = held.get("StringValue") or held.get("string_value")
    return str(value) if value else None


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if value.get("StringValue") is not None:
        shown["stringValue"] = value["StringValue"]
    if (binary := value.get("BinaryValue")) is not None:
        shown["binaryValue"] = base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary
    return {**shown, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
