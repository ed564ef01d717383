"""What CloudWatch Logs does not take, and what it says."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
GROUP = "log-requests"
TIME_MS = 1_700_000_000_000
INVALID = "InvalidParameterException"
STREAM = {"logGroupName": GROUP, "logStreamName": "s"}


@pytest.fixture(scope="module")
def logs(cloud: Any) -> Any:
    logs = cloud.client("logs", config=UNCHECKED)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(**STREAM)
    return logs


def events(*messages: str, apart_ms: int = 0) -> dict[str, Any]:
    """PutLogEvents of some messages."""
    return {
        **STREAM,
        "logEvents": [
            {"timestamp": TIME_MS + number * apart_ms, "message": message}
            for number, message in enumerate(messages)
        ],
    }


TABLE: list[tuple[str, dict[str, Any], str, str]] = [
    ("create_log_group", {"logGroupName": "two words"}, INVALID, "Value 'two words' at 'logGroupName'"),
    ("create_log_group", {"logGroupName": "g", "kmsKeyId": "k"}, INVALID, "kmsKeyId of CreateLogGroup"),
    ("create_log_group", {"logGroupName": "g", "logGroupClass": "INFREQUENT_ACCESS"}, INVALID,
     "Use STANDARD"),
    ("create_log_stream", {**STREAM, "logStreamName": "a:b"}, INVALID, "Value 'a:b' at 'logStreamName'"),
    ("create_log_stream", STREAM, "ResourceAlreadyExistsException",
     "The specified log stream already exists"),
    ("put_retention_policy", {"logGroupName": GROUP, "retentionInDays": 2}, INVALID,
     "Member must satisfy enum value set: [1, 3, 5, 7,"),
    ("put_log_events", events(), INVALID, "Value '[]' at 'logEvents' failed"),
    ("put_log_events", events(""), INVALID, "Value '' at 'logEvents.1.member.message' failed"),
    ("put_log_events", events("x" * 1_048_551), INVALID,
     "Upload too large: 1048577 bytes exceeds limit of 1048576"),
    ("put_log_events", events("x", "y", apart_ms=86_400_001), INVALID, "cannot span more than 24 hours"),
    ("filter_log_events", {"logGroupName": GROUP, "startTime": -1}, INVALID, "Value '-1' at 'startTime'"),
    ("filter_log_events", {"logGroupName": GROUP, "limit": "many"}, "SerializationException",
     "limit must be an integer, not a string."),
    ("put_destination", {"destinationName": "d"}, "NotImplemented", "Subscribe a function"),
    ("associate_kms_key", {"logGroupName": GROUP, "kmsKeyId": "k"}, "NotImplemented", "leave the key out"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "params", "code", "message"), TABLE, ids=[f"{n}-{r[0]}" for n, r in enumerate(TABLE)]
)
def test_a_request_is_refused(
    logs: Any, operation: str, params: dict[str, Any], code: str, message: str
) -> None:
    """With AWS's error, or by name where it would have no effect here."""
    with pytest.raises(ClientError) as raised:
        getattr(logs, operation)(**params)
    assert raised.value.response["Error"]["Code"] == code
    assert message in raised.value.response["Error"]["Message"]


def test_a_metric_filter_can_be_tried(logs: Any) -> None:
    """TestMetricFilter tells what matches, and the fields of a space-delimited pattern."""
    lines = ["GET /a 200", "GET /b 500", "nothing"]
    answer = logs.test_metric_filter(filterPattern="[method, path, status=5*]", logEventMessages=lines)
    (match,) = answer["matches"]
    assert (match["eventNumber"], match["extractedValues"]["$path"]) == (2, "/b")
