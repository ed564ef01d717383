"""The one door from an event to its effect: may the sender, then invoke, send, publish.

A sender is a service principal that a resource policy lets in (S3 on a function), or a role that a service
has assumed (a schedule's role). Deliveries belong to the lesson clock: ``advance`` waits for them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.errors import LabError
from labkit.localcloud import lessons, origin
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.invoke import Invocations
from labkit.localcloud.functions.names import Caller
from labkit.localcloud.functions.streamed import Streamed
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.moto_host import MotoHost
from labkit.runtime.spec import Outcome

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """A service acts for a resource: ``s3.amazonaws.com`` for a bucket. Resource policies decide."""

    principal: str
    source_arn: str | None = None
    source_account: str = ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class Role:
    """A service acts with a role that it was given. The role's policies decide."""

    arn: str
    service: str  # e.g. scheduler.amazonaws.com: the trust policy must name it


Sender = Service | Role


@dataclass(frozen=True, slots=True)
class Message:
    """What is delivered.

    Attributes:
        body: JSON text for functions, any text for queues and topics.
        options: what one kind of target needs beyond the body, e.g. ``MessageGroupId`` of a FIFO queue.
    """

    body: str
    trace_header: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class NotDelivered(LabError):
    """A target refused or is gone. ``code`` is AWS's error name; ``retryable``: a later try may succeed."""

    def __init__(self, code: str, message: str, retryable: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retryable = code, message, retryable


Send = Callable[[Sender, str, Message], Awaitable[None]]


class Targets:
    """Delivers to functions, queues and topics; sources add further kinds with ``register``."""

    def __init__(self, guard: Guard, invocations: Invocations, moto: MotoHost, clock: LessonClock) -> None:
        self._guard, self._invocations, self._moto, self._clock = guard, invocations, moto, clock
        self.loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._kinds: dict[str, Send] = {"lambda": self._event, "sqs": self._queue, "sns": self._topic}

    def register(self, service: str, send: Send) -> None:
        """Adds a kind of target, by the service in its ARN. ``send`` asks ``permit`` first."""
        self._kinds[service] = send

    async def send(self, sender: Sender, target_arn: str, message: Message) -> None:
        """Delivers; a function is invoked asynchronously, through its queue with its retries.

        Raises:
            NotDelivered: not permitted, no such target, or throttled.
        """
        parts = target_arn.split(":")
        send = self._kinds.get(parts[2]) if len(parts) > 5 else None
        if send is None:
            raise NotDelivered("InvalidParameterValue", f"The target {target_arn} is not one that works here")
        await send(sender, target_arn, message)

    def soon(self, work: Callable[[], Awaitable[None]]) -> None:
        """From any thread: starts work that delivers; what it raises goes to the cloud's log."""

        async def guarded() -> None:
            try:
                await work()
            except NotDelivered as refusal:
                log.warning("not delivered: %s", refusal)
            except Exception:
                log.exception("a delivery failed")

        if threading.get_ident() == self._thread:  # a clock that advances waits for it from now on
            _ = self._clock.spawn(guarded())
        else:
            self.loop.call_soon_threadsafe(lambda: self._clock.spawn(guarded()))

    async def invoke(
        self,
        function_arn: str,
        payload: bytes,
        trace_header: str | None = None,
        sender: Sender | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        """Invokes a function and waits for its answer, as pollers and APIs do.

        Args:
            function_arn: with a qualifier or without.
            sender: None where no permission of the function is needed (event source mappings).
            request_id: of the invocation; a new one when None.

        Raises:
            NotDelivered: the function's policy does not let the sender.
            ServiceError: no such function, throttled, too large.
        """
        if sender is not None:
            await self.permit(sender, "lambda:InvokeFunction", function_arn)
        return await self._invocations.call(
            function_arn, payload, trace_header, _caller(function_arn, sender), request_id
        )

    async def stream(
        self, function_arn: str, payload: bytes, trace_header: str | None, request_id: str
    ) -> Streamed:
        """Invokes a function and returns when its answer begins, to be read as it is written.

        Raises:
            ServiceError: no such function, throttled, too large.
        """
        caller = _caller(function_arn, None)
        return await self._invocations.call_streaming(function_arn, payload, trace_header, caller, request_id)

    async def permit(self, sender: Sender, action: str, resource: str) -> None:
        """Asks the policies.

        Raises:
            NotDelivered: AccessDeniedException, with AWS's sentence.
        """
        refusal = await asyncio.to_thread(self._refusal, sender, action, resource)
        if refusal is not None:
            raise NotDelivered("AccessDeniedException", refusal)

    def _refusal(self, sender: Sender, action: str, resource: str) -> str | None:
        if isinstance(sender, Service):
            return self._guard.service_refused(
                sender.principal, action, resource, sender.source_arn, sender.source_account
            )
        if not self._guard.can_assume(sender.arn, sender.service):
            return f"The role {sender.arn} does not exist or does not trust {sender.service}"
        return self._guard.role_refused(sender.arn, action, resource)

    async def _event(self, sender: Sender, arn: str, message: Message) -> None:
        await self.permit(sender, "lambda:InvokeFunction", arn)
        try:
            self._invocations.queue(arn, message.body.encode(), message.trace_header, _caller(arn, sender))
        except ServiceError as error:
            raise NotDelivered(error.code, error.message) from None

    async def _queue(self, sender: Sender, arn: str, message: Message) -> None:
        await self.permit(sender, "sqs:SendMessage", arn)
        _, _, _, region, account, name = arn.split(":")

        def send() -> None:
            sqs = lessons.backend("sqs", account, region)
            queue = sqs.queues.get(name)
            if queue is None:
                raise NotDelivered("AWS.SimpleQueueService.NonExistentQueue", f"There is no queue {arn}")
            system = {}
            if message.trace_header:
                system["AWSTraceHeader"] = {"DataType": "String", "StringValue": message.trace_header}
            sqs.send_message(
                queue.name,
                message.body,
                message_attributes=message.options.get("MessageAttributes"),
                deduplication_id=message.options.get("MessageDeduplicationId"),
                group_id=message.options.get("MessageGroupId"),
                system_attributes=system,
            )

        await self._in_moto(send)

    async def _in_moto(self, work: Callable[[], None]) -> None:
        def refusals_told() -> None:
            from moto.core.exceptions import ServiceException

            try:
                work()
            except ServiceException as error:  # e.g. a FIFO queue that wants a deduplication id
                raise NotDelivered(error.code, error.message) from None

        await self._moto.run(refusals_told)

    async def _topic(self, sender: Sender, arn: str, message: Message) -> None:
        await self.permit(sender, "sns:Publish", arn)
        region, account = arn.split(":")[3:5]

        def publish() -> None:
            sns = lessons.backend("sns", account, region)
            if arn not in sns.topics:
                raise NotDelivered("NotFound", f"There is no topic {arn}")
            with origin.handing_on(message.trace_header):
                sns.publish(
                    message.body,
                    arn=arn,
                    subject=message.options.get("Subject"),
                    message_attributes=message.options.get("MessageAttributes"),
                    group_id=message.options.get("MessageGroupId"),
                    deduplication_id=message.options.get("MessageDeduplicationId"),
                )

        await self._in_moto(publish)


def _caller(function_arn: str, sender: Sender | None) -> Caller:
    region = function_arn.split(":")[3]
    name = (
        sender.principal if isinstance(sender, Service) else sender.arn if sender else "lambda.amazonaws.com"
    )
    return Caller(region, ACCOUNT_ID, name)
