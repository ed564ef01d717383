"""Subscription filters of CloudWatch Logs: what matches reaches a function a moment later, compressed.

Source: CloudWatch Logs User Guide, "Log group-level subscription filters", and the API's own sentences.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from moto.logs.exceptions import InvalidParameterException, LimitExceededException, ResourceNotFoundException
from moto.logs.models import LogsBackend, LogStream, SubscriptionFilter

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.retries import GivenUp, Retrying, RetryPolicy
from labkit.localcloud.sources.targets import Message, NotDelivered, Service, Targets
from labkit.localcloud.telemetry import patterns
from labkit.localcloud.telemetry.store import Metric, Stores

PRINCIPAL = "logs.amazonaws.com"
FILTERS_MAX = 2
GATHER_S = 0.1  # what comes together goes together
BATCH_MAX_BYTES = 700_000  # of messages: well below the largest event when nothing compresses
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:([\w-]+)(:[\w$-]+)?")
_NO_PERMISSION = (
    "Could not execute the lambda function. "
    "Make sure you have given CloudWatch Logs permission to execute your function."
)
log = logging.getLogger(__name__)

Event = dict[str, Any]


class _Lane(NamedTuple):
    """Where a batch comes from and goes to."""

    region: str
    group: str
    stream: str
    filter: str
    destination: str

    @property
    def group_arn(self) -> str:
        """As it stands in permissions: with the colon and the star."""
        return f"arn:aws:logs:{self.region}:{ACCOUNT_ID}:log-group:{self.group}:*"


class LogSubscriptions:
    """Subscriptions of all log groups."""

    def __init__(self, targets: Targets, guard: Guard, stores: Stores, clock: LessonClock) -> None:
        self._targets, self._guard, self._stores, self._clock = targets, guard, stores, clock
        self._gathered: dict[_Lane, list[Event]] = {}
        # Functions' logs come from the event loop, PutLogEvents from moto's threads.
        self._lock = threading.Lock()

    def install(self) -> None:
        """Teaches moto, once for the process."""

        def put(
            backend: LogsBackend,
            log_group_name: str,
            filter_name: str,
            filter_pattern: str,
            destination_arn: str,
            role_arn: str,
        ) -> None:
            self._put(backend, log_group_name, filter_name, filter_pattern, destination_arn)

        def send(
            stream: LogStream, service: str, destination_arn: str, filter_name: str, log_events: list[Event]
        ) -> None:
            self._take(stream, filter_name, destination_arn, log_events)

        LogsBackend.put_subscription_filter = put  # type: ignore[method-assign, assignment]
        LogStream._send_log_events = send  # type: ignore[method-assign, assignment]

    def _put(self, backend: LogsBackend, group_name: str, name: str, pattern: str, destination: str) -> None:
        group = backend.groups.get(group_name)
        if group is None:
            raise ResourceNotFoundException()
        try:
            patterns.parse(pattern)
        except patterns.InvalidParameterException as problem:
            raise InvalidParameterException(str(problem)) from None
        self._check_destination(_Lane(backend.region_name, group_name, "", name, destination))
        present = group.subscription_filters.get(name)
        if present is not None:
            present.update(pattern, destination, "")
        elif len(group.subscription_filters) >= FILTERS_MAX:
            raise LimitExceededException()
        else:
            group.subscription_filters[name] = SubscriptionFilter(name, group_name, pattern, destination, "")

    def _check_destination(self, lane: _Lane) -> None:
        """A function of this Region that lets this group in, and that does not write into it.

        Raises:
            InvalidParameterException: with AWS's sentence.
        """
        service = lane.destination.split(":")[2] if lane.destination.count(":") >= 5 else ""
        if service in ("kinesis", "firehose", "logs"):
            raise InvalidParameterException(
                f"A destination of {service} is {NOT_HERE}. Subscribe a Lambda function, "
                "which can send on what it gets."
            )
        named = _FUNCTION.fullmatch(lane.destination)
        if named is None:
            raise InvalidParameterException("destinationArn is not a valid ARN")
        if lane.destination.split(":")[3] != lane.region:
            raise InvalidParameterException("destinationArn for vendor lambda must be in the same region")
        if lane.group == f"/aws/lambda/{named[1]}":
            raise InvalidParameterException(
                "The log group provided is reserved for the function logs of the destination function."
            )
        arn = (PRINCIPAL, "lambda:InvokeFunction", lane.destination, lane.group_arn, ACCOUNT_ID)
        if self._guard.service_refused(*arn) is not None:
            raise InvalidParameterException(_NO_PERMISSION)

    def _take(self, stream: LogStream, name: str, destination: str, events: list[Event]) -> None:
        subscription = stream.log_group.subscription_filters.get(name)
        wanted = patterns.parse(subscription.filter_pattern if subscription else "")
        fitting = [_with_fields(event, wanted) for event in events if wanted.matches(event["message"])]
        if not fitting:
            return
        lane = _Lane(stream.region, stream.log_group.name, stream.log_stream_name, name, destination)
        with self._lock:
            waiting = lane in self._gathered
            self._gathered.setdefault(lane, []).extend(fitting)
        if not waiting:
            self._targets.soon(lambda: self._deliver(lane))

    async def _deliver(self, lane: _Lane) -> None:
        await asyncio.sleep(GATHER_S)
        with self._lock:
            events = self._gathered.pop(lane)
        for batch in _batches(events):
            await self._send(lane, batch)

    async def _send(self, lane: _Lane, batch: list[Event]) -> None:
        body = await asyncio.to_thread(_event, lane, batch)

        async def send() -> None:
            await self._targets.send(Service(PRINCIPAL, lane.group_arn), lane.destination, Message(body))
            self._count(lane, "ForwardedLogEvents", len(batch))

        def failed(refusal: NotDelivered) -> None:
            self._count(lane, "DeliveryErrors", 1)

        async def lost(end: GivenUp) -> None:
            log.warning("%d log events of %s are lost: %s", len(batch), lane.group, end.refusal)

        await Retrying(self._clock, RetryPolicy.of(None), send, failed, lost).attempt()

    def _count(self, lane: _Lane, name: str, value: int) -> None:
        pairs = (("DestinationType", "Lambda"), ("FilterName", lane.filter), ("LogGroupName", lane.group))
        self._stores[lane.region].put(Metric("AWS/Logs", name, pairs), self._clock.now(), value, "Count")


def _with_fields(event: Event, pattern: patterns.Pattern) -> Event:
    """A space-delimited pattern hands over what it found in the event."""
    fields = patterns.extracted(pattern, event["message"])
    return event if fields is None else {**event, "extractedFields": fields}


def _batches(events: list[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    size = 0
    for event in events:
        length = len(event["message"].encode())
        if batch and size + length > BATCH_MAX_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    yield batch


def _event(lane: _Lane, events: list[Event]) -> str:
    """The function's event: JSON, compressed, in base64."""
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT_ID,
        "logGroup": lane.group,
        "logStream": lane.stream,
        "subscriptionFilters": [lane.filter],
        "logEvents": [{**event, "id": str(event["id"]).zfill(56)} for event in events],
    }
    data = base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()
    return json.dumps({"awslogs": {"data": data}})
