"""The events of one execution in CloudWatch Logs, as Step Functions writes them.

Imported when the interpreter is loaded. Source: AWS, "Using CloudWatch Logs to log execution history".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, LogLevel
from moto.stepfunctions.parser.asl.eval.event.logging import is_logging_enabled_for

from labkit.localcloud import lessons
from labkit.localcloud.identities import ACCOUNT_ID


class RunLog:
    """Stands where moto's logging session does: ``configuration`` and the two methods are its interface."""

    def __init__(
        self,
        execution_arn: str,
        *,
        region: str,
        group: str,
        stream: str,
        level: str,
        with_data: bool,
        now: Callable[[], float],
    ) -> None:
        self.execution_arn = execution_arn
        self.configuration = SimpleNamespace(include_execution_data=with_data)
        self._region, self._group, self._stream = region, group, stream
        self._level, self._now = LogLevel(level), now

    def log_level_filter(self, history_event_type: HistoryEventType) -> bool:
        return bool(is_logging_enabled_for(log_level=self._level, history_event_type=history_event_type))

    def publish_history_log(self, history_log: dict[str, Any]) -> None:
        group = lessons.backend("logs", ACCOUNT_ID, self._region).groups.get(self._group)
        if group is None:
            return  # deleted meanwhile: AWS drops these lines, too
        if self._stream not in group.streams:
            group.create_log_stream(self._stream)
        time_ms = int(self._now() * 1000)
        line = {**history_log, "type": str(history_log["type"].value), "event_timestamp": str(time_ms)}
        message = json.dumps(line, separators=(",", ":"), default=str)
        group.streams[self._stream].put_log_events([{"timestamp": time_ms, "message": message}])
