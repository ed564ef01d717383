"""What learners of phase 04 have measured, put into the logs of their functions as Lambda would write it.

So that an answer is judged by figures that are known, and not by how busy this machine is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from uuid import uuid4

from tests.wrong_answers.world import World

SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
# mean duration in ms by memory: twice the memory halves it; nothing changes it; 128 MB are too little (None)
CPU = {128: 800.0, 256: 400.0, 512: 200.0, 1024: 100.0, 1769: 58.0, 3008: 58.0}
WAIT = dict.fromkeys(SIZES_MB, 150.0)
HOLD = {128: None, 256: 640.0, 512: 320.0, 1024: 160.0, 1769: 93.0, 3008: 93.0}
LINE = (
    "REPORT RequestId: {id}\tDuration: {ms:.2f} ms\tBilled Duration: {billed} ms\t"
    "Memory Size: {mb} MB\tMax Memory Used: 40 MB\t{end}\n"
)


def logged(world: World, name: str, durations_ms: Sequence[float | None], memory_mb: int) -> None:
    """Warm invocations of a function; None is one that was killed."""
    _write(world, name, [_line(ms, memory_mb) for ms in durations_ms])


def curve(
    world: World, name: str, points: Mapping[int, float | None], version: int | str = "$LATEST"
) -> None:
    """Three warm invocations at each size."""
    _write(world, name, [_line(ms, memory_mb) for memory_mb, ms in points.items() for _ in range(3)], version)


def _write(world: World, name: str, lines: Sequence[str], version: int | str = "$LATEST") -> None:
    logs, group = world.client("logs"), f"/aws/lambda/{name}"
    stream = f"2026/11/28/[{version}]{uuid4().hex}"
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    begin = int(world.lab.clock.now().timestamp() * 1000)
    events = [{"timestamp": begin + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _line(ms: float | None, memory_mb: int) -> str:
    end = "" if ms else "Status: error\tError Type: Runtime.ExitError"
    took_ms = ms or 900.0
    return LINE.format(id=uuid4(), ms=took_ms, billed=int(took_ms) + 1, mb=memory_mb, end=end)
