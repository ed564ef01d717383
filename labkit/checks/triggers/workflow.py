"""03.7: the state machine retries what passes, and catches what does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check

BUSY, SPOILT = "MachineBusy", "FilmSpoilt"
PATIENCE_S = 60.0
EXPECTED = f"{BUSY} is retried, {SPOILT} is caught, and both executions succeed"


@check("03.7", title="The workflow retries what passes, and catches what does not")
def workflow(look: Look) -> str:
    """Two executions: a film for which the machine is busy at first, and a spoilt one."""
    machine = _machine(look)
    developed = _run(look, machine, film=f"check-{uuid4().hex[:8]}")
    _retried(developed)
    spoilt = _run(look, machine, film=f"check-{uuid4().hex[:8]}", spoilt=True)
    _caught(look, spoilt)
    times = json.loads(developed["output"]).get("asked")
    name = machine.rpartition(":")[2]
    return f"{name}: a film was developed at attempt {times}, and a spoilt one ended well, too"


def _machine(look: Look) -> str:
    client = look.client("stepfunctions")
    pages = client.get_paginator("list_state_machines").paginate()
    own = [one for page in pages for one in page["stateMachines"] if one["name"].startswith(look.prefix)]
    own.sort(key=lambda one: one["name"] != look.name("darkroom"))
    if not own:
        raise NotYet(
            "the lab has no state machine", "a state machine darkroom", "Run the cell that makes it."
        )
    return str(own[0]["stateMachineArn"])


def _run(look: Look, machine: str, **film: Any) -> Mapping[str, Any]:
    """An execution at its end."""
    client = look.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(film))["executionArn"]

    def ended() -> Mapping[str, Any] | None:
        found = client.describe_execution(executionArn=arn)
        if found["status"] == "RUNNING" and look.local:
            look.lab.clock.advance(seconds=1)  # the waits before retries need not be sat out
        return dict(found) if found["status"] != "RUNNING" else None

    return look.lab.until(ended, timeout_s=PATIENCE_S) or {}


def _retried(end: Mapping[str, Any]) -> None:
    output = json.loads(end.get("output", "null"))
    if end["status"] == "SUCCEEDED" and isinstance(output, Mapping) and output.get("developed"):
        return
    if end["status"] == "SUCCEEDED":
        raise NotYet(
            f"a film for which the machine is busy at first is not developed: {end['output'][:100]}",
            EXPECTED,
            f"{BUSY} was caught before it was retried often enough: the machine is free at the third "
            "attempt. And the task's answer has to reach the end.",
        )
    if BUSY in str(end.get("error", "")):
        raise NotYet(
            f"the execution failed with {BUSY}",
            EXPECTED,
            f"Add Retry to the task, with ErrorEquals ['{BUSY}'] and MaxAttempts of two or more. Errors are "
            "named exactly as the function's exception. update_state_machine puts the definition in place.",
        )
    raise NotYet(
        f"the execution is {end['status']}: {end.get('error', '')} {str(end.get('cause', ''))[:120]}",
        EXPECTED,
        "Look at the cause: may the state machine's role invoke the function, is the definition whole?",
    )


def _caught(look: Look, end: Mapping[str, Any]) -> None:
    if end["status"] != "SUCCEEDED":
        raise NotYet(
            f"the execution with a spoilt film is {end['status']} ({end.get('error', '')})",
            EXPECTED,
            "Add Catch to the task: [{'ErrorEquals': ['States.ALL'], 'Next': 'Apologise'}], and that state.",
        )
    client = look.client("stepfunctions")
    pages = client.get_paginator("get_execution_history").paginate(executionArn=end["executionArn"])
    kinds = [event["type"] for page in pages for event in page["events"]]
    tries = sum(kind in ("LambdaFunctionScheduled", "TaskScheduled") for kind in kinds)
    if tries > 1:
        raise NotYet(
            f"a spoilt film was tried {tries} times: it will never come out",
            EXPECTED,
            f"Retry only what passes: ErrorEquals ['{BUSY}'] instead of States.ALL.",
        )
