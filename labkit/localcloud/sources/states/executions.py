"""Starting, finding and ending executions, for the API and for everything that starts a state machine."""

from __future__ import annotations

import json
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.exceptions import ExecutionAlreadyExists
from moto.stepfunctions.models import StateMachine, StepFunctionBackend, stepfunctions_backends

from labkit import facts
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.states.calls import TRACE
from labkit.localcloud.sources.states.interpreter import Interpreter
from labkit.localcloud.sources.states.machine import Machine, refused
from labkit.localcloud.sources.states.traces import traced
from labkit.localcloud.sources.states.waiting import Thread
from labkit.localcloud.tracing.sampling import Sampler

if TYPE_CHECKING:
    from labkit.localcloud.sources.states.run import Run

RUNNING_MAX = 1000  # each waits in threads of its own: a loop that starts executions must not eat the machine
TOKENS_REMEMBERED = (
    1000  # of executions that are over: to say that a task timed out, not that its token is wrong
)
SYNC_MAX = 32  # of moto's threads, which the tasks of these executions need too

Told = Callable[["Run"], None]
Logging = Callable[[str, str, str, dict[str, Any]], Any]


class Executions:
    """All executions of this cloud. Safe to use from any thread but the event loop's.

    Args:
        begun, ended: are told of each execution.
        logging: makes an execution's log session from its ARN, its machine's ARN, the role, the settings.
    """

    def __init__(self, interpreter: Interpreter, logging: Logging, begun: Told, ended: Told) -> None:
        self._interpreter, self._logging = interpreter, logging
        self._begun, self._told = begun, ended
        self._sampler = Sampler()
        self._lock = threading.Lock()
        self._running: dict[str, Run] = {}
        self._sync = threading.BoundedSemaphore(SYNC_MAX)
        self._spent: deque[str] = deque(maxlen=TOKENS_REMEMBERED)

    def start(
        self, region: str, arn: str, name: str | None, execution_input: str | None, trace_header: str | None
    ) -> Run:
        """StartExecution. The same name with the same input gives the execution that runs.

        Raises:
            AWSError: Step Functions' errors.
        """
        backend = stepfunctions_backends[ACCOUNT_ID][region]
        found, machine = self._machine(backend, arn)
        execution_input = _checked_input(execution_input)
        if name:
            backend._validate_name(name)
        if not machine.express and (known := _same(found, name, execution_input)) is not None:
            return known
        run = self._new(found, machine, name, execution_input, region, trace_header)
        self._begin(run)
        if not machine.express:
            found.executions.append(run)
        return run

    def start_sync(
        self, region: str, arn: str, name: str | None, execution_input: str | None, trace_header: str | None
    ) -> Run:
        """StartSyncExecution: returns when the express workflow is over.

        Raises:
            AWSError: Step Functions' errors.
        """
        backend = stepfunctions_backends[ACCOUNT_ID][region]
        found, machine = self._machine(backend, arn)
        if not machine.express:
            raise refused(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            )
        if name:
            backend._validate_name(name)
        run = self._new(found, machine, name, _checked_input(execution_input), region, trace_header)
        if not self._sync.acquire(blocking=False):
            raise refused(
                "ServiceQuotaExceededException", f"The local cloud runs {SYNC_MAX} of these at a time."
            )
        work = self._interpreter.work
        work.begin()
        try:
            self._begin(run).join()
        finally:
            work.end()
            self._sync.release()
        return run

    def find(self, region: str, execution_arn: str) -> Run:
        """A standard execution.

        Raises:
            AWSError: ExecutionDoesNotExist, InvalidArn.
        """
        if ":express:" in execution_arn:
            raise refused("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
        found: Run = stepfunctions_backends[ACCOUNT_ID][region].describe_execution(execution_arn)  # type: ignore[assignment]
        return found

    def machine_of(self, region: str, run: Run) -> StateMachine | None:
        """The state machine as it is now; None when it is deleted."""
        machines = stepfunctions_backends[ACCOUNT_ID][region].state_machines
        return next((machine for machine in machines if machine.arn == run.machine.arn), None)

    def waiting_for(self, task_token: str) -> Any:
        """Where a task waits for its token.

        Raises:
            AWSError: InvalidToken; TaskTimedOut when the task is over.
        """
        with self._lock:
            running = list(self._running.values())
        endpoints = (run.endpoint(task_token) for run in running)
        endpoint = next((one for one in endpoints if one is not None), None)
        if endpoint is not None and not endpoint._notify_event.is_set():
            return endpoint
        if endpoint is None and task_token not in self._spent:
            raise refused("InvalidToken", "Invalid Token: 'Invalid token'")
        raise refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")

    def _machine(self, backend: StepFunctionBackend, arn: str) -> tuple[StateMachine, Machine]:
        """What an ARN names: a state machine, a version, or an alias that chooses one of its versions."""
        parts = arn.split(":")
        chosen = arn
        if len(parts) == 8 and not parts[7].isdigit():
            routes = backend.describe_state_machine_alias(arn).routing_configuration
            [route] = random.choices(routes, [one["weight"] for one in routes])
            chosen = route["stateMachineVersionArn"]
        named: Any = backend.describe_state_machine(chosen)
        found = backend.describe_state_machine(getattr(named, "source_arn", named.arn))
        kind = found.type or "STANDARD"
        return found, Machine(found.arn, arn, found.name, kind, named.definition, named.roleArn)

    def _new(
        self,
        found: StateMachine,
        machine: Machine,
        name: str | None,
        execution_input: str,
        region: str,
        trace_header: str | None,
    ) -> Run:
        self._interpreter.load()
        from labkit.localcloud.sources.states.run import Run

        name = name or str(uuid.uuid4())
        prefix = f"arn:aws:states:{region}:{ACCOUNT_ID}"
        arn = f"{prefix}:execution:{machine.name}:{name}"
        if machine.express:
            arn = f"{prefix}:express:{machine.name}:{name}:{uuid.uuid4()}"
        work, tracing = self._interpreter.work, found.tracingConfiguration.get("enabled")
        return Run(
            machine,
            name,
            arn,
            execution_input,
            region=region,
            trace_header=trace_header,
            traced=traced(trace_header, lambda: self._sampler(machine.arn)) if tracing else None,
            logging_session=self._logging(arn, machine.arn, machine.role_arn, found.loggingConfiguration),
            now=work.now,
            thread=lambda **options: Thread(work, **options),
            ended=self._ended,
        )

    def _begin(self, run: Run) -> Any:
        with self._lock:
            if len(self._running) >= RUNNING_MAX:
                raise refused(
                    "ExecutionLimitExceeded", f"The local cloud runs {RUNNING_MAX} executions at a time."
                )
            self._running[run.exec_arn] = run
        token = TRACE.set(run.traced.inside if run.traced else run.trace_header)
        try:
            return run.start(self._begun)
        except BaseException:
            with self._lock:
                del self._running[run.exec_arn]
            raise
        finally:
            TRACE.reset(token)

    def _ended(self, run: Run) -> None:
        with self._lock:
            self._running.pop(run.exec_arn, None)
            self._spent.extend(run.task_tokens)
        self._told(run)
        self._interpreter.endings.one_more()


def _same(found: StateMachine, name: str | None, execution_input: str) -> Run | None:
    """The execution that this name starts no second time.

    Raises:
        AWSError: ExecutionAlreadyExists, when it is over or was given another input.
    """
    run: Any = next((run for run in found.executions if name and run.name == name), None)
    if run is None:
        return None
    if run.status == "RUNNING" and json.loads(run.execution_input) == json.loads(execution_input):
        return run  # type: ignore[no-any-return]
    raise ExecutionAlreadyExists(f"Execution Already Exists: '{run.exec_arn}'")


def _checked_input(text: str | None) -> str:
    text = "{}" if text is None else text
    limit = int(facts.quota("stepfunctions_payload_max_bytes").value)
    if len(text.encode()) > limit:
        raise refused(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have "
            f"length less than or equal to {limit}",
        )
    try:
        json.loads(text)
    except ValueError as error:
        raise refused("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None
    return text
