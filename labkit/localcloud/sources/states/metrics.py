"""The AWS/States metrics of executions. Source: AWS, "Monitoring Step Functions metrics using CloudWatch"."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from labkit.localcloud.telemetry.store import Metric, Stores

if TYPE_CHECKING:
    from labkit.localcloud.sources.states.run import Run

NAMESPACE = "AWS/States"
ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


class StatesMetrics:
    """Takes note of executions, at the time of the lesson clock."""

    def __init__(self, stores: Stores, now: Callable[[], float]) -> None:
        self._stores, self._now = stores, now

    def begun(self, run: Run) -> None:
        self._put(run, "ExecutionsStarted", 1, "Count")

    def ended(self, run: Run) -> None:
        assert run.stop_date is not None
        self._put(run, ENDS[run.status], 1, "Count")
        took_ms = (run.stop_date - run.start_date).total_seconds() * 1000
        self._put(run, "ExecutionTime", round(took_ms, 3), "Milliseconds")

    def _put(self, run: Run, name: str, value: float, unit: str) -> None:
        pairs = (("StateMachineArn", run.machine.arn),)
        self._stores[run.region_name].put(Metric(NAMESPACE, name, pairs), self._now(), value, unit)
