"""moto's queues for pollers: what touches a queue wakes them; FIFO queues remember; and all of it is quick.

moto's queues are not made for several threads: a message sent while another one is deleted could get lost.
Here one lock holds all of SQS.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import moto.sqs.models
from moto.core.utils import unix_time, unix_time_millis
from moto.sqs.models import DEDUPLICATION_TIME_IN_SECONDS, Message, Queue, SQSBackend, sqs_backends

from labkit.localcloud import origin
from labkit.localcloud.sources.sqs import requests

Touched = Callable[[str], None]

LOCK = threading.RLock()
_tell: list[Touched] = []
_LONG_POLL_TURN_S = 1.0


class _Sent(NamedTuple):
    """A message that a FIFO queue has taken."""

    time_ms: float
    message_id: str
    sequence_number: str


_deduplicated: WeakKeyDictionary[Queue, dict[tuple[str | None, str | None], _Sent]] = WeakKeyDictionary()
_sequence = itertools.count(18_850_000_000_000_000_000, 256)  # of FIFO queues: 20 digits that grow

_add_message = Queue.add_message
_receive = SQSBackend.receive_message
_originals: dict[str, Any] = {
    name: getattr(SQSBackend, name)
    for name in ("delete_message", "change_message_visibility", "purge_queue", "delete_queue")
}


def install(touched: Touched) -> None:
    """Teaches moto, once for the process; ``touched`` is told a queue's ARN from any thread."""
    _tell[:] = [touched]

    def add_message(self: Queue, message: Message) -> None:
        with LOCK:
            if self.fifo_queue and not message.approximate_receive_count:
                message.sequence_number = str(next(_sequence))
                if _is_repeated(self, message):
                    return
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
            with LOCK:
                answer = _originals[name](self, queue_name, *args, **options)
            touched(_arn(self, queue_name))
            return answer

        return call

    _make_quick()
    requests.install()
    Queue.add_message = add_message  # type: ignore[method-assign]
    SQSBackend.receive_message = receive_message  # type: ignore[method-assign]
    for name in _originals:
        setattr(SQSBackend, name, held(name))


def _is_repeated(queue: Queue, message: Message) -> bool:
    """Whether a FIFO queue has had this deduplication id in the last minutes; moto forgets what is gone.

    A repeated message gets id and sequence number of the first one, which is what its sender is told.
    """
    per_group = queue.deduplication_scope == "messageGroup"  # type: ignore[attr-defined]
    key = message.deduplication_id, message.group_id if per_group else None
    now_ms = unix_time_millis()
    known = _deduplicated.setdefault(queue, {})
    kept_ms = DEDUPLICATION_TIME_IN_SECONDS * 1000
    for old in [each for each, sent in known.items() if now_ms - sent.time_ms >= kept_ms]:
        del known[old]
    if (first := known.get(key)) is not None:
        message.id, message.sequence_number = first.message_id, first.sequence_number
        return True
    known[key] = _Sent(now_ms, message.id, str(message.sequence_number))
    return False


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
        if is_expired(self.queues[queue_name], message, unix_time_millis()):
            self.queues[queue_name].delete_message(message.receipt_handle)  # type: ignore[arg-type]
            return False
        return True

    moto.sqs.models.generate_receipt_handle = new_receipt_handle  # type: ignore[attr-defined]
    Queue.messages = property(visible)  # type: ignore[assignment, method-assign]
    Queue.approximate_number_of_messages_not_visible = property(hidden)  # type: ignore[assignment, method-assign]
    Queue.approximate_number_of_messages_delayed = property(delayed)  # type: ignore[assignment, method-assign]
    SQSBackend.is_message_valid_based_on_retention_period = is_kept  # type: ignore[method-assign]


def new_receipt_handle() -> str:
    """As long as AWS's, and quicker than moto's."""
    return "AQEB" + secrets.token_urlsafe(135)


def is_expired(queue: Queue, message: Message, now_ms: float) -> bool:
    """Whether a message is older than its queue keeps it."""
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
        with LOCK:
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


def changed(queue: Queue) -> None:
    """Tells all pollers of a queue that it has changed."""
    for touched in _tell:
        touched(queue.queue_arn)
