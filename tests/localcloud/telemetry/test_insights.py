"""Queries of CloudWatch Logs Insights: each line of the table is a query and what it finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.localcloud.telemetry.insights import MalformedQuery, parse, record

ID = "326966f6-f92f-4ae4-9ffe-346f7ad2f97a"


def report(duration: str, used: int, more: str = "") -> str:
    """A REPORT line."""
    return (
        f"REPORT RequestId: {ID}\tDuration: {duration} ms\tBilled Duration: 16 ms\tMemory Size: 128 MB"
        f"\tMax Memory Used: {used} MB\t{more}\n"
    )


EVENTS = (
    (f"START RequestId: {ID} Version: $LATEST\n", 1_000),
    (json.dumps({"level": "INFO", "cart": {"items": [{"sku": "a"}]}, "total": 12.5, "paid": True}), 2_000),
    ("[ERROR] ValueError: order-7 took 9 ms\n", 2_500),
    (report("15.79", 81, "Init Duration: 904.16 ms\t"), 3_000),
    (report("25.21", 90), 600_000),
)
RECORDS = [
    record(message, time_ms, time_ms, "/aws/lambda/orders", "stream", "123456789012", str(number))
    for number, (message, time_ms) in enumerate(EVENTS)
]


def rows(query: str) -> list[dict[str, str]]:
    """What a query finds, each row as a dictionary without its pointer."""
    found = parse(query, now_ms=0).run(dict(each) for each in RECORDS)
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in found]


TABLE: list[tuple[str, list[dict[str, str]]]] = [
    ("fields @timestamp | limit 2",
     [{"@timestamp": "1970-01-01 00:10:00.000"}, {"@timestamp": "1970-01-01 00:00:03.000"}]),
    ("fields @log, @logStream | sort @timestamp asc | limit 1",
     [{"@log": "123456789012:/aws/lambda/orders", "@logStream": "stream"}]),
    ('filter @type = "REPORT" | stats max(@maxMemoryUsed / 1000 / 1000) as used, avg(@duration) as mean',
     [{"used": "90", "mean": "20.5"}]),
    ('filter @type="REPORT" | stats count(*), pct(@duration, 50) by bin(5m)',
     [{"bin(5m)": "1970-01-01 00:10:00.000", "count(*)": "1", "pct(@duration, 50)": "25.21"},
      {"bin(5m)": "1970-01-01 00:00:00.000", "count(*)": "1", "pct(@duration, 50)": "15.79"}]),
    ("stats count(*) as n by @type | sort n desc, @type | limit 1", [{"@type": "REPORT", "n": "2"}]),
    ("stats sum(@duration) / count(@duration) as mean, count_distinct(@requestId) as ids",
     [{"mean": "20.5", "ids": "1"}]),
    ("filter ispresent(@initDuration) | fields @initDuration, @requestId",
     [{"@initDuration": "904.16", "@requestId": ID}]),
    ("filter level = 'INFO' | fields cart.items.0.sku, total * 2 as twice, paid",
     [{"cart.items.0.sku": "a", "twice": "25", "paid": "1"}]),
    ("filter @message like /ERR/ | parse @message '[ERROR] *: * took * ms' as kind, _, ms | display ms, kind",
     [{"kind": "ValueError", "ms": "9"}]),
    ("parse /took (?<ms>\\d+) ms/ | filter ms > 5 | fields ms, strlen(@message) as long",
     [{"ms": "9", "long": "38"}]),
    ('filter @message not like "REPORT" and not (level in ["INFO"]) and @type != "START" '
     "| fields @ingestionTime",
     [{"@ingestionTime": "1970-01-01 00:00:02.500"}]),
    ("dedup @type | fields @type | filter ispresent(@type)", [{"@type": "REPORT"}, {"@type": "START"}]),
    ("filter @message =~ 'ERROR' | fields toupper(substr(@message, 1, 3)) as word", [{"word": "ERR"}]),
    ("# how many\nstats count()", [{"count()": "5"}]),
    ("filter @duration > 100 | stats count(*) as slow, max(@duration) as most", [{"slow": "0"}]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), TABLE)
def test_a_query_finds(query: str, expected: list[dict[str, str]]) -> None:
    """Filters, aggregations, patterns and discovered fields do what the guide says."""
    assert rows(query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select 1", "unexpected symbol found select at position 1"),
        ("fields @message |", "unexpected end of the query"),
        ("filter (a = 1", "unexpected end of the query"),
        ("fields a b", "unexpected symbol found b at position 10"),
        ("stats @duration", "stats needs a function of many records"),
        ("fields frobnicate(a)", "no function frobnicate"),
        ("filter a like /(/", "invalid regular expression"),
        ("parse @message '* *' as one", "parse has 2 places"),
        ("limit 10001", "limit must be between 1 and 10000"),
        ("pattern @message", "commands here are fields, display, filter"),
        ("fields {", "unexpected symbol found { at position 8"),
        ("", "the query is empty"),
    ],
)
def test_a_query_that_is_not_understood_is_refused(query: str, message: str) -> None:
    """It never finds everything instead."""
    with pytest.raises(MalformedQuery, match=message.replace("(", r"\(").replace("{", r"\{")):
        rows(query)


def test_results_can_be_asked_for(cloud: Any) -> None:
    """StartQuery, GetQueryResults and DescribeQueries; statistics; groups in three ways; errors by name."""
    logs, group = cloud.client("logs"), "/aws/lambda/queried"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now_s = int(cloud.now_s())
    events = [{"timestamp": now_s * 1000, "message": text} for text in (report("7.5", 60), "hello\n")]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    asked = {"startTime": now_s - 60, "endTime": now_s + 60, "queryString": "stats max(@duration) as most"}
    for named in (
        {"logGroupName": group},
        {"logGroupNames": [group]},
        {"logGroupIdentifiers": [f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"]},
    ):
        query = logs.start_query(**asked, **named)["queryId"]
        answer = logs.get_query_results(queryId=query)
        assert (answer["status"], answer["results"]) == ("Complete", [[{"field": "most", "value": "7.5"}]])
        assert answer["statistics"]["recordsScanned"] == 2
    assert logs.describe_queries(logGroupName=group)["queries"][0]["queryId"] == query
    with pytest.raises(logs.exceptions.MalformedQueryException):
        logs.start_query(**{**asked, "queryString": "nonsense"}, logGroupName=group)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.start_query(**asked, logGroupName="/nowhere")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="unknown")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.start_query(**asked)
