"""Holds requests to SNS against the service's rules for ARNs, sizes and batches, before moto reads them.

Source: SNS API reference and the service's answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSException, SNSInvalidParameter
from moto.sns.responses import SNSResponse

from labkit.localcloud.functions.limits import quota

_NAMED = {  # operations and the ARN that they must name
    "get_topic_attributes": "TopicArn",
    "set_topic_attributes": "TopicArn",
    "delete_topic": "TopicArn",
    "list_subscriptions_by_topic": "TopicArn",
    "subscribe": "TopicArn",
    "publish_batch": "TopicArn",
    "add_permission": "TopicArn",
    "remove_permission": "TopicArn",
    "unsubscribe": "SubscriptionArn",
    "get_subscription_attributes": "SubscriptionArn",
    "set_subscription_attributes": "SubscriptionArn",
}
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_PREFIX = re.compile(r"An error occurred \(\w+\) when calling the \w+ operation: ")
_TOO_LONG = "Invalid parameter: Message too long"


def install() -> None:
    """Replaces moto's methods, once for the process, after all others that do."""
    for operation, parameter in _NAMED.items():
        setattr(SNSResponse, operation, _naming(getattr(SNSResponse, operation), parameter))
    SNSResponse.publish_batch = _batch(SNSResponse.publish_batch)  # type: ignore[method-assign, assignment]
    SNSResponse.publish = _single(SNSResponse.publish)  # type: ignore[method-assign, assignment]


def check_arn(arn: str | None, parameter: str, region: str) -> None:
    """An ARN of a topic or a subscription in this Region.

    Raises:
        SNSInvalidParameter: it is none.
    """
    if not arn:
        raise SNSInvalidParameter(f"Invalid parameter: {parameter} Reason: no value for required parameter")
    parts = arn.split(":")
    if len(parts) < 6:
        reason = f"An ARN must have at least 6 elements, not {len(parts)}"
        raise SNSInvalidParameter(f"Invalid parameter: {parameter} Reason: {reason}")
    if parts[2] != "sns" or parts[3] != region:
        raise SNSInvalidParameter(f"Invalid parameter: {parameter}")


def _naming(answer: Callable[[Any], ActionResult], parameter: str) -> Callable[[Any], ActionResult]:
    @wraps(answer)
    def checked(self: SNSResponse) -> ActionResult:
        check_arn(self._get_param(parameter), parameter, self.region)
        return answer(self)

    return checked


def _single(answer: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    @wraps(answer)
    def checked(self: SNSResponse) -> ActionResult:
        topic, target, phone = (self._get_param(name) for name in ("TopicArn", "TargetArn", "PhoneNumber"))
        if not phone:
            if topic and target:
                raise SNSInvalidParameter(
                    "Invalid parameter: TopicArn Reason: Both TopicArn and TargetArn specified"
                )
            check_arn(topic or target, "TopicArn or TargetArn" if not topic else "TopicArn", self.region)
        subject = self._get_param("Subject")
        if subject is not None and _SUBJECT.fullmatch(subject) is None:
            raise SNSInvalidParameter("Invalid parameter: Subject")
        if _size(self._get_param("Message"), self._get_param("MessageAttributes") or {}) > _most():
            raise SNSInvalidParameter(_TOO_LONG)
        try:
            return answer(self)
        except SNSException as problem:
            problem.message = _PREFIX.sub("Invalid parameter: ", str(problem.message))
            raise

    return checked


def _batch(answer: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    @wraps(answer)
    def checked(self: SNSResponse) -> ActionResult:
        entries: list[dict[str, Any]] = self._get_param("PublishBatchRequestEntries") or []
        if not entries:
            raise SNSException("EmptyBatchRequest", "The batch request doesn't contain any entries.")
        _check_ids(entry["Id"] for entry in entries)
        size = sum(_size(entry.get("Message"), entry.get("MessageAttributes") or {}) for entry in entries)
        if size > _most():
            raise SNSException(
                "BatchRequestTooLong", "The length of all the messages put together is more than the limit."
            )
        return answer(self)

    return checked


def _check_ids(ids: Iterable[str]) -> None:
    for each in ids:
        if not re.fullmatch(r"[\w-]{1,80}", each, re.ASCII):
            raise SNSException(
                "InvalidBatchEntryId", f"The Id of a batch entry in a batch request is invalid: {each}"
            )


def _size(message: str | None, attributes: dict[str, Any]) -> int:
    size = len((message or "").encode("utf-8", "surrogatepass"))
    for name, attribute in attributes.items():
        value = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
        parts = (name, str(attribute.get("DataType", "")), value)
        size += sum(len(part.encode() if isinstance(part, str) else part) for part in parts)
    return size


def _most() -> int:
    return quota("sns_message_max_bytes")
