"""Puts Step Functions together, and lets other services start state machines."""

from __future__ import annotations

from moto.core.exceptions import AWSError

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.states.calls import Calls
from labkit.localcloud.sources.states.definitions import Definitions
from labkit.localcloud.sources.states.executions import Executions
from labkit.localcloud.sources.states.interpreter import Interpreter
from labkit.localcloud.sources.states.metrics import StatesMetrics
from labkit.localcloud.sources.states.operations import Operations
from labkit.localcloud.sources.states.settings import Settings
from labkit.localcloud.sources.states.waiting import Work
from labkit.localcloud.sources.targets import Message, NotDelivered, Sender, Targets
from labkit.localcloud.telemetry.store import Stores


def install(
    endpoint: str,
    clock: LessonClock,
    moto: MotoHost,
    targets: Targets,
    guard: Guard,
    identities: Identities,
    stores: Stores,
) -> None:
    """Teaches moto Step Functions, and ``targets`` the kind ``states``: a state machine that an event starts.

    On the event loop. Executions run in threads that end with the process.
    """
    calls = Calls(endpoint, guard.can_assume, identities.issue_for_function)
    interpreter = Interpreter(Work(clock), calls.client_for)
    settings = Settings(guard, clock.now)
    metrics = StatesMetrics(stores, clock.now)
    executions = Executions(interpreter, settings.session, metrics.begun, metrics.ended)
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
