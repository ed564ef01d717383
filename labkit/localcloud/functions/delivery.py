"""Delivers what became of an event, with the function's own role: a missing permission shows as on AWS."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from labkit.runtime.spec import CredentialsSource, FunctionSpec

log = logging.getLogger(__name__)
Attributes = dict[str, tuple[str, str]]


class Delivery:
    """Sends records to destinations and events to dead-letter targets through the cloud's own front.

    ``failed`` is told the metric that AWS would count when a delivery is refused.
    """

    def __init__(
        self, endpoint: str, credentials: CredentialsSource, failed: Callable[[FunctionSpec, str], None]
    ) -> None:
        self._endpoint, self._credentials, self._failed = endpoint, credentials, failed
        self._session = botocore.session.Session()

    async def record(
        self,
        spec: FunctionSpec,
        target: str,
        record: dict[str, Any],
        success: bool,
        trace_header: str | None = None,
    ) -> None:
        """Sends an invocation record to a destination (queue, topic, function, bus or bucket).

        ``trace_header`` goes along, so that a chain of destinations that bites its tail is noticed.
        """
        body = json.dumps(record, separators=(",", ":"))
        service = target.split(":")[2]
        calls: dict[str, Callable[[Any], object]] = {
            "sqs": lambda sqs: sqs.send_message(
                QueueUrl=_queue_url(self._endpoint, target), MessageBody=body
            ),
            "sns": lambda sns: sns.publish(TopicArn=target, Message=body),
            "lambda": lambda client: client.invoke(
                FunctionName=target, InvocationType="Event", Payload=body.encode()
            ),
            "events": lambda events: events.put_events(Entries=[_bus_entry(target, record, body, success)]),
            "s3": lambda s3: s3.put_object(
                Bucket=target.split(":::")[1], Key=_object_key(spec, record), Body=body.encode()
            ),
        }
        await self._send(spec, service, calls[service], "DestinationDeliveryFailures", trace_header)

    async def failed_batch(self, spec: FunctionSpec, target: str, body: str, key: str) -> None:
        """Sends the record of a batch that was given up; ``key`` is its name in a bucket."""
        calls: dict[str, Callable[[Any], object]] = {
            "sqs": lambda sqs: sqs.send_message(
                QueueUrl=_queue_url(self._endpoint, target), MessageBody=body
            ),
            "sns": lambda sns: sns.publish(TopicArn=target, Message=body),
            "s3": lambda s3: s3.put_object(Bucket=target.split(":::")[1], Key=key, Body=body.encode()),
        }
        service = target.split(":")[2]
        await self._send(spec, service, calls[service], "DestinationDeliveryFailures")

    async def dead_letter(
        self,
        spec: FunctionSpec,
        target: str,
        payload: bytes,
        attributes: Attributes,
        trace_header: str | None = None,
    ) -> None:
        """Sends the original event to a dead-letter queue or topic, with its three attributes."""
        body = payload.decode()
        values = {
            name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()
        }
        calls: dict[str, Callable[[Any], object]] = {
            "sqs": lambda sqs: sqs.send_message(
                QueueUrl=_queue_url(self._endpoint, target), MessageBody=body, MessageAttributes=values
            ),
            "sns": lambda sns: sns.publish(TopicArn=target, Message=body, MessageAttributes=values),
        }
        service = target.split(":")[2]
        await self._send(spec, service, calls[service], "DeadLetterErrors", trace_header)

    async def _send(
        self,
        spec: FunctionSpec,
        service: str,
        call: Callable[[Any], object],
        metric: str,
        trace_header: str | None = None,
    ) -> None:
        def send() -> None:
            client = self._client(spec, service)
            if trace_header is not None:
                client.meta.events.register("before-call", partial(_add_trace, trace_header))
            call(client)

        try:
            await asyncio.to_thread(send)
        except (ClientError, BotoCoreError) as error:
            log.warning("%s: %s of %s: %s", metric, service, spec.name, error)
            self._failed(spec, metric)

    def _client(self, spec: FunctionSpec, service: str) -> Any:
        credentials = self._credentials(spec)
        return self._session.create_client(
            service,
            region_name=spec.region,
            endpoint_url=self._endpoint,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=Config(retries={"max_attempts": 2}),
        )


def _add_trace(trace_header: str, params: dict[str, Any], **_: Any) -> None:
    params["headers"]["X-Amzn-Trace-Id"] = trace_header


def _queue_url(endpoint: str, arn: str) -> str:
    _, _, _, _, account, name = arn.split(":")
    return f"{endpoint}/{account}/{name}"


def _bus_entry(bus_arn: str, record: dict[str, Any], body: str, success: bool) -> dict[str, Any]:
    result = "Success" if success else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {result}",
        "Resources": [bus_arn, record["requestContext"]["functionArn"]],
        "Detail": body,
        "EventBusName": bus_arn,
    }


def _object_key(spec: FunctionSpec, record: dict[str, Any]) -> str:
    moment = record["timestamp"]
    day = moment[:10].replace("-", "/")
    return f"aws/lambda/async/{spec.name}/{day}/{moment}-{record['requestContext']['requestId']}"
