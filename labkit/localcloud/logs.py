"""Function logs go into CloudWatch Logs (moto's), when the execution role allows it, as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from labkit.localcloud import lessons
from labkit.runtime.spec import FunctionSpec

if TYPE_CHECKING:
    from moto.logs.models import LogGroup, LogStream

RoleAllows = Callable[[str, str, str], bool]


class FunctionLogs:
    """The log sink of all functions; creates group and stream at their first event."""

    def __init__(self, role_allows: RoleAllows) -> None:
        self._role_allows = role_allows

    def __call__(self, spec: FunctionSpec, stream: str, events: Sequence[tuple[int, str]]) -> None:
        found = self._stream(spec, stream)
        if found is not None:
            found.put_log_events([{"timestamp": time_ms, "message": text} for time_ms, text in events])

    def _stream(self, spec: FunctionSpec, name: str) -> LogStream | None:
        backend = lessons.backend("logs", spec.account_id, spec.region)
        arn = f"arn:aws:logs:{spec.region}:{spec.account_id}:log-group:{spec.log_group}"
        if not self._role_allows(spec.role_arn, "logs:PutLogEvents", f"{arn}:log-stream:{name}"):
            return None
        group: LogGroup | None = backend.groups.get(spec.log_group)
        if group is None:
            if not self._role_allows(spec.role_arn, "logs:CreateLogGroup", arn):
                return None
            backend.create_log_group(spec.log_group, {})
            group = backend.groups[spec.log_group]
        if name not in group.streams:
            if not self._role_allows(spec.role_arn, "logs:CreateLogStream", f"{arn}:log-stream:{name}"):
                return None
            group.create_log_stream(name)
        stream: LogStream = group.streams[name]
        return stream
