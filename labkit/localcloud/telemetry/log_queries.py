"""Gives moto's CloudWatch Logs the queries of Logs Insights: worked out when started, kept for who asks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException as Refused
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.telemetry import insights
from labkit.localcloud.telemetry.insights import Record

KEPT = 1_000  # queries whose results can be asked for
DAY_MS = 86_400_000


@dataclass(frozen=True)
class _Done:
    """A query with its results."""

    query_id: str
    text: str
    groups: tuple[str, ...]
    started_ms: int
    results: list[list[dict[str, str]]]
    statistics: dict[str, float]


def install(now: Callable[[], float]) -> None:
    """Teaches moto, once for the process. ``now`` is the lesson clock's, in seconds."""

    def start_query(self: LogsResponse) -> str:
        return _start(self, int(now() * 1000))

    LogsResponse.start_query = start_query  # type: ignore[method-assign]
    LogsResponse.get_query_results = _results  # type: ignore[method-assign]
    LogsResponse.describe_queries = _described  # type: ignore[method-assign]
    LogsResponse.stop_query = _stop  # type: ignore[attr-defined]


def _start(self: LogsResponse, now_ms: int) -> str:
    if (self._get_param("queryLanguage") or "CWLI") != "CWLI":
        raise Refused(f"A queryLanguage other than CWLI is {NOT_HERE}. Use the language of Logs Insights.")
    groups = _groups(self)
    text = self._get_param("queryString")
    try:
        query = insights.parse(text, now_ms)
    except insights.MalformedQuery as problem:
        raise JsonRESTError("MalformedQueryException", str(problem)) from None
    start_ms, end_ms = (_milliseconds(self._get_param(name)) for name in ("startTime", "endTime"))
    if start_ms > end_ms:
        raise Refused("startTime must be before endTime")
    records = [record for group in groups for record in _records(group, start_ms, end_ms, now_ms)]
    for number, record in enumerate(records):
        record["@ptr"] = str(number)
    results = query.run(records, self._get_param("limit"))
    statistics = {
        "recordsMatched": float(query.matched),
        "recordsScanned": float(len(records)),
        "estimatedRecordsSkipped": 0.0,
        "bytesScanned": float(sum(len(str(record["@message"]).encode()) for record in records)),
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(groups)),
    }
    done = _Done(str(uuid.uuid4()), text, tuple(group.name for group in groups), now_ms, results, statistics)
    kept: dict[str, Any] = self.logs_backend.queries
    kept[done.query_id] = done
    for old in list(kept)[:-KEPT]:
        del kept[old]
    return json.dumps({"queryId": done.query_id})


def _groups(self: LogsResponse) -> list[LogGroup]:
    """The log groups that a query names, in one of three ways."""
    one, names, identifiers = (
        self._get_param(name) for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers")
    )
    if sum(map(bool, (one, names, identifiers))) != 1:
        raise Refused("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given")
    backend: LogsBackend = self.logs_backend
    found = []
    for name in [one] if one else names or identifiers:
        plain = name.split(":log-group:")[-1].removesuffix(":*") if name.startswith("arn:") else name
        if plain not in backend.groups:
            raise ResourceNotFoundException()
        found.append(backend.groups[plain])
    return found


def _records(group: LogGroup, start_ms: int, end_ms: int, now_ms: int) -> Iterator[Record]:
    """The events of a group in a stretch of time, as far as its retention has kept them."""
    if group.retention_in_days:
        start_ms = max(start_ms, now_ms - int(group.retention_in_days) * DAY_MS)
    for stream in list(group.streams.values()):
        for event in list(stream.events):
            if start_ms <= event.timestamp <= end_ms:
                yield insights.record(
                    event.message,
                    event.timestamp,
                    event.ingestion_time,
                    group.name,
                    stream.log_stream_name,
                    group.account_id,
                    "0",
                )


def _milliseconds(time: int) -> int:
    """The API takes seconds; what can be no seconds are milliseconds."""
    return time if time > 100_000_000_000 else time * 1000


def _kept(self: LogsResponse) -> _Done:
    done = self.logs_backend.queries.get(self._get_param("queryId"))
    if not isinstance(done, _Done):
        raise ResourceNotFoundException("The specified query does not exist.")
    return done


def _results(self: LogsResponse) -> str:
    done = _kept(self)
    return json.dumps(
        {
            "queryLanguage": "CWLI",
            "results": done.results,
            "statistics": done.statistics,
            "status": "Complete",
        }
    )


def _described(self: LogsResponse) -> str:
    group, status = self._get_param("logGroupName"), self._get_param("status") or "Complete"
    kept: dict[str, Any] = self.logs_backend.queries
    queries = [
        {
            "queryLanguage": "CWLI",
            "queryId": done.query_id,
            "queryString": done.text,
            "status": "Complete",
            "createTime": done.started_ms,
            "logGroupName": done.groups[0],
        }
        for done in list(kept.values())
        if isinstance(done, _Done) and (group is None or group in done.groups) and status == "Complete"
    ]
    return json.dumps({"queries": queries[::-1]})


def _stop(self: LogsResponse) -> str:
    """StopQuery: a query is over as soon as it is started."""
    _kept(self)
    raise Refused("Query is not running and cannot be stopped.")
