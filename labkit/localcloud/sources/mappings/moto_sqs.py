"""moto's queues for pollers: what touches a queue wakes them, and a whole batch is taken or deleted at once.

moto's queues are not made for several threads: a message sent while another one is deleted could get lost.
Here one lock holds all of SQS.
"""

from __future__ import annotations

import base64
import itertools
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import moto.sqs.models
from moto.core.utils import unix_time, unix_time_millis
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from labkit.localcloud import origin

Touched = Callable[[str], None]

_lock = threading.RLock()
_LONG_POLL_TURN_S = 1.0
# What a record adds to its body: ids, receipt handle, attributes, punctuation.
_RECORD_BYTES = 1100

_sequence = itertools.count(18_850_000_000_000_000_000, 256)  # of FIFO queues: 20 digits that grow

_add_message = Queue.add_message
_receive = SQSBackend.receive_message
_originals: dict[str, Any] = {
    name: getattr(SQSBackend, name)
    for name in ("delete_message", "change_message_visibility", "purge_queue", "delete_queue")
}


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


def install(touched: Touched) -> None:
    """Teaches moto, once for the process; ``touched`` is told a queue's ARN from any thread."""

    def add_message(self: Queue, message: Message) -> None:
        with _lock:
            if self.fifo_queue and not message.approximate_receive_count:
                message.sequence_number = str(next(_sequence))
            if "AWSTraceHeader" not in message.system_attributes and (trace := origin.trace_header()):
                # SDKs inside functions send the header with the request instead.
                message.system_attributes["AWSTraceHeader"] = {"DataType": "String", "StringValue": trace}
            mappings, self.lambda_event_source_mappings = self.lambda_event_source_mappings, {}
            _add_message(self, message)  # without moto's own, inline delivery
            self.lambda_event_source_mappings = mappings
        touched(self.queue_arn)

    def receive_message(self: SQSBackend, queue_name: str, *args: Any, **options: Any) -> list[Message]:
        found = _long_poll(self, queue_name, *args, **options)
        touched(_arn(self, queue_name))  # what is invisible now will become visible again
        return found

    def held(name: str) -> Callable[..., Any]:
        def call(self: SQSBackend, queue_name: str, *args: Any, **options: Any) -> Any:
            with _lock:
                answer = _originals[name](self, queue_name, *args, **options)
            touched(_arn(self, queue_name))
            return answer

        return call

    _make_quick()
    Queue.add_message = add_message  # type: ignore[method-assign]
    SQSBackend.receive_message = receive_message  # type: ignore[method-assign]
    for name in _originals:
        setattr(SQSBackend, name, held(name))


def _make_quick() -> None:
    """moto asks for the time twice for every message, and counts all messages for every one received."""

    def visible(self: Queue) -> list[Message]:
        now_ms = unix_time_millis()
        return [each for each in self._messages if each.visible_at < now_ms >= each.delayed_until]

    def hidden(self: Queue) -> int:
        now_ms = unix_time_millis()
        return sum(each.visible_at >= now_ms for each in self._messages)

    def delayed(self: Queue) -> int:
        now_ms = unix_time_millis()
        return sum(each.delayed_until > now_ms for each in self._messages)

    def is_kept(self: SQSBackend, queue_name: str, message: Message) -> bool:
        if _expired(self.queues[queue_name], message, unix_time_millis()):
            self.queues[queue_name].delete_message(message.receipt_handle)  # type: ignore[arg-type]
            return False
        return True

    moto.sqs.models.generate_receipt_handle = _receipt_handle  # type: ignore[attr-defined]
    Queue.messages = property(visible)  # type: ignore[assignment, method-assign]
    Queue.approximate_number_of_messages_not_visible = property(hidden)  # type: ignore[assignment, method-assign]
    Queue.approximate_number_of_messages_delayed = property(delayed)  # type: ignore[assignment, method-assign]
    SQSBackend.is_message_valid_based_on_retention_period = is_kept  # type: ignore[method-assign]


def _receipt_handle() -> str:
    return "AQEB" + secrets.token_urlsafe(135)


def _expired(queue: Queue, message: Message, now_ms: float) -> bool:
    kept_ms = int(queue.message_retention_period) * 1000  # type: ignore[attr-defined]
    return now_ms - float(message.sent_timestamp or now_ms) > kept_ms


def _arn(backend: SQSBackend, queue_name: str) -> str:
    return f"arn:aws:sqs:{backend.region_name}:{backend.account_id}:{queue_name}"


def _long_poll(
    backend: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    """As moto does it, but waiting holds no lock."""
    end = unix_time() + wait_seconds_timeout
    while True:
        with _lock:
            found = _receive(backend, queue_name, count, 0, visibility_timeout, message_attribute_names)
        left = end - unix_time()
        if found or left <= 0:
            return found
        arrived = backend.get_queue(queue_name)._messages_lock
        with arrived:
            arrived.wait(min(left, _LONG_POLL_TURN_S))


def find(queue_arn: str) -> Queue | None:
    """The queue behind an ARN."""
    _, _, _, region, account, name = queue_arn.split(":")
    return sqs_backends[account][region].queues.get(name)


def take(queue: Queue, count: int, room_bytes: int) -> Taken:
    """Receives up to ``count`` messages that fit into ``room_bytes``, hidden for the queue's own timeout.

    Messages that were received too often go to the dead-letter queue, as ReceiveMessage does it.
    """
    with _lock:
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
    policy = queue.redrive_policy if queue.dead_letter_queue is not None else None
    most = int(policy["maxReceiveCount"]) if policy else None
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
        if _expired(queue, message, now_ms):
            gone.append(message)
        elif queue.fifo_queue and message.group_id in busy:
            continue
        elif most is not None and message.approximate_receive_count >= most:
            gone.append(message)
            queue.dead_letter_queue.add_message(message)  # type: ignore[union-attr]
        elif (room_bytes := room_bytes - len(message.body.encode()) - _RECORD_BYTES) < 0:
            more = True
            break
        else:
            chosen.append(message)
    if gone:
        queue._messages = [message for message in queue._messages if message not in gone]
    return chosen, more


def _mark(message: Message, now_ms: float, until_ms: float) -> None:
    message.approximate_first_receive_timestamp = message.approximate_first_receive_timestamp or int(now_ms)
    message.approximate_receive_count += 1
    message.visible_at = until_ms
    message._old_receipt_handles.append(message.receipt_handle)  # type: ignore[arg-type]
    message.receipt_handle = _receipt_handle()


def _next_at(queue: Queue) -> float | None:
    with _lock:
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
    with _lock:
        done = [message for message in queue._messages if message.receipt_handle in handles]
        for message in done:
            queue._pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)  # type: ignore[arg-type]
        gone = set(map(id, done))
        queue._messages = [message for message in queue._messages if id(message) not in gone]


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
