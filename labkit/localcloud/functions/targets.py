"""Dead-letter targets, destinations, traces: what they may be, and whether the role may write there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.errors import invalid


@dataclass(frozen=True)
class _Service:
    """How Lambda writes to a target: the IAM action, and the API's name in AWS's sentences."""

    action: str
    verb: str
    label: str


_SERVICES = {
    "sqs": _Service("sqs:SendMessage", "SendMessage", "SQS"),
    "sns": _Service("sns:Publish", "Publish", "SNS"),
    "lambda": _Service("lambda:InvokeFunction", "Invoke", "Lambda"),
    "events": _Service("events:PutEvents", "PutEvents", "EventBridge"),
    "s3": _Service("s3:PutObject", "PutObject", "S3"),
}


async def check_dead_letter(call: Call, role_arn: str, target_arn: str) -> None:
    """A function's DeadLetterConfig: a standard queue or a standard topic that the role may write to.

    Raises:
        ServiceError: it is something else, or the role may not.
    """
    service = _service_of(target_arn)
    if service not in ("sqs", "sns") or target_arn.endswith(".fifo"):
        raise invalid(
            f"The dead-letter target {target_arn} is invalid. "
            "It must be the ARN of a standard Amazon SQS queue or a standard Amazon SNS topic."
        )
    if not await _allowed(call, role_arn, service, target_arn):
        known = _SERVICES[service]
        raise invalid(
            f"The provided execution role does not have permissions to call {known.verb} on {known.label}"
        )


async def check_tracing(call: Call, role_arn: str) -> None:
    """TracingConfig Active: the role may write traces.

    Raises:
        ServiceError: it may not.
    """
    if call.deps.role_allows and not await call.deps.role_allows(role_arn, "xray:PutTraceSegments", "*"):
        raise invalid(
            "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
        )


async def check_destinations(
    call: Call, role_arn: str, own_arn: str, on_success: str | None, on_failure: str | None
) -> None:
    """Destinations of asynchronous invocations.

    Raises:
        ServiceError: a kind of resource that Lambda cannot send to, the function itself, a function
            that does not exist, or a target that the role may not write to.
    """
    allowed = {"sqs", "sns", "lambda", "events"}
    for arn, services in ((on_success, allowed), (on_failure, allowed | {"s3"})):
        if not arn:
            continue
        if (service := _service_of(arn)) not in services or arn.endswith(".fifo"):
            raise invalid(
                "The provided destination config DestinationConfig("
                f"onSuccess={_java('OnSuccess', on_success)}, "
                f"onFailure={_java('OnFailure', on_failure)}) is invalid."
            )
        if service == "lambda":
            _check_function(call, own_arn, arn)
        if not await _allowed(call, role_arn, service, arn):
            raise invalid(
                "The function's execution role does not have permissions to call "
                f"{_SERVICES[service].verb} on {arn}"
            )


async def may_write(call: Call, role_arn: str, target_arn: str) -> None:
    """An event source mapping's destination for failed batches.

    Raises:
        ServiceError: the role may not write to it.
    """
    service = _service_of(target_arn)
    if not await _allowed(call, role_arn, service, target_arn):
        known = _SERVICES[service]
        raise invalid(
            f"The function execution role does not have permissions to call {known.verb} on {known.label}"
        )


def _check_function(call: Call, own_arn: str, arn: str) -> None:
    if arn == own_arn or arn.startswith(f"{own_arn}:"):
        raise invalid("You can't specify the function as a destination for itself.")
    name, qualifier = call.names(arn)
    function = call.region.functions.get(name)
    known = function is not None and (
        qualifier is None or qualifier in function.aliases or function.version(qualifier) is not None
    )
    if not known:
        raise invalid(f"The destination ARN {arn} is invalid.")


async def _allowed(call: Call, role_arn: str, service: str, arn: str) -> bool:
    if call.deps.role_allows is None:
        return True
    resource = f"{arn}/*" if service == "s3" else arn
    return await call.deps.role_allows(role_arn, _SERVICES[service].action, resource)


def _service_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) >= 6 and parts[0] == "arn" else ""


def _java(name: str, destination: str | None) -> Any:
    return f"{name}(destination={destination})" if destination else "null"
