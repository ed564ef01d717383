"""A published message, and the forms in which subscribers get it. Pure.

Source: SNS Developer Guide, "Parsing message formats" and "Fanout to Lambda functions".
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Nobody here can sign for Amazon: what stands for the signature has its length and cannot be verified.
_SIGNATURE = base64.b64encode(secrets.token_bytes(256)).decode()
_CERTIFICATE = f"SimpleNotificationService-{secrets.token_hex(16)}.pem"


@dataclass(frozen=True, slots=True)
class Published:
    """One message on a topic.

    Attributes:
        bodies: the text by protocol, with ``default`` for the others.
        attributes: name to ``{"Type": ..., "Value": ...}``; binary values are base64 text.
        group_id, deduplication_id, sequence_number: only on FIFO topics.
        signature_version: as the topic wants it, ``1`` or ``2``.
    """

    id: str
    topic_arn: str
    bodies: Mapping[str, str]
    subject: str | None
    attributes: Mapping[str, Mapping[str, Any]]
    time_s: float
    trace_header: str | None = None
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    signature_version: str = "1"

    @property
    def region(self) -> str:
        return self.topic_arn.split(":")[3]

    def text(self, protocol: str) -> str:
        """The message as this protocol's subscribers get it."""
        return self.bodies.get(protocol, self.bodies["default"])

    def filterable(self) -> dict[str, Any]:
        """The attributes as filter policies see them: numbers and arrays as such, nothing binary."""
        values = {name: _value(attribute) for name, attribute in self.attributes.items()}
        return {name: value for name, value in values.items() if value is not None}

    def document(self, protocol: str) -> dict[str, Any] | None:
        """The message as filter policies on its body see it; None when it is no JSON object."""
        try:
            document = json.loads(self.text(protocol))
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None


def lambda_event(message: Published, subscription_arn: str) -> str:
    """The event of a function; some names are written in another way than for queues."""
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": message.id,
            "TopicArn": message.topic_arn,
            "Subject": message.subject,
            "Message": message.text("lambda"),
            "Timestamp": _iso(message.time_s),
            "SignatureVersion": message.signature_version,
            "Signature": _SIGNATURE,
            "SigningCertUrl": _certificate_url(message),
            "UnsubscribeUrl": _unsubscribe_url(message, subscription_arn),
            "MessageAttributes": dict(message.attributes),
        },
    }
    return json.dumps({"Records": [record]}, separators=(",", ":"))


def envelope(message: Published, subscription_arn: str) -> str:
    """What a queue gets unless the subscription wants raw messages."""
    described = {
        "Type": "Notification",
        "MessageId": message.id,
        "SequenceNumber": message.sequence_number,
        "TopicArn": message.topic_arn,
        "Subject": message.subject,
        "Message": message.text("sqs"),
        "Timestamp": _iso(message.time_s),
        "SignatureVersion": message.signature_version,
        "Signature": _SIGNATURE,
        "SigningCertURL": _certificate_url(message),
        "UnsubscribeURL": _unsubscribe_url(message, subscription_arn),
        "MessageAttributes": dict(message.attributes) or None,
    }
    given = {name: value for name, value in described.items() if value is not None}
    return json.dumps(given, indent=2, separators=(",", " : "))


def raw_attributes(message: Published) -> dict[str, dict[str, Any]]:
    """Message attributes as moto's queues keep them; raw messages carry them on."""
    return {name: _raw(attribute) for name, attribute in message.attributes.items()}


def _raw(attribute: Mapping[str, Any]) -> dict[str, Any]:
    if str(attribute["Type"]).startswith("Binary"):
        return {"DataType": attribute["Type"], "BinaryValue": base64.b64decode(attribute["Value"])}
    return {"DataType": attribute["Type"], "StringValue": str(attribute["Value"])}


def _value(attribute: Mapping[str, Any]) -> Any:
    kind, value = str(attribute["Type"]), attribute["Value"]
    try:
        if kind.startswith("Number"):
            return json.loads(str(value))
        if kind == "String.Array":
            return json.loads(str(value))
    except ValueError:
        return None
    return None if kind.startswith("Binary") else value


def _certificate_url(message: Published) -> str:
    return f"https://sns.{message.region}.amazonaws.com/{_CERTIFICATE}"


def _unsubscribe_url(message: Published, subscription_arn: str) -> str:
    place = f"https://sns.{message.region}.amazonaws.com/"
    return f"{place}?Action=Unsubscribe&SubscriptionArn={subscription_arn}"


def _iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
