"""The X-Ray segment of an execution: one for the state machine, with a subsegment for each state.

Source: AWS, "Trace Step Functions request data in AWS X-Ray". Its times are the lesson clock's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.states.outputs import history
from labkit.localcloud.tracing import header as headers

if TYPE_CHECKING:
    from labkit.localcloud.sources.states.run import Run

PUT = "xray:PutTraceSegments"
FAULTS = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True)
class Traced:
    """Where an execution stands in its trace."""

    header: headers.TraceHeader
    segment_id: str

    @property
    def inside(self) -> str:
        """The header that its tasks send along."""
        return str(replace(self.header, parent=self.segment_id))


def traced(trace_header: str | None, sampled: Callable[[], bool]) -> Traced | None:
    """The caller decides; where it leaves it open, ``sampled`` does. None: this execution is not traced."""
    header = headers.parse(trace_header)
    if not (sampled() if header.sampled is None else header.sampled):
        return None
    return Traced(replace(header, sampled=True), headers.new_id())


class Traces:
    """Stores the segments of executions that are over. ``store`` takes account, Region and a document."""

    def __init__(
        self,
        role_allows: Callable[[str, str, str], bool],
        store: Callable[[str, str, dict[str, Any]], None],
    ) -> None:
        self._role_allows, self._store = role_allows, store

    def ended(self, run: Run) -> None:
        """Stores the segment, with the state machine's role."""
        if run.traced is None or run.stop_date is None or not self._role_allows(run.role_arn, PUT, "*"):
            return
        header = run.traced.header
        segment = {
            "name": run.machine.name,
            "id": run.traced.segment_id,
            "trace_id": header.root,
            "origin": "AWS::StepFunctions::StateMachine",
            "start_time": run.start_date.timestamp(),
            "end_time": run.stop_date.timestamp(),
            "aws": {"execution_arn": run.exec_arn, "state_machine_arn": run.machine.arn},
            "subsegments": list(_states(run)),
            **({"parent_id": header.parent} if header.parent else {}),
            **({"fault": True} if run.status in FAULTS else {}),
        }
        self._store(ACCOUNT_ID, run.region_name, segment)


def _states(run: Run) -> Iterator[dict[str, Any]]:
    """One subsegment a visit; a state that was not left ends with the execution."""
    assert run.stop_date is not None
    entered: defaultdict[str, list[datetime]] = defaultdict(list)

    def visit(name: str, begin: datetime, end: datetime, **more: Any) -> dict[str, Any]:
        times = {"start_time": begin.timestamp(), "end_time": end.timestamp()}
        return {"id": headers.new_id(), "name": name, **times, **more}

    for event in history(run, with_data=False):
        if event["type"].endswith("StateEntered"):
            entered[event["stateEnteredEventDetails"]["name"]].append(event["timestamp"])
        elif event["type"].endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            yield visit(name, entered[name].pop(0), event["timestamp"])
    for name, begins in entered.items():
        for begin in begins:
            yield visit(name, begin, run.stop_date, fault=True)
