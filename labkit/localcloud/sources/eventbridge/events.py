"""Events as buses carry them: the envelope, and what PutEvents makes of its entries. Knows no rule."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.timetables import iso

Envelope = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event on one bus.

    Attributes:
        time_s: when it happened, in seconds since the epoch.
        ingested_s: when the bus received it.
        replay: the name of the replay that sends it again.
    """

    region: str
    source: str
    detail_type: str
    detail: Mapping[str, Any]
    time_s: float
    ingested_s: float
    resources: tuple[str, ...] = ()
    bus: str = "default"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    trace_header: str | None = None
    replay: str | None = None

    def envelope(self) -> Envelope:
        """What rules match and targets receive, in AWS's own order."""
        envelope: Envelope = {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": ACCOUNT_ID,
            "time": iso(self.time_s),
            "region": self.region,
            "resources": list(self.resources),
            "detail": self.detail,
        }
        if self.replay is not None:
            envelope["replay-name"] = self.replay
        return envelope


def from_envelope(envelope: Envelope, now_s: float) -> Event:
    """The event that ``Event.envelope`` was made of, received now."""
    return Event(
        envelope["region"],
        envelope["source"],
        envelope["detail-type"],
        envelope["detail"],
        time_s=datetime.fromisoformat(envelope["time"]).timestamp(),
        ingested_s=now_s,
        resources=tuple(envelope["resources"]),
        id=envelope["id"],
    )


class BadEntry(Exception):
    """An entry of PutEvents that is refused, by itself. ``code`` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def size_bytes(entry: Mapping[str, Any]) -> int:
    """An entry's size as AWS counts it: 14 bytes for the time, then the UTF-8 bytes of the texts."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")]
    texts += entry.get("Resources") or []
    return (14 if entry.get("Time") is not None else 0) + sum(len(str(text).encode()) for text in texts)


def from_entry(region: str, entry: Mapping[str, Any], now_s: float, trace_header: str | None) -> Event:
    """The event of one entry of PutEvents.

    Raises:
        BadEntry: something is missing or malformed.
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise BadEntry(
                "InvalidArgument",
                f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            )
    if entry["Source"].startswith("aws."):
        raise BadEntry("NotAuthorizedForSource", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        raise BadEntry("MalformedDetail", "Detail is malformed.")
    return Event(
        region,
        entry["Source"],
        entry["DetailType"],
        detail,
        time_s=now_s if entry.get("Time") is None else float(entry["Time"]),
        ingested_s=now_s,
        resources=tuple(entry.get("Resources") or ()),
        bus=(entry.get("EventBusName") or "default").rpartition("/")[2],
        trace_header=entry.get("TraceHeader") or trace_header,
    )
