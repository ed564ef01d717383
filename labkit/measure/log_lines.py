"""Looks for a text in a function's log."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def log_lines(client: Any, function: str, text: str, *, since: datetime | None = None) -> list[str]:
    """The lines of a function's log that contain a text, in the order of their times.

    Args:
        client: of CloudWatch Logs.
        function: its name; the log is looked for in its own log group.
        text: taken literally, capitals included. On AWS it takes some seconds until lines are found.
        since: only lines of this time or later, such as ``lab.clock.now()`` before something was sent.
    """
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    group: dict[str, Any] = {"logGroupName": f"/aws/lambda/{function}", "filterPattern": f'"{quoted}"'}
    if since is not None:
        group["startTime"] = int(since.timestamp() * 1000)
    try:
        pages = list(client.get_paginator("filter_log_events").paginate(**group))
    except client.exceptions.ResourceNotFoundException:  # it was never invoked
        return []
    found = [(event["timestamp"], event["message"].strip()) for page in pages for event in page["events"]]
    return [message for _, message in sorted(found, key=lambda one: one[0])]
