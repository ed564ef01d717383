"""05.2: an on-failure destination, and rules for retries and age."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.dead_letters import may_send
from labkit.checks.monitor.orders import order_prints, peek, rejected, table_name
from labkit.checks.registry import check

RETRIES, AGE_S = 1, 3600
LATEST = "$LATEST"


@check("05.2", title="A destination tells what failed, and why")
def destination(look: Look) -> str:
    """Configured for $LATEST, permitted, and a record of the function is there."""
    function = order_prints(look)
    config = _config(look, function)
    target = _target(function, config)
    _rules(config)
    may_send(look, function, target)
    name = target.rpartition(":")[2]
    if ":sqs:" not in target:
        return f"{function.name} tells {name}; one retry, at most an hour"
    record = look.eventually(lambda: _record(look, target, function))
    if record is None:
        if worked_off := rejected(look, table_name(look, function)):
            return f"{name} was worked off: the table has {worked_off} orders that were rejected"
        raise NotYet(
            f"{name} has no record of {function.name}",
            "an invocation record of an order that failed",
            "Send an order for minus one copies with InvocationType='Event'; let two minutes pass.",
        )
    about = record["requestContext"]
    return (
        f"{name} has a record: {about['condition']} after {about['approximateInvokeCount']} attempts, "
        f"{record.get('responsePayload', {}).get('errorMessage', 'without an answer')}"
    )


def _config(look: Look, function: Function) -> Mapping[str, Any]:
    pages = look.client("lambda").get_paginator("list_function_event_invoke_configs")
    found = {
        one["FunctionArn"].rpartition(":")[2]: one
        for page in pages.paginate(FunctionName=function.name)
        for one in page["FunctionEventInvokeConfigs"]
    }
    if LATEST in found:
        return dict(found[LATEST])
    expected = f"a destination for events that {function.name} could not handle"
    if found:
        raise NotYet(
            f"only {', '.join(found)} has such a setting; orders go to the function without a qualifier",
            expected,
            "Call put_function_event_invoke_config without Qualifier.",
        )
    raise NotYet(
        f"{function.name} has no settings for asynchronous invocations",
        expected,
        "Call put_function_event_invoke_config with retries, age and DestinationConfig.",
    )


def _target(function: Function, config: Mapping[str, Any]) -> str:
    targets = config.get("DestinationConfig", {})
    if target := targets.get("OnFailure", {}).get("Destination"):
        return str(target)
    expected = "DestinationConfig={'OnFailure': {'Destination': failed_arn}}"
    if targets.get("OnSuccess", {}).get("Destination"):
        raise NotYet(
            "the destination is OnSuccess: it hears of what went well",
            expected,
            "Failures go to OnFailure.",
        )
    raise NotYet(f"{function.name} has no destination", expected, "Add DestinationConfig to the setting.")


def _rules(config: Mapping[str, Any]) -> None:
    retries, age = config.get("MaximumRetryAttempts", 2), config.get("MaximumEventAgeInSeconds", 21600)
    if (retries, age) != (RETRIES, AGE_S):
        raise NotYet(
            f"{retries} {'retry' if retries == 1 else 'retries'} and an age of {age} s",
            f"{RETRIES} retry and an age of {AGE_S} s",
            "Send all settings in one call: put replaces what was there; what is not named is the default.",
        )


def _record(look: Look, target: str, function: Function) -> Mapping[str, Any] | None:
    """The last record about the function in a queue."""
    for message in reversed(peek(look, target)):
        try:
            record = json.loads(message["Body"])
            if f":function:{function.name}" in record["requestContext"]["functionArn"]:
                return dict(record)
        except (ValueError, TypeError, KeyError):
            continue
    return None
