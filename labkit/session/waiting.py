"""Waiting for a cloud: boto3's waiters at the pace of the target, and calls that work a moment later."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError, WaiterError

from labkit.errors import WaitTimeout

# IAM is eventually consistent: what was just allowed is refused for some seconds yet.
NOT_YET = (
    r"cannot be assumed by|does not have permissions to call|not authorized to perform: sts:AssumeRole"
    r"|Invalid principal in policy|is not authorized to assume"
)
FASTEST_LOOK_S, SLOWEST_LOOK_S = 0.05, {"local": 0.2, "aws": 1.0}
Found = TypeVar("Found")


def wait_for(client: Any, waiter: str, params: dict[str, Any], *, timeout_s: float, local: bool) -> None:
    """Runs one of boto3's waiters; locally it looks more often than AWS would like.

    Raises:
        WaitTimeout: it did not happen in time, or never will; says what the cloud last answered.
    """
    try:
        machine = client.get_waiter(waiter)
    except ValueError as error:
        known = ", ".join(client.waiter_names) or "none"
        service = client.meta.service_model.service_name
        raise WaitTimeout(f"boto3 has no waiter {waiter!r} for {service}; it has: {known}.") from error
    delay_s = FASTEST_LOOK_S if local else min(machine.config.delay, 2)
    attempts = max(1, int(timeout_s / delay_s))
    try:
        machine.wait(**params, WaiterConfig={"Delay": delay_s, "MaxAttempts": attempts})
    except WaiterError as error:
        named = ", ".join(f"{key}={value}" for key, value in params.items())
        raise WaitTimeout(f"{waiter} ({named}) was not reached: {_last_words(error)}") from error


def eventually(call: Callable[..., Any], arguments: dict[str, Any], *, like: str, timeout_s: float) -> Any:
    """Calls until the answer is no longer an error whose text matches ``like``.

    Raises:
        WaitTimeout: the same error after ``timeout_s``: waiting does not help.
    """
    deadline, pause_s = time.monotonic() + timeout_s, FASTEST_LOOK_S
    while True:
        try:
            return call(**arguments)
        except ClientError as error:
            if not re.search(like, str(error)):
                raise
            if time.monotonic() + pause_s > deadline:
                raise WaitTimeout(
                    f"{error} This was tried for {timeout_s:g} s, so waiting does not mend it. "
                    "A role must be there (what was torn down is made again by the cells that made it), its "
                    "trust policy must name the service, and its permissions must allow the action."
                ) from error
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 3.0)


def until(look: Callable[[], Found], *, timeout_s: float, slowest_s: float) -> Found:
    """Looks again, at first soon and then every ``slowest_s``, until there is something to see.

    Raises:
        WaitTimeout: nothing was seen in time.
    """
    deadline, pause_s = time.monotonic() + timeout_s, FASTEST_LOOK_S
    while not (found := look()):
        if time.monotonic() + pause_s > deadline:
            raise WaitTimeout(
                f"Nothing was seen for {timeout_s:g} s. What should have come may have failed: "
                "its log, or the queue for what fails, says more."
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, slowest_s)
    return found


def _last_words(error: WaiterError) -> str:
    """What the resource says of itself, if it says anything, else what botocore says."""
    last: dict[str, Any] = dict(error.last_response) if isinstance(error.last_response, dict) else {}
    for part in (last, last.get("Configuration", {})):
        for key in ("StateReason", "LastUpdateStatusReason"):
            if part.get(key):
                return str(part[key])
    return str(error)
