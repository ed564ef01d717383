"""All execution environments of a cloud: which one takes an invocation, when one is started or ended.

As on Lambda: an idle environment of the same version and revision is reused, else a new one is started;
new code or configuration replaces them; long idle ones are ended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from labkit.runtime.environment import ExecutionEnvironment, Host, State
from labkit.runtime.languages import prepare
from labkit.runtime.pool import Pool
from labkit.runtime.sandbox import Launcher, probe
from labkit.runtime.spec import CredentialsSource, FunctionSpec, Invocation, LogSink, Outcome
from labkit.runtime.streaming import ResponseStream

IDLE_S = 600.0  # AWS names no figure; some minutes is what people measure
IDLE_MAX = 200  # beyond this many idle environments the longest idle ends: the machine is a laptop
STARTS_AT_ONCE = max(2, os.cpu_count() or 2)
START_TURN_S = 0.5  # an init that sleeps gives its turn to the next one after this long
log = logging.getLogger(__name__)


class Fleet:
    """Runs invocations on execution environments. All methods belong to the event loop's thread."""

    def __init__(
        self,
        *,
        home: Path,
        cache_dir: Path,
        endpoint: str,
        credentials: CredentialsSource,
        sink: LogSink,
        now_ms: Callable[[], int],
        xray_daemon: str = "",
    ) -> None:
        self._launcher = Launcher()
        self._host_parts = {
            "home": home,
            "cache_dir": cache_dir,
            "endpoint": endpoint,
            "credentials": credentials,
            "sink": sink,
            "now_ms": now_ms,
            "xray_daemon": xray_daemon,
        }
        self._home, self._cache_dir = home, cache_dir
        self._host: asyncio.Future[Host]
        self._idle: dict[tuple[str, str], list[ExecutionEnvironment]] = defaultdict(list)
        self._all: set[ExecutionEnvironment] = set()
        self._pools: dict[str, Pool] = {}
        self._outdated: set[ExecutionEnvironment] = set()
        self._turns = asyncio.Semaphore(STARTS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._isolation_problem: str | None = None

    def start(self) -> None:
        """Starts the launcher; finds out meanwhile how well this machine can isolate functions."""
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(parents=True, mode=0o700)
        self._launcher.start()
        self._host = asyncio.create_task(self._probed())
        self._reap()

    async def isolation_problem(self) -> str | None:
        """Why functions are not isolated on this machine; None when they are."""
        await self._host
        return self._isolation_problem

    def prepare_runtimes(self) -> None:
        """Builds what can be built before the first function is deployed. Blocking: call it in a thread."""
        prepare(self._cache_dir)

    async def invoke(
        self,
        spec: FunctionSpec,
        invocation: Invocation,
        pool: str | None = None,
        response: ResponseStream | None = None,
    ) -> Outcome:
        """Runs one invocation; a cold start when no idle environment fits.

        Args:
            pool: provisioned environments to try first; when all are busy the invocation spills over.
            response: takes what the function streams, as it is written; None collects it.

        Raises:
            RuntimeUnavailable: this machine cannot run the function's runtime.
        """
        kept = self._pools.get(pool or "")
        environment = (kept and kept.ready(spec)) or self._take_idle(spec)
        if environment is None:
            environment = await self._start(spec)
        try:
            return await environment.invoke(invocation, response)
        finally:
            self._give_back(environment)

    def environments(self, arn: str) -> list[ExecutionEnvironment]:
        """The living environments of a function, all versions."""
        return [environment for environment in self._all if environment.spec.arn == arn]

    async def keep_warm(
        self, pool: str, spec: FunctionSpec | None, count: int, progress: Callable[[int], None]
    ) -> None:
        """Starts environments ahead (provisioned concurrency) until ``count`` of them stand in ``pool``.

        Environments of another version or revision, and surplus ones, are ended; one that is lost is
        replaced. ``progress`` is told how many are ready, each time that it changes. ``spec`` None gives the
        pool up.

        Raises:
            RuntimeUnavailable: this machine cannot run the function's runtime.
        """
        before = self._pools.pop(pool, None)
        kept = Pool(spec, count, progress) if spec is not None else None
        for environment in before.environments if before is not None else ():
            if kept is not None and kept.takes(environment):
                kept.environments.add(environment)
            elif environment.state is not State.BUSY:
                self._end(environment)
        if kept is not None:
            self._pools[pool] = kept
            progress(len(kept.environments))
            await self._fill(pool, kept)

    def retire(self, arn: str, version: str | None = None, keep_revision: str | None = None) -> None:
        """Ends idle environments of a function (or version) but those of ``keep_revision``; busy ones end
        when they are done."""

        def outdated(spec: FunctionSpec) -> bool:
            return spec.arn == arn and version in (None, spec.version) and spec.revision != keep_revision

        self._pools = {name: pool for name, pool in self._pools.items() if not outdated(pool.spec)}
        for environment in self.environments(arn):
            spec = environment.spec
            if outdated(spec):
                if environment in self._idle[spec.key]:
                    self._idle[spec.key].remove(environment)
                if environment.state in (State.IDLE, State.FAILED):
                    self._end(environment)
                else:
                    self._outdated.add(environment)

    async def close(self) -> None:
        """Ends all environments and the launcher; nothing stays behind."""
        if self._reaper is not None:
            self._reaper.cancel()
        self._pools.clear()  # nothing is started in their place any more
        for environment in list(self._all):
            self._end(environment)
        await asyncio.gather(self._host, *self._tasks, return_exceptions=True)
        self._launcher.close()
        shutil.rmtree(self._home, ignore_errors=True)

    async def _probed(self) -> Host:
        self._isolation_problem = await probe(self._launcher, self._home)
        isolated = self._isolation_problem is None
        return Host(launcher=self._launcher, isolated=isolated, **self._host_parts)  # type: ignore[arg-type]

    def _take_idle(self, spec: FunctionSpec) -> ExecutionEnvironment | None:
        waiting = self._idle.get(spec.key)
        while waiting:
            environment = waiting.pop()
            if environment.spec.revision == spec.revision and not environment.lost:
                return environment
            self._end(environment)
        return None

    async def _start(
        self, spec: FunctionSpec, initialization_type: str = "on-demand"
    ) -> ExecutionEnvironment:
        environment = ExecutionEnvironment(spec, await self._host, initialization_type)
        self._all.add(environment)
        await self._turns.acquire()
        turn = Turn(self._turns)
        timer = asyncio.get_running_loop().call_later(START_TURN_S, turn.give)
        try:
            await environment.initialise()
        except BaseException:
            self._end(environment)
            raise
        finally:
            timer.cancel()
            turn.give()
        return environment

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        spec = environment.spec
        if environment in self._outdated or environment.state is State.DEAD or environment not in self._all:
            self._outdated.discard(environment)
            for pool in self._pools.values():
                pool.environments.discard(environment)
            self._end(environment)
            return
        if environment.initialization_type != "on-demand":
            if not any(environment in pool.environments for pool in self._pools.values()):
                self._end(environment)
            return
        environment.idle_since = asyncio.get_running_loop().time()
        self._idle[spec.key].append(environment)

    def _end(self, environment: ExecutionEnvironment) -> None:
        self._all.discard(environment)
        self._spawn(environment.close())

    async def _fill(self, name: str, pool: Pool) -> None:
        """Starts what is missing in a pool, as long as it is the one that is wanted."""
        pool.filling = True
        try:
            while not pool.full and self._pools.get(name) is pool:
                environment = await self._start(pool.spec, "provisioned-concurrency")
                wanted = self._pools.get(name)
                if wanted is None or not wanted.takes(environment):
                    self._end(environment)
                else:
                    wanted.add(environment)
                    environment.when_lost(partial(self._replace, name, environment))
        finally:
            pool.filling = False

    def _replace(self, name: str, lost: ExecutionEnvironment) -> None:
        """An environment of a pool has gone without being ended here, with whatever it was doing."""
        pool = self._pools.get(name)
        if pool is None or lost not in pool.environments:
            return
        pool.lose(lost)
        if lost.state is not State.BUSY:
            self._end(lost)
        if not pool.filling:
            self._spawn(self._refill(name, pool))

    async def _refill(self, name: str, pool: Pool) -> None:
        try:
            await self._fill(name, pool)
        except Exception:
            log.exception("provisioned environments of %s cannot be replaced", name)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _reap(self) -> None:
        loop = asyncio.get_running_loop()
        idle = sorted((e for waiting in self._idle.values() for e in waiting), key=lambda e: e.idle_since)
        surplus = len(idle) - IDLE_MAX
        for number, environment in enumerate(idle):
            if number < surplus or loop.time() - environment.idle_since > IDLE_S:
                self._idle[environment.spec.key].remove(environment)
                self._end(environment)
        self._reaper = loop.call_later(30, self._reap)


class Turn:
    """One place of a semaphore, given back once however often it is asked."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore, self._held = semaphore, True

    def give(self) -> None:
        if self._held:
            self._held = False
            self._semaphore.release()
