"""PutBucketNotificationConfiguration: what is wrong with it, before it takes the place of the old one.

Works on the dictionary that moto keeps. Source of the sentences: S3's answers, S3 User Guide "Supported event
types and destinations".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

from moto.s3.exceptions import InvalidArgumentError, InvalidNotificationEvent, MalformedXML, S3ClientError
from moto.s3.notifications import S3NotificationEvent

from labkit.localcloud.functions.errors import NOT_HERE

Configuration = dict[str, Any]
KINDS = {"CloudFunction": "lambda", "Queue": "sqs", "Topic": "sns"}
_ARNS = {
    "CloudFunction": re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?"),
    "Queue": re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]+"),
    "Topic": re.compile(r"arn:aws:sns:[a-z0-9-]+:\d{12}:[\w.-]+"),
}
# What nothing in this cloud ever does to an object.
_NEVER = (
    "s3:Replication:", "s3:LifecycleTransition", "s3:LifecycleExpiration:", "s3:IntelligentTiering",
    "s3:ObjectRestore:Delete",
)  # fmt: skip


class Entry(NamedTuple):
    """One destination with its events and filter."""

    kind: str
    arn: str
    events: list[str]
    rules: dict[str, str]


def read(body: str | bytes) -> Configuration:
    """The configuration in moto's form, with its events and filters checked; empty when there is none.

    Raises:
        S3ClientError: it is no such document, or has something in it that S3 refuses.
    """
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        raise MalformedXML() from None
    if _tag(root) != "NotificationConfiguration":
        raise MalformedXML()
    found: Configuration = {}
    for kind in KINDS:
        if given := [_entry(kind, node) for node in _children(root, f"{kind}Configuration")]:
            found[f"{kind}Configuration"] = given
    if _children(root, "EventBridgeConfiguration"):
        found["EventBridgeConfiguration"] = {}
    _require_distinct(found)
    return found


def entries(configuration: Configuration) -> Iterator[Entry]:
    """All destinations of a configuration."""
    for kind in KINDS:
        for item in configuration.get(f"{kind}Configuration", ()):
            rules = item.get("Filter", {}).get("S3Key", {}).get("FilterRule", [])
            yield Entry(kind, item[kind], item["Event"], {rule["Name"]: rule["Value"] for rule in rules})


def check_places(configuration: Configuration, region: str) -> None:
    """Each destination is an ARN of its kind, in the bucket's Region.

    Raises:
        S3ClientError: one is not.
    """
    for entry in entries(configuration):
        if _ARNS[entry.kind].fullmatch(entry.arn) is None:
            raise InvalidArgumentError("The ARN is not well formed", "ARN", entry.arn)
        if entry.arn.split(":")[3] != region:
            message = (
                "The notification destination service region is not valid for the bucket location constraint"
            )
            raise InvalidArgumentError(message, "ARN", entry.arn)


def unusable(arn: str, why: str) -> S3ClientError:
    """S3 may not, or cannot, deliver to a destination; ``why`` is in the answer's ArgumentValue."""
    return InvalidArgumentError("Unable to validate the following destination configurations", arn, why)


def _entry(kind: str, node: ElementTree.Element) -> dict[str, Any]:
    arns, events = _texts(node, kind), _texts(node, "Event")
    if len(arns) != 1 or not events:
        raise MalformedXML()
    for event in events:
        if not S3NotificationEvent.is_event_valid(event):
            raise InvalidNotificationEvent(event)
        if event.startswith(_NEVER):
            message = f"The event {event} is {NOT_HERE}: nothing here replicates, moves or expires objects."
            raise InvalidArgumentError(message, "Event", event)
    entry: dict[str, Any] = {"Id": "".join(_texts(node, "Id")), kind: arns[0], "Event": events}
    if rules := _rules(node):
        entry["Filter"] = {"S3Key": {"FilterRule": rules}}
    return entry


def _rules(node: ElementTree.Element) -> list[dict[str, str]]:
    rules: list[dict[str, str]] = []
    filters = [key for each in _children(node, "Filter") for key in _children(each, "S3Key")]
    for rule in (rule for each in filters for rule in _children(each, "FilterRule")):
        name, value = "".join(_texts(rule, "Name")).lower(), "".join(_texts(rule, "Value"))
        if name not in ("prefix", "suffix"):
            message = "filter rule name must be either prefix or suffix"
            raise InvalidArgumentError(message, "FilterRule.Name", name)
        if any(known["Name"] == name for known in rules):
            message = f"Cannot specify more than one {name} rule in a filter."
            raise InvalidArgumentError(message, "FilterRule.Name", name)
        rules.append({"Name": name, "Value": value})
    return rules


def _require_distinct(configuration: Configuration) -> None:
    """No object may come under two entries for the same event; ids are unique."""
    ids = [
        item["Id"] for kind in KINDS for item in configuration.get(f"{kind}Configuration", ()) if item["Id"]
    ]
    if len(ids) > len(set(ids)):
        raise InvalidArgumentError(
            "Same ID used for multiple configurations. IDs must be unique.", "Id", ids[-1]
        )
    for one, other in itertools.combinations(entries(configuration), 2):
        if not _common_event(one.events, other.events) or not _overlap(one.rules, other.rules):
            continue
        if not one.rules and not other.rules:
            message = (
                "Configurations overlap. Configurations on the same bucket cannot share a common event type."
            )
        else:
            message = (
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
                "if the prefixes are overlapping for the same event type."
            )
        raise InvalidArgumentError(message, "Event", ", ".join(one.events))


def _common_event(some: list[str], others: list[str]) -> bool:
    return any(_covers(one, other) or _covers(other, one) for one in some for other in others)


def _covers(one: str, other: str) -> bool:
    return one == other or (one.endswith("*") and other.startswith(one[:-1]))


def _overlap(one: dict[str, str], other: dict[str, str]) -> bool:
    starts = one.get("prefix", ""), other.get("prefix", "")
    ends = one.get("suffix", ""), other.get("suffix", "")
    return (starts[0].startswith(starts[1]) or starts[1].startswith(starts[0])) and (
        ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])
    )


def _children(node: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in node if _tag(child) == name]


def _texts(node: ElementTree.Element, name: str) -> list[str]:
    return [child.text or "" for child in _children(node, name)]


def _tag(node: ElementTree.Element) -> str:
    """The name without its namespace, which not every client writes."""
    return str(node.tag).rpartition("}")[2]
