"""The pure parts of event source mappings: what an answer says of a batch, what filters let through."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from labkit.localcloud.sources.mappings.answers import failed_identifiers
from labkit.localcloud.sources.mappings.filters import lets_through
from labkit.runtime.spec import Outcome

BATCH = ("m1", "m2", "m3")
EVERYTHING, NOTHING = set(BATCH), set()
# Source: Lambda Developer Guide, success and failure conditions of partial batch responses.
ANSWERS: list[tuple[str, set[str]]] = [
    ("null", NOTHING),
    ("", NOTHING),
    ("{}", NOTHING),
    ('{"batchItemFailures": null}', NOTHING),
    ('{"batchItemFailures": []}', NOTHING),
    ('{"batchItemFailures": [{"itemIdentifier": "m2"}]}', {"m2"}),
    ('{"batchItemFailures": [{"itemIdentifier": "m3"}, {"itemIdentifier": "m1"}]}', {"m1", "m3"}),
    ('{"batchItemFailures": [{"itemIdentifier": ""}]}', EVERYTHING),
    ('{"batchItemFailures": [{"itemIdentifier": null}]}', EVERYTHING),
    ('{"batchItemFailures": [{"identifier": "m2"}]}', EVERYTHING),
    ('{"batchItemFailures": [{"itemIdentifier": "m2"}, {"itemIdentifier": "other"}]}', EVERYTHING),
    ('{"batchItemFailures": "m2"}', EVERYTHING),
    ('"done"', EVERYTHING),
    ("{no json", EVERYTHING),
]


def outcome(payload: str, function_error: str | None = None) -> Outcome:
    return Outcome(payload.encode(), function_error, b"", 1.0, 1, 1, "stream")


@pytest.mark.parametrize(("answer", "failed"), ANSWERS, ids=[answer for answer, _ in ANSWERS])
def test_what_an_answer_says_of_a_batch(answer: str, failed: set[str]) -> None:
    """Only with ReportBatchItemFailures; without it every answer is a success."""
    assert failed_identifiers(outcome(answer), BATCH, reports=True) == failed
    assert failed_identifiers(outcome(answer), BATCH, reports=False) == NOTHING


def test_an_error_fails_the_whole_batch() -> None:
    """Whatever its payload looks like."""
    report = '{"batchItemFailures": [{"itemIdentifier": "m2"}]}'
    assert failed_identifiers(outcome(report, "Unhandled"), BATCH, reports=True) == EVERYTHING


# Content of body or data, pattern for it, whether it is let through. Source: as in filters.py.
CONTENTS: list[tuple[str, Any, bool]] = [
    ('{"city": "Tokyo"}', {"city": ["Tokyo"]}, True),
    ('{"city": "Tokyo"}', {"city": ["Kyoto"]}, False),
    ('{"city": "Tokyo"}', ["Tokyo"], False),
    ("Tokyo", ["Tokyo"], True),
    ("Tokyo", [{"prefix": "To"}], True),
    ("Kyoto", ["Tokyo"], False),
    ("Tokyo", {"city": ["Tokyo"]}, False),
    ('[{"city": "Kyoto"}, {"city": "Tokyo"}]', {"city": ["Tokyo"]}, True),
]


@pytest.mark.parametrize(("content", "pattern", "lets"), CONTENTS, ids=str)
def test_bodies_and_data_are_read_as_the_pattern_has_them(content: str, pattern: Any, lets: bool) -> None:
    """The same for a queue's body and for Kinesis' data, which is base64."""
    message = {"messageId": "m", "body": content}
    assert lets_through("sqs", (json.dumps({"body": pattern}),))(message) is lets
    data = base64.b64encode(content.encode()).decode()
    record = {"kinesis": {"partitionKey": "p", "data": data}, "eventName": "aws:kinesis:record"}
    assert lets_through("kinesis", (json.dumps({"data": pattern}),))(record) is lets


def test_one_of_several_filters_is_enough_and_metadata_counts_too() -> None:
    """Patterns on other fields leave the body alone; no filters let everything through."""
    message = {"body": "anything", "messageAttributes": {"kind": {"stringValue": "a"}}}
    by_kind = json.dumps({"messageAttributes": {"kind": {"stringValue": ["a"]}}})
    by_body = json.dumps({"body": ["nothing"]})
    assert lets_through("sqs", (by_body, by_kind))(message)
    assert not lets_through("sqs", (by_body,))(message)
    assert lets_through("sqs", ())(message)


def test_data_that_is_no_text_fits_no_pattern_of_its_content() -> None:
    """Binary data is kept out; without a pattern on it, it goes through."""
    record = {"kinesis": {"partitionKey": "p", "data": base64.b64encode(b"\xff").decode()}}
    assert not lets_through("kinesis", ('{"data": {"a": [1]}}',))(record)
    assert lets_through("kinesis", ('{"partitionKey": ["p"]}',))(record)
