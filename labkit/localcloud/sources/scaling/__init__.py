"""Application Auto Scaling of Lambda's provisioned concurrency. moto keeps what is configured."""

from __future__ import annotations

import asyncio

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.sources.alarms.alarms import Alarms
from labkit.localcloud.sources.scaling import requests
from labkit.localcloud.sources.scaling.activities import Scaling


def start(
    functions: FunctionService, clock: LessonClock, alarms: Alarms, loop: asyncio.AbstractEventLoop
) -> None:
    """Puts scaling to work: alarms of target tracking, and scheduled actions."""
    scaling = Scaling(functions, clock, alarms, loop)
    alarms.register("autoscaling", scaling.on_alarm)
    requests.install(scaling, clock)
