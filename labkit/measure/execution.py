"""Runs a state machine once, to its end."""

from __future__ import annotations

import json
import time
from typing import Any

from labkit.measure.target import MeasureError

LOOK_EVERY_S = 0.1


def execute(client: Any, state_machine_arn: str, event: Any, *, timeout_s: float = 60.0) -> dict[str, Any]:
    """An execution as DescribeExecution tells it at its end.

    Args:
        client: of Step Functions.
        event: what the execution is given; becomes JSON.

    Raises:
        MeasureError: it has not ended in time.
    """
    started = client.start_execution(stateMachineArn=state_machine_arn, input=json.dumps(event))
    deadline = time.monotonic() + timeout_s
    while (end := client.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise MeasureError(
                f"The execution {started['executionArn']} is still running after {timeout_s:g} s. "
                "get_execution_history tells where it is."
            )
        time.sleep(LOOK_EVERY_S)
    return dict(end)
