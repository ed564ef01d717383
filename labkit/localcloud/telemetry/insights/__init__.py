"""CloudWatch Logs Insights: the query language, over log events. Knows nothing of moto.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights query syntax" and "Supported logs and discovered
fields".
"""

from __future__ import annotations

from labkit.localcloud.telemetry.insights.query import Query, parse
from labkit.localcloud.telemetry.insights.records import Record, record
from labkit.localcloud.telemetry.insights.tokens import MalformedQuery

__all__ = ["MalformedQuery", "Query", "Record", "parse", "record"]
