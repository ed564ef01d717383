"""Kinds of targets that only EventBridge and its Scheduler deliver to: log groups, streams, buses.

Each asks the permission first; moto's state is touched in its own threads.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import replace

from labkit.localcloud import lessons
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.eventbridge.events import Event, from_envelope
from labkit.localcloud.sources.targets import Message, NotDelivered, Role, Sender, Targets

Publish = Callable[[Event], None]


class Kinds:
    """Sends to log groups, streams and buses."""

    def __init__(self, targets: Targets, moto: MotoHost, clock: LessonClock, publish: Publish) -> None:
        self._targets, self._moto, self._clock, self._publish = targets, moto, clock, publish
        targets.register("logs", self._log_group)
        targets.register("kinesis", self._stream)
        targets.register("events", self._bus)

    async def _log_group(self, sender: Sender, arn: str, message: Message) -> None:
        group_arn, region = arn.removesuffix(":*"), arn.split(":")[3]
        name, stream = group_arn.split(":log-group:")[1], str(uuid.uuid4())
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            await self._targets.permit(sender, action, f"{group_arn}:log-stream:{stream}")

        def write() -> None:
            backend = lessons.backend("logs", ACCOUNT_ID, region)
            if name not in backend.groups:
                raise NotDelivered("ResourceNotFoundException", f"There is no log group {name}")
            backend.create_log_stream(name, stream)
            event = {"timestamp": self._clock.now_ms(), "message": message.body}
            backend.put_log_events(name, stream, [event])

        await self._moto.run(write)

    async def _stream(self, sender: Sender, arn: str, message: Message) -> None:
        await self._targets.permit(sender, "kinesis:PutRecord", arn)
        region, name = arn.split(":")[3], arn.rpartition("/")[2]
        key = str(message.options.get("PartitionKey") or uuid.uuid4())[:256]
        data = base64.b64encode(message.body.encode()).decode()

        def put() -> None:
            backend = lessons.backend("kinesis", ACCOUNT_ID, region)
            if name not in backend.streams:
                raise NotDelivered("ResourceNotFoundException", f"There is no stream {name}")
            backend.put_record(arn, name, key, "", data)

        await self._moto.run(put)

    async def _bus(self, sender: Sender, arn: str, message: Message) -> None:
        """The body is a whole event; with ``Source`` and ``DetailType`` among the options, a detail.

        AWS services put their own events on the default bus unasked; a role has to be allowed to.
        """
        if isinstance(sender, Role):
            await self._targets.permit(sender, "events:PutEvents", arn)
        region, bus, now = arn.split(":")[3], arn.rpartition("/")[2], self._clock.now()
        if "DetailType" in message.options:
            source, kind = message.options["Source"], message.options["DetailType"]
            event = Event(region, source, kind, json.loads(message.body), now, now)
        else:
            event = from_envelope(json.loads(message.body), now)
        self._publish(replace(event, region=region, bus=bus, trace_header=message.trace_header))
