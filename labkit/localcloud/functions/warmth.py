"""Makes provisioned concurrency true: environments are started ahead, and the API is told how far it is."""

from __future__ import annotations

import asyncio
import logging

from labkit.errors import LabError
from labkit.localcloud.functions.context import CallContext, Change
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.service import FunctionService
from labkit.runtime.fleet import Fleet
from labkit.runtime.spec import FunctionSpec

log = logging.getLogger(__name__)


class Warmth:
    """Follows the provisioned concurrency settings of all functions."""

    def __init__(self, functions: FunctionService, fleet: Fleet, account_id: str) -> None:
        self._functions, self._fleet, self._account_id = functions, fleet, account_id
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, change: Change) -> None:
        """A setting was made, moved or taken away; runs in the background."""
        task = asyncio.get_running_loop().create_task(self._apply(change))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _apply(self, change: Change) -> None:
        arn, qualifier = change.function_arn, change.qualifier or ""
        spec, count = self._wanted(change)

        def progress(ready: int) -> None:
            status = "READY" if ready >= count else "IN_PROGRESS"
            self._functions.report_provisioned(
                arn,
                qualifier,
                allocated=ready,
                available=ready,
                status=status,  # type: ignore[arg-type]
            )

        try:
            await self._fleet.keep_warm(f"{arn}:{qualifier}", spec, count, progress)
        except LabError as error:
            log.warning("provisioned concurrency of %s:%s: %s", arn, qualifier, error)
            self._functions.report_provisioned(
                arn, qualifier, allocated=0, available=0, status="FAILED", reason=str(error)
            )

    def _wanted(self, change: Change) -> tuple[FunctionSpec | None, int]:
        for setting in self._functions.provisioned(change.function_arn):
            if setting.qualifier == change.qualifier:
                context = CallContext(change.region, self._account_id, "")
                try:
                    # Weights are not provisioned: the setting stands for the alias's main version.
                    resolved = self._functions.resolve(
                        change.function_arn, setting.qualifier, context, choose=lambda: 1.0
                    )
                except ServiceError:
                    return None, 0
                return resolved.spec, setting.requested
        return None, 0
