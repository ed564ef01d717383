"""Which execution environment answered which call: the log streams of CloudWatch Logs know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from labkit import reports
from labkit.measure.rows import Measurements
from labkit.measure.target import MeasureError

_SLACK_MS = 60_000  # clocks differ, and a report comes after its call


def with_environments(logs: Any, measurements: Measurements) -> Measurements:
    """The same rows with ``environment`` filled in: one log stream is one execution environment.

    CloudWatch Logs shows a line some seconds after it was written; calls without one yet keep None.

    Args:
        logs: a boto3 CloudWatch Logs client.

    Raises:
        MeasureError: the function has no log group, as when its role may not write logs.
    """
    wanted = {row.request_id for row in measurements if row.request_id}
    if not wanted:
        return measurements
    group = measurements.function.log_group or f"/aws/lambda/{measurements.function.name.partition(':')[0]}"
    streams: dict[str, str] = {}
    try:
        for stream, message in _lines(logs, group, measurements):
            streams |= {report.request_id: stream for report in reports.parse_all(message)}
            if wanted <= streams.keys():
                break
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise MeasureError(
            f"There is no log group {group}: {measurements.function.name} wrote no logs. Its role needs "
            "logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents (AWSLambdaBasicExecutionRole)."
        ) from error
    rows = tuple(
        replace(row, environment=streams.get(row.request_id or "", row.environment)) for row in measurements
    )
    return replace(measurements, rows=rows)


def _lines(logs: Any, group: str, measurements: Measurements) -> Iterator[tuple[str, str]]:
    first_ms = int(min(row.sent_at for row in measurements) * 1000) - _SLACK_MS
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=first_ms)
    for page in pages:
        for event in page["events"]:
            yield event["logStreamName"], event["message"]
