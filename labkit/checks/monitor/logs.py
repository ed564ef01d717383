"""05.5: log lines with fields, levels that the configuration sets, and an end to keeping them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.checks.faults import no_error
from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import order, order_prints, table_name
from labkit.checks.registry import check

QUIET = ("WARN", "ERROR", "FATAL")
DAYS_MAX = 14
EXPECTED = "a JSON line with level, request id and a field order_id for each order"


@check("05.5", title="Logs can be searched, and are not kept for ever")
def logs(look: Look) -> str:
    """The configuration, the retention, and the line that an order leaves."""
    function = order_prints(look)
    _configured(function)
    days = _retention(look, function)
    table = table_name(look, function)
    with order(look, table) as event:
        no_error(function, function.invoke(event), "sent a new order")
        lines = look.eventually(lambda: _lines(look, function, event["order_id"])) or []
    line = _structured(event["order_id"], lines)
    fields = ", ".join(key for key in line if key not in ("message", "timestamp", "level"))
    return f"{function.name} logs JSON with {fields}; {function.log_group} forgets after {days} days"


def _configured(function: Function) -> None:
    config = function.configuration.get("LoggingConfig", {})
    wanted = "LoggingConfig={'LogFormat': 'JSON', 'ApplicationLogLevel': 'INFO', …}"
    if config.get("LogFormat") != "JSON":
        raise NotYet(
            f"the log format of {function.name} is {config.get('LogFormat', 'Text')}",
            "LogFormat JSON",
            f"Call update_function_configuration with {wanted}.",
        )
    if (level := config.get("ApplicationLogLevel", "INFO")) in QUIET:
        raise NotYet(
            f"the application log level is {level}: lines at INFO are thrown away",
            "ApplicationLogLevel INFO",
            f"Call update_function_configuration with {wanted}.",
        )


def _retention(look: Look, function: Function) -> int:
    groups = look.client("logs").describe_log_groups(logGroupNamePrefix=function.log_group)["logGroups"]
    kept = [one.get("retentionInDays") for one in groups if one["logGroupName"] == function.log_group]
    days = kept[0] if kept else None
    expected = f"{function.log_group} forgets after {DAYS_MAX} days"
    if days is None:
        raise NotYet(
            f"{function.log_group} keeps everything for ever",
            expected,
            f"Call logs.put_retention_policy with retentionInDays={DAYS_MAX}.",
        )
    if days > DAYS_MAX:
        raise NotYet(
            f"{function.log_group} forgets after {days} days", expected, f"Set {DAYS_MAX} days, or fewer."
        )
    return int(days)


def _lines(look: Look, function: Function, order_id: str) -> list[str]:
    pages = look.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=function.log_group, filterPattern=f'"{order_id}"')
    return [event["message"] for page in found for event in page["events"]]


def _structured(order_id: str, lines: list[str]) -> Mapping[str, Any]:
    if not lines:
        raise NotYet(
            "an order leaves no line with its id",
            EXPECTED,
            "log.info('order', extra={'order_id': event['order_id']}), and update the function's code.",
        )
    parsed = [line for line in map(_parsed, lines) if line is not None]
    fielded = [line for line in parsed if line.get("order_id") == order_id and "_aws" not in line]
    if not fielded:
        if within := [key for line in parsed for key, value in line.items() if _within(value, order_id)]:
            raise NotYet(
                f"the order's id is somewhere within the field {within[0]}, not in a field of its own",
                EXPECTED,
                "Name each field: extra={'order_id': event['order_id'], 'copies': event['copies']}.",
            )
        raise NotYet(
            f"the order's id is in the text, not in a field of its own: {lines[0].strip()[:120]}",
            EXPECTED,
            "Give it as a field: extra={'order_id': …} with logging, order_id=… with Powertools' Logger.",
        )
    whole = [line for line in fielded if "level" in line and any("request" in key.lower() for key in line)]
    if not whole and "level" in fielded[0] and "location" in fielded[0]:
        raise NotYet(
            f"the line has no request id: {json.dumps(fielded[0])[:120]}",
            EXPECTED,
            "Powertools' Logger takes it from the context: decorate the handler with "
            "@log.inject_lambda_context.",
        )
    if not whole:
        raise NotYet(
            f"the line is JSON of your own, without level or request id: {json.dumps(fielded[0])[:120]}",
            EXPECTED,
            "print bypasses the levels, and nothing connects the line with its request. Use a logger.",
        )
    return whole[0]


def _within(value: Any, order_id: str) -> bool:
    return isinstance(value, dict | list) and order_id in json.dumps(value)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
