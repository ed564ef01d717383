"""Puts Step Functions together, and lets other services start state machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from moto.core.exceptions import AWSError

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.eventbridge.events import Event
from labkit.localcloud.sources.states.calls import Calls
from labkit.localcloud.sources.states.definitions import Definitions
from labkit.localcloud.sources.states.executions import Executions
from labkit.localcloud.sources.states.interpreter import Interpreter
from labkit.localcloud.sources.states.metrics import StatesMetrics
from labkit.localcloud.sources.states.operations import Operations
from labkit.localcloud.sources.states.outputs import status_change
from labkit.localcloud.sources.states.settings import Settings
from labkit.localcloud.sources.states.traces import Traces
from labkit.localcloud.sources.states.waiting import Work
from labkit.localcloud.sources.targets import Message, NotDelivered, Sender, Targets
from labkit.localcloud.telemetry.store import Stores
from labkit.localcloud.tracing import inbox

if TYPE_CHECKING:
    from labkit.localcloud.sources.states.run import Run


def install(
    endpoint: str,
    clock: LessonClock,
    moto: MotoHost,
    targets: Targets,
    guard: Guard,
    identities: Identities,
    stores: Stores,
    publish: Callable[[Event], None],
) -> None:
    """Teaches moto Step Functions, and ``targets`` the kind ``states``: a state machine that an event starts.

    Executions run in threads that end with the process. ``publish`` takes their events.
    """
    calls = Calls(endpoint, guard.can_assume, identities.issue_for_function)
    interpreter = Interpreter(Work(clock, targets.loop), calls.client_for)
    settings = Settings(guard, clock.now)
    metrics = StatesMetrics(stores, clock.now)

    def tell(run: Run) -> None:
        if not run.machine.express:
            now, kind = clock.now(), "Step Functions Execution Status Change"
            detail = status_change(run)
            publish(Event(run.region_name, "aws.states", kind, detail, now, now, (run.exec_arn,)))

    def begun(run: Run) -> None:
        metrics.begun(run)
        tell(run)

    traces = Traces(guard.role_allows, inbox.put)

    def ended(run: Run) -> None:
        metrics.ended(run)
        traces.ended(run)
        tell(run)

    executions = Executions(interpreter, settings.session, begun, ended)
    Operations(executions, Definitions(interpreter), settings).install()

    async def start(sender: Sender, arn: str, message: Message) -> None:
        await targets.permit(sender, "states:StartExecution", arn)
        region = arn.split(":")[3]
        name = message.options.get("Name")
        try:
            await moto.run(executions.start, region, arn, name, message.body, message.trace_header)
        except AWSError as error:
            raise NotDelivered(error.error_type, error.message) from None

    targets.register("states", start)
