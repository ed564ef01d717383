"""What Step Functions tells of executions, in the words of its API. Pure."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.models import StateMachine

if TYPE_CHECKING:
    from labkit.localcloud.sources.states.run import Run

BILLED_STEP_MS, BILLED_MB = 100, 64  # of express workflows: AWS, "Step Functions pricing"
INCLUDED = {"included": True}
DATA = ("input", "output", "parameters")


def listed(run: Run) -> dict[str, Any]:
    """An item of ListExecutions."""
    return {
        "executionArn": run.exec_arn,
        "stateMachineArn": run.machine.arn,
        "name": run.name,
        "status": run.status,
        "startDate": run.start_date,
        **_given(stopDate=run.stop_date),
        **_qualified(run),
    }


def described(run: Run, with_data: bool) -> dict[str, Any]:
    """DescribeExecution's answer."""
    over = run.status in ("FAILED", "TIMED_OUT", "ABORTED")
    return {
        **listed(run),
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "The local cloud does not redrive executions"
        if over
        else f"Execution is {run.status} and cannot be redriven",
        **_data(run, with_data),
    }


def sync(run: Run) -> dict[str, Any]:
    """StartSyncExecution's answer; what did not succeed in time, failed."""
    assert run.stop_date is not None
    took_ms = (run.stop_date - run.start_date).total_seconds() * 1000
    billed_ms = max(math.ceil(took_ms / BILLED_STEP_MS), 1) * BILLED_STEP_MS
    return {
        "executionArn": run.exec_arn,
        "stateMachineArn": run.machine.arn,
        "name": run.name,
        "startDate": run.start_date,
        "stopDate": run.stop_date,
        "status": run.status if run.status in ("SUCCEEDED", "TIMED_OUT") else "FAILED",
        "billingDetails": {"billedMemoryUsedInMB": BILLED_MB, "billedDurationInMilliseconds": billed_ms},
        **_data(run, True),
    }


def status_change(run: Run) -> dict[str, Any]:
    """The detail of the event with which EventBridge hears of a standard execution. Times in milliseconds."""
    succeeded = run.status == "SUCCEEDED"
    output = json.dumps(run.output, separators=(",", ":"), default=str) if succeeded else None
    return {
        "executionArn": run.exec_arn,
        "stateMachineArn": run.machine.arn,
        "name": run.name,
        "status": run.status,
        "startDate": _milliseconds(run.start_date),
        "stopDate": _milliseconds(run.stop_date) if run.stop_date else None,
        "input": run.execution_input,
        "output": output,
        "inputDetails": INCLUDED,
        "outputDetails": INCLUDED if succeeded else None,
        "error": run.error,
        "cause": run.cause,
    }


def history(run: Run, with_data: bool) -> list[dict[str, Any]]:
    """The events so far, in order."""
    if run.environment is None:
        return []
    events: list[dict[str, Any]] = [
        dict(event) for event in run.environment.event_manager.get_event_history()
    ]
    for event in events:
        event["timestamp"] = datetime.fromisoformat(event["timestamp"])
        if not with_data:
            for details in event.values():
                if isinstance(details, dict):
                    for name in DATA:
                        details.pop(name, None)
    return events


def machine(run: Run, now: StateMachine | None) -> dict[str, Any]:
    """DescribeStateMachineForExecution: the state machine as it was when the execution began."""
    return {
        "stateMachineArn": run.machine.arn,
        "name": run.machine.name,
        "definition": run.machine.definition,
        "roleArn": run.machine.role_arn,
        "updateDate": now.update_date if now else run.start_date,
        "loggingConfiguration": now.loggingConfiguration if now else {"level": "OFF"},
        "tracingConfiguration": now.tracingConfiguration if now else {"enabled": False},
    }


def map_runs(run: Any) -> list[Any]:
    """moto's records of the distributed maps of an execution."""
    if run.environment is None:
        return []
    return list(run.environment.map_run_record_pool_manager.get_all())


def _data(run: Run, with_data: bool) -> dict[str, Any]:
    error = _given(error=run.error, cause=run.cause, traceHeader=run.trace_header)
    if not with_data:
        return error
    told = {"input": run.execution_input, "inputDetails": INCLUDED, **error}
    if run.status == "SUCCEEDED":
        told |= {
            "output": json.dumps(run.output, separators=(",", ":"), default=str),
            "outputDetails": INCLUDED,
        }
    return told


def _qualified(run: Run) -> dict[str, str]:
    """The version or alias that the execution was started with."""
    if run.machine.called_arn == run.machine.arn:
        return {}
    kind = (
        "stateMachineVersionArn"
        if run.machine.called_arn.split(":")[-1].isdigit()
        else "stateMachineAliasArn"
    )
    return {kind: run.machine.called_arn}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _given(**named: Any) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}
