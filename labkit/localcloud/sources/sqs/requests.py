"""Teaches moto's SQS to check what is asked, in the service's own words.

Source: Amazon SQS API reference and its answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
    MissingParameter,
    QueueAlreadyExists,
    SQSException,
)
from moto.sqs.models import Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from labkit.localcloud.functions.limits import quota

RANGES = {  # of attributes that are numbers
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, quota("sqs_message_max_bytes")),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
_CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_SETTABLE = {*RANGES, *_CHOICES, "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"}
_ATTRIBUTES_MAX = 10
_TYPES = ("String", "Number", "Binary")
# What XML 1.0 has no place for.
_NO_TEXT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WRONG_TYPE = "The request include parameter that is not valid for this queue type"
_create = SQSBackend.create_queue
_set_attributes = SQSBackend.set_queue_attributes
_answers: dict[str, Callable[[SQSResponse], ActionResult]] = {
    name: getattr(SQSResponse, name)
    for name in ("send_message", "send_message_batch", "receive_message", "list_queues")
}


def install() -> None:
    """Replaces moto's methods, once for the process."""
    SQSBackend.create_queue = _checked_create  # type: ignore[method-assign]
    SQSBackend.set_queue_attributes = _checked_attributes  # type: ignore[method-assign]
    SQSResponse.send_message = _checked_send  # type: ignore[method-assign]
    SQSResponse.send_message_batch = _checked_batch  # type: ignore[method-assign]
    SQSResponse.receive_message = _checked_receive  # type: ignore[method-assign]
    SQSResponse.list_queues = _checked_list  # type: ignore[method-assign]


def _invalid(value: Any, parameter: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def _checked_create(
    self: SQSBackend, name: str, tags: dict[str, str] | None = None, **attributes: Any
) -> Queue:
    fifo = name.endswith(".fifo")
    if fifo and attributes.get("FifoQueue") != "true":
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    known = self.queues.get(name)
    _check_attributes(self, {key: value for key, value in attributes.items() if key != "FifoQueue"}, fifo)
    for key, value in attributes.items() if known is not None else ():
        if key in RANGES and str(known.attributes.get(key)) != str(value):  # type: ignore[union-attr]
            raise QueueAlreadyExists(
                f"A queue already exists with the same name and a different value for attribute {key}"
            )
    made: Queue = _create(self, name, tags, **attributes)
    if known is None:  # whole seconds, as on AWS
        made.created_timestamp = int(made.created_timestamp)
        made.last_modified_timestamp = int(made.last_modified_timestamp)
    return made


def _checked_attributes(self: SQSBackend, queue_name: str, attributes: dict[str, Any]) -> Queue:
    if not attributes:
        raise MissingParameter("Attribute.Name")
    queue = self.get_queue(queue_name)
    _check_attributes(self, attributes, queue.fifo_queue)
    changed: Queue = _set_attributes(self, queue_name, attributes)
    return changed


def _check_attributes(backend: SQSBackend, attributes: Mapping[str, Any], fifo: bool) -> None:
    for name, value in attributes.items():
        if name not in _SETTABLE or (name in _FIFO_ONLY and not fifo):
            raise InvalidAttributeName(name)
        if name in RANGES:
            least, most = RANGES[name]
            if not re.fullmatch(r"\d+", str(value)) or not least <= int(value) <= most:
                raise InvalidAttributeValue(name)
        elif name in _CHOICES and str(value).lower() not in [each.lower() for each in _CHOICES[name]]:
            raise InvalidAttributeValue(name)
        elif name in ("RedrivePolicy", "RedriveAllowPolicy") and value:
            document = _json_map(name, value)
            if name == "RedrivePolicy":
                _check_redrive(backend, document, value, fifo)


def _json_map(name: str, value: Any) -> dict[str, Any]:
    kind = "Redrive policy" if name == "RedrivePolicy" else "Redrive allow policy"
    try:
        document = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _invalid(value, name, f"{kind} is not a valid JSON map.")
    return document


def _check_redrive(backend: SQSBackend, policy: Mapping[str, Any], text: Any, fifo: bool) -> None:
    for key in ("deadLetterTargetArn", "maxReceiveCount"):
        if key not in policy:
            reason = f"Redrive policy does not contain mandatory attribute: {key}."
            raise _invalid(text, "RedrivePolicy", reason)
    count = str(policy["maxReceiveCount"])
    if not count.isdecimal() or not 1 <= int(count) <= 1_000:
        raise _invalid(text, "RedrivePolicy", "Invalid value for maxReceiveCount: it must be 1 to 1000.")
    name = str(policy["deadLetterTargetArn"]).rpartition(":")[2]
    target = backend.queues.get(name)
    if target is None:
        raise _invalid(text, "RedrivePolicy", "Dead letter target does not exist.")
    if target.fifo_queue != fifo:
        kind = "FIFO" if fifo else "standard"
        reason = f"Dead-letter queue must be same type of queue as the source: {kind}."
        raise _invalid(text, "RedrivePolicy", reason)


def _checked_send(self: SQSResponse) -> ActionResult:
    queue = self.sqs_backend.get_queue(self._get_queue_name())
    _check_message(queue, _Given(self._get_param))
    return _answers["send_message"](self)


def _checked_batch(self: SQSResponse) -> ActionResult:
    """Entries that break a rule fail, as on AWS; the others are sent."""
    queue = self.sqs_backend.get_queue(self._get_queue_name())
    entries = self._get_param("Entries", [])
    if sum(_size(_Given(entry.get)) for entry in entries) > quota("sqs_message_max_bytes"):
        return _answers["send_message_batch"](self)  # which says how long it is
    good, failed = [], []
    for entry in entries:
        try:
            _check_message(queue, _Given(entry.get))
            good.append(entry)
        except SQSException as problem:
            failed.append(
                {"Id": entry["Id"], "SenderFault": True, "Code": problem.code, "Message": problem.message}
            )
    if not failed:
        return _answers["send_message_batch"](self)
    if not good:
        return ActionResult({"Successful": [], "Failed": failed})
    self.params = {**self.params, "Entries": good}
    answer: Any = _answers["send_message_batch"](self)
    return ActionResult({**answer.result, "Failed": [*answer.result["Failed"], *failed]})


class _Given:
    """The parameters of one message, in a request of its own or in a batch."""

    def __init__(self, get: Callable[[str], Any]) -> None:
        self.body = get("MessageBody")
        self.attributes: Mapping[str, Any] = get("MessageAttributes") or {}
        self.group_id, self.deduplication_id = get("MessageGroupId"), get("MessageDeduplicationId")


def _check_message(queue: Queue, given: _Given) -> None:
    if not given.body:
        raise MissingParameter("MessageBody")
    if (wrong := _NO_TEXT.search(given.body)) is not None:
        raise SQSException(
            "InvalidMessageContents",
            f"Invalid binary character '#x{ord(wrong[0]):X}' was found in the message body, the set of "
            "allowed characters is #x9 | #xA | #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | "
            "[#x10000 to #x10FFFF]",
        )
    if given.deduplication_id is not None and not queue.fifo_queue:
        raise _invalid(given.deduplication_id, "MessageDeduplicationId", _WRONG_TYPE)
    for name, value in (
        ("MessageGroupId", given.group_id),
        ("MessageDeduplicationId", given.deduplication_id),
    ):
        if value is not None and not re.fullmatch(r"[!-~]{1,128}", value):
            raise _invalid(
                value,
                name,
                f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
            )
    _check_message_attributes(given.attributes)
    limit = int(queue.maximum_message_size)  # type: ignore[attr-defined]
    if _size(given) > limit:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )


def _check_message_attributes(attributes: Mapping[str, Any]) -> None:
    if len(attributes) > _ATTRIBUTES_MAX:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{_ATTRIBUTES_MAX}]."
        )
    for name, attribute in attributes.items():
        if re.match(r"(?i)(aws|amazon)\.", name):
            raise InvalidParameterValue(
                "Message (user) attribute names cannot start with 'AWS.' or 'Amazon.'."
            )
        kind = str(attribute.get("DataType", "")).partition(".")[0]
        value = attribute.get("BinaryValue" if kind == "Binary" else "StringValue")
        if kind in _TYPES and not value:
            raise InvalidParameterValue(
                f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            )
        if kind == "Number" and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", str(value)):
            raise InvalidParameterValue(
                f"Can't cast the value of message (user) attribute '{name}' to a number."
            )


def _size(given: _Given) -> int:
    """Body and attributes count, in bytes."""
    size = len(str(given.body or "").encode("utf-8", "surrogatepass"))
    for name, attribute in given.attributes.items():
        value = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
        parts = (name, str(attribute.get("DataType", "")), value)
        size += sum(len(part.encode() if isinstance(part, str) else part) for part in parts)
    return size


def _checked_receive(self: SQSResponse) -> ActionResult:
    self.sqs_backend.get_queue(self._get_queue_name())
    for name, least, most in (
        ("MaxNumberOfMessages", 1, 10),
        ("WaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ):
        value = self._get_param(name)
        if value is not None and not least <= int(value) <= most:
            raise _invalid(value, name, f"Must be between {least} and {most}, if provided.")
    return _answers["receive_message"](self)


def _checked_list(self: SQSResponse) -> ActionResult:
    value = self._get_param("MaxResults")
    if value is not None and not 1 <= int(value) <= 1_000:
        raise _invalid(value, "MaxResults", "Must be between 1 and 1000, if provided.")
    return _answers["list_queues"](self)
