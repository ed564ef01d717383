"""The services around Lambda: what each of moto's is taught, and our own, all of it when it is first used.

The one place that says which service needs what. Nothing of it is imported before, and nothing may be needed
before: who is told of changes (pollers, EventBridge) hears nothing of a service that nobody has used.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.localcloud import lessons
from labkit.localcloud.aws import Control
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.front import Answer, Handler, Request
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities, Identity
from labkit.localcloud.lessons import Later
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.addresses import locate
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.mappings.pollers import Pollers
from labkit.localcloud.sources.targets import Message, Send, Sender, Targets
from labkit.localcloud.telemetry.store import Stores
from labkit.localcloud.tracing import inbox

if TYPE_CHECKING:
    from labkit.localcloud.sources.alarms.alarms import Alarms
    from labkit.localcloud.sources.apis.wiring import ServedApis
    from labkit.localcloud.sources.eventbridge.bus import EventBridge
    from labkit.localcloud.sources.eventbridge.events import Event
    from labkit.localcloud.stacks.wiring import ServedStacks

# Kinds of targets that a service of moto's registers with its lessons.
_KINDS = {"states": "stepfunctions", "events": "events", "logs": "events", "kinesis": "events"}


@dataclass(frozen=True)
class Around:
    """What the services of one local cloud work with. ``running``: the functions that APIs run."""

    endpoint: str
    identities: Identities
    guard: Guard
    functions: FunctionService
    targets: Targets
    moto: MotoHost
    stores: Stores
    clock: LessonClock
    pollers: Pollers
    running: Running


class Services:
    """Has moto taught; answers for APIs and stacks."""

    def __init__(self, around: Around, aws: Handler) -> None:
        """``aws`` answers the calls of AWS services that APIs make."""
        self._around, self._aws = around, aws
        self._bridge: EventBridge | None = None
        self._alarms: Alarms
        self._apis = Later(self._serve_apis)
        self._stacks = Later(self._serve_stacks)
        self.controls: dict[str, Control] = {"apigateway": self._control}
        for service, lesson in {
            lessons.CORE: self._core,
            "iam": self._iam,
            "sts": self._sts,
            "logs": self._logs,
            "cloudwatch": self._cloudwatch,
            "xray": inbox.open_store,
            "s3": self._s3,
            "sns": self._sns,
            "sqs": self._sqs,
            "dynamodb": self._dynamodb,
            "kinesis": self._kinesis,
            "events": self._events,
            "scheduler": self._scheduler,
            "stepfunctions": self._stepfunctions,
            "applicationautoscaling": self._applicationautoscaling,
            "ssm": self._ssm,
            "secretsmanager": self._secretsmanager,
        }.items():
            lessons.add(service, lesson)
        for kind, service in _KINDS.items():
            around.targets.register(kind, self._after_lessons(service))

    # Ours, beside moto.

    def visit(self, request: Request) -> Awaitable[Answer] | None:
        """The answer of a URL or an API that a learner made; None when the request is for none."""
        address = locate(request)
        return None if address is None else self._visit(request)

    async def stacks(self, call: Call, caller: Identity) -> Answer:
        """The answer of CloudFormation."""
        served: ServedStacks = await self._ready(self._stacks)
        return await served.service(call, caller)

    async def custom_resources(self, request: Request) -> Answer:
        """Takes what a custom resource's function tells its stack."""
        served: ServedStacks = await self._ready(self._stacks)
        return await served.responses.accept(request)

    def publish(self, event: Event) -> None:
        """Puts an event on a bus; while nobody has used EventBridge there is no rule that it could match."""
        if self._bridge is not None:
            self._bridge.publish(event)

    async def _visit(self, request: Request) -> Answer:
        served: ServedApis = await self._ready(self._apis)
        answer = served.gateway(request)
        assert answer is not None  # the request has an address
        return await answer

    async def _control(self, call: Call, forward: Callable[[], Awaitable[Answer]]) -> Answer:
        served: ServedApis = await self._ready(self._apis)
        return await served.control(call, forward)

    async def _ready(self, part: Later[Any]) -> Any:
        return part.made or await self._around.moto.run(part.get)

    def _serve_apis(self) -> ServedApis:
        from labkit.localcloud.sources.apis.wiring import serve_apis

        around = self._around
        return serve_apis(
            around.endpoint, around.identities, around.guard, around.functions, around.running,
            around.moto, around.stores, around.clock, self._aws,
        )  # fmt: skip

    def _serve_stacks(self) -> ServedStacks:
        from labkit.localcloud.stacks.wiring import serve_stacks

        around = self._around
        return serve_stacks(
            around.endpoint, around.identities, around.guard, around.moto, around.clock, around.targets.loop
        )

    def _after_lessons(self, service: str) -> Send:
        """Stands for a kind of target until the lessons of its service put the true one in its place."""

        async def send(sender: Sender, arn: str, message: Message) -> None:
            await self._around.moto.run(lessons.learned, service)
            await self._around.targets.send(sender, arn, message)

        return send

    # Lessons.

    def _core(self) -> None:
        from labkit.localcloud import moto_time
        from labkit.localcloud.identities import managed_policies
        from labkit.localcloud.permissions import handover

        moto_time.install(self._around.clock.now)
        handover.install()
        managed_policies.install()

    def _iam(self) -> None:
        from labkit.localcloud.identities import policies

        policies.install()

    def _sts(self) -> None:
        from labkit.localcloud.identities import sts

        sts.install(self._around.identities)

    def _logs(self) -> None:
        from labkit.localcloud.sources.log_subscriptions import LogSubscriptions
        from labkit.localcloud.telemetry import logs

        around = self._around
        logs.install(around.stores, around.clock.now)
        LogSubscriptions(around.targets, around.guard, around.stores, around.clock).install()

    def _cloudwatch(self) -> None:
        from labkit.localcloud.sources import alarms
        from labkit.localcloud.telemetry import cloudwatch

        around = self._around
        cloudwatch.install(around.stores, around.clock.now)
        self._alarms = alarms.start(around.targets, around.clock, around.stores, self.publish)

    def _s3(self) -> None:
        from labkit.localcloud.sources.s3 import buckets
        from labkit.localcloud.sources.s3.notifications import S3Notifications

        buckets.install()
        around = self._around
        S3Notifications(around.targets, around.guard, around.clock, self.publish).install()

    def _sns(self) -> None:
        from labkit.localcloud.sources.sns import topics
        from labkit.localcloud.sources.sns.delivery import Deliveries

        around = self._around
        topics.install(Deliveries(around.targets, around.clock, around.stores), around.clock.now)

    def _sqs(self) -> None:
        from labkit.localcloud.sources.mappings import moto_sqs

        moto_sqs.install(self._around.pollers.touched)

    def _dynamodb(self) -> None:
        from labkit.localcloud import dynamodb_requests
        from labkit.localcloud.sources.mappings import moto_dynamodb

        dynamodb_requests.install()
        moto_dynamodb.install(self._around.pollers.touched)

    def _kinesis(self) -> None:
        from labkit.localcloud.sources.mappings import moto_kinesis

        moto_kinesis.install(self._around.pollers.touched)

    def _events(self) -> None:
        from labkit.localcloud.sources import eventbridge

        around = self._around
        self._bridge = eventbridge.start(around.targets, around.moto, around.clock, around.stores)

    def _scheduler(self) -> None:
        from labkit.localcloud.sources import scheduler

        around = self._around
        scheduler.start(around.targets, around.clock, around.stores, around.guard.can_assume)

    def _stepfunctions(self) -> None:
        from labkit.localcloud.sources.states import service

        around = self._around
        service.install(
            around.endpoint, around.clock, around.moto, around.targets, around.guard, around.identities,
            around.stores, self.publish,
        )  # fmt: skip

    def _ssm(self) -> None:
        from labkit.localcloud import parameters

        parameters.install()

    def _secretsmanager(self) -> None:
        from labkit.localcloud import secret_values

        secret_values.install()

    def _applicationautoscaling(self) -> None:
        from labkit.localcloud.sources import scaling

        lessons.learned("cloudwatch")  # target tracking makes alarms
        scaling.start(self._around.functions, self._around.clock, self._alarms, self._around.targets.loop)
