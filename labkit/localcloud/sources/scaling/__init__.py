"""Application Auto Scaling of Lambda's provisioned concurrency. moto keeps what is configured."""

from __future__ import annotations

import asyncio

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.alarms.alarms import Alarms


def start(functions: FunctionService, clock: LessonClock, alarms: Alarms, moto: MotoHost) -> None:
    """Puts scaling to work: alarms of target tracking, and scheduled actions. On the event loop."""
    loop = asyncio.get_running_loop()

    def teach() -> None:
        # With it moto imports all of EC2, which takes as long as everything else together.
        from labkit.localcloud.sources.scaling import requests
        from labkit.localcloud.sources.scaling.activities import Scaling

        scaling = Scaling(functions, clock, alarms, loop)
        alarms.register("autoscaling", scaling.on_alarm)
        requests.install(scaling, clock)

    moto.when_first_asked("application-autoscaling", teach)
