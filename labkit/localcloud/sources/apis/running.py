"""Functions that run for a caller who may not wait for their end: an API gives up, the function goes on."""

from __future__ import annotations

import asyncio
import logging

from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.streamed import Streamed
from labkit.localcloud.sources.targets import NotDelivered, Sender, Targets
from labkit.runtime.spec import Outcome

log = logging.getLogger(__name__)


class Running:
    """Invokes functions for APIs. A function runs to its end whether its caller waits or not."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._tasks: set[asyncio.Task[Outcome]] = set()

    async def call(
        self,
        function_arn: str,
        payload: bytes,
        trace_header: str,
        *,
        sender: Sender | None = None,
        timeout_s: float | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        """The function's outcome.

        Args:
            sender: None where permissions were asked before.
            timeout_s: how long the API waits, in real time, as functions run in real time.

        Raises:
            NotDelivered: the function's policy does not let the sender.
            ServiceError: no such function, throttled, too large.
            TimeoutError: the API waits no longer.
        """
        work = self._targets.invoke(function_arn, payload, trace_header, sender, request_id)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.wait_for(asyncio.shield(task), timeout_s)

    async def stream(self, function_arn: str, payload: bytes, trace_header: str, request_id: str) -> Streamed:
        """The function's answer as it is written, when it begins; permissions were asked before.

        Raises:
            ServiceError: as ``call``.
        """
        return await self._targets.stream(function_arn, payload, trace_header, request_id)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[Outcome]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, (ServiceError, NotDelivered)):
            log.error("a function that an API invoked could not run", exc_info=error)
