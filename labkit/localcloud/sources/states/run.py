"""One execution: moto's, with an end that is told once, whoever brings it about, and a bounded history.

Imported when the interpreter is loaded: importing moto's parser takes a second.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.utils import TMP_THREADS

from labkit import facts
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.states.machine import Machine
from labkit.localcloud.sources.states.traces import Traced

PROGRAMS_KEPT = 64
log = logging.getLogger(__name__)
ENDS = {
    ExecutionStatus.FAILED: ("ExecutionFailed", "executionFailedEventDetails"),
    ExecutionStatus.ABORTED: ("ExecutionAborted", "executionAbortedEventDetails"),
    ExecutionStatus.TIMED_OUT: ("ExecutionTimedOut", "executionTimedOutEventDetails"),
    ExecutionStatus.SUCCEEDED: ("ExecutionSucceeded", "executionSucceededEventDetails"),
}


@functools.lru_cache(PROGRAMS_KEPT)
def _program(definition: str) -> Any:
    """The components of a definition; they keep nothing of the executions that they run."""
    return AmazonStateLanguageParser.parse(definition)[0]


class History(EventManager):  # type: ignore[misc]
    """The events of an execution; nothing is added after its end, and no loop fills the memory."""

    def __init__(self, logging_session: Any, full: Callable[[], None]) -> None:
        super().__init__(cloud_watch_logging_session=logging_session)
        self._full = full
        self._events_max = int(facts.quota("stepfunctions_history_events_max").value)
        self._closed = False

    def add_event(self, context: EventHistoryContext, *args: Any, **options: Any) -> int:
        if self._closed:
            return int(context.last_published_event_id)
        event_id = int(super().add_event(context, *args, **options))
        if event_id >= self._events_max - 1:
            self._full()
        return event_id

    def close(self, event_type: str, name: str, details: dict[str, Any]) -> None:
        """Makes sure that the last event tells how the execution ended."""
        ends = {kind for kind, _ in ENDS.values()}
        if not self._closed and not (
            self._history_event_list and self._history_event_list[-1]["type"] in ends
        ):
            context = EventHistoryContext(self._event_id_gen._next_id - 1)
            super().add_event(context, HistoryEventType(event_type), {name: details})
        self._closed = True


class Worker(ExecutionWorker):  # type: ignore[misc]
    """Runs the program; an interpreter that fails ends its execution instead of leaving it for ever."""

    def __init__(self, run: Run, **options: Any) -> None:
        super().__init__(**options)
        self._run = run

    def run(self) -> None:
        try:
            self._execution_logic()
        except Exception as error:
            log.exception("the interpreter failed in %s", self._run.exec_arn)
            self._run.finish(ExecutionStatus.FAILED, "States.Runtime", str(error))

    def _get_evaluation_entrypoint(self) -> Any:
        return _program(self._evaluation_details.state_machine_details.definition)

    def _get_evaluation_environment(self) -> Environment:
        environment = super()._get_evaluation_environment()
        environment.event_manager = History(self._cloud_watch_logging_session, self._run.history_full)
        return environment


class Run(Execution):  # type: ignore[misc]
    """An execution. ``exec_arn``, ``exec_status``, ``start_date`` and the like are moto's names.

    Args:
        ended: told once, when the execution is over.
        thread: makes the thread that it runs in.
    """

    def __init__(
        self,
        machine: Machine,
        name: str,
        arn: str,
        execution_input: str,
        *,
        region: str,
        trace_header: str | None,
        traced: Traced | None,
        logging_session: Any,
        now: Callable[[], float],
        thread: Callable[..., Any],
        ended: Callable[[Run], None],
    ) -> None:
        super().__init__(
            name=name,
            sm_type=machine.sm_type,
            role_arn=machine.role_arn,
            exec_arn=arn,
            account_id=ACCOUNT_ID,
            region_name=region,
            state_machine=machine,
            start_date=datetime.fromtimestamp(now(), UTC),
            cloud_watch_logging_session=logging_session,
            activity_store={},
            input_data=execution_input,
            trace_header=trace_header,
        )
        self.machine, self.traced = machine, traced
        self._now, self._thread, self._ended = now, thread, ended
        self._ending = threading.Lock()
        self.exec_worker: Worker | None = None

    def start(self, begun: Callable[[Run], None]) -> Any:
        """Begins it, after ``begun`` was told; returns its thread."""
        self.exec_status = ExecutionStatus.RUNNING
        self.exec_worker = self._get_start_execution_worker()
        begun(self)
        thread = self._thread(target=self.exec_worker.run, name=f"states {self.name}")
        thread.start()
        return thread

    def abort(self, error: str | None, cause: str | None) -> None:
        """StopExecution: over at once; what its threads still do is not told any more."""
        if self.finish(ExecutionStatus.ABORTED, error, cause):
            self._halt()

    def history_full(self) -> None:
        """A standard execution may have so many events and no more."""
        limit = int(facts.quota("stepfunctions_history_events_max").value)
        cause = f"The execution reached the maximum number of history events ({limit})."
        if self.finish(ExecutionStatus.FAILED, "States.Runtime", cause):
            self._halt()

    def terminated(self) -> None:
        """Told by moto's worker when the program is over."""
        state = self.environment.program_state() if self.environment else None
        if self.environment is not None and isinstance(state, ProgramEnded):
            self.output = self.environment.states.get_input()
            self.finish(ExecutionStatus.SUCCEEDED)
        elif isinstance(state, ProgramStopped):
            self.finish(ExecutionStatus.ABORTED, state.error, state.cause)
        elif isinstance(state, ProgramTimedOut):
            self.finish(ExecutionStatus.TIMED_OUT)
        elif isinstance(state, ProgramError):
            told = state.error or {}
            self.finish(ExecutionStatus.FAILED, told.get("error"), told.get("cause"))
        else:
            self.finish(ExecutionStatus.FAILED, "States.Runtime", "The program ended without a result.")

    def finish(self, status: ExecutionStatus, error: str | None = None, cause: str | None = None) -> bool:
        """The end; False when there was one before."""
        with self._ending:
            if self.exec_status != ExecutionStatus.RUNNING:
                return False
            self.stop_date = datetime.fromtimestamp(self._now(), UTC)
            self.error, self.cause = error, cause
            self.exec_status = status
            if self.environment is not None:
                details = {"error": error, "cause": cause}
                self.environment.event_manager.close(
                    *ENDS[status], {name: text for name, text in details.items() if text is not None}
                )
        del TMP_THREADS[:]  # moto remembers every thread, for its own tests
        self._ended(self)
        return True

    @property
    def environment(self) -> Environment | None:
        return self.exec_worker.env if self.exec_worker else None

    def endpoint(self, task_token: str) -> CallbackEndpoint | None:
        """Where one of its tasks waits for its token."""
        return self.environment.callback_pool_manager.get(task_token) if self.environment else None

    @property
    def task_tokens(self) -> list[str]:
        return list(self.environment.callback_pool_manager._pool) if self.environment else []

    def _halt(self) -> None:
        if self.environment is None:
            return
        self.environment.set_stop(stop_date=self.stop_date, error=None, cause=None)
        for endpoint in list(self.environment.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()

    def _get_start_execution_worker_comm(self) -> Any:
        return self

    def _get_start_execution_worker(self) -> Worker:
        details = super()._get_start_execution_worker()
        return Worker(
            self,
            evaluation_details=details._evaluation_details,
            exec_comm=self,
            cloud_watch_logging_session=self._cloud_watch_logging_session,
            activity_store=self._activity_store,
        )

    def get_start_state_machine_details(self) -> Any:
        details = super().get_start_state_machine_details()
        details.definition = self.machine.bounded_definition
        return details
