"""What an environment has for its whole life: directories, log pipes, API port, keeper, watches."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from labkit import facts
from labkit.runtime.api import Runtime, RuntimeApi
from labkit.runtime.cpu import CpuGovernor
from labkit.runtime.extensions import external_names
from labkit.runtime.generation import Plan
from labkit.runtime.languages import Launch, View, launch_for
from labkit.runtime.layers import merged
from labkit.runtime.loglines import Platform
from labkit.runtime.output import LogPipe
from labkit.runtime.processes import ProcessTree
from labkit.runtime.sandbox import ISOLATED_VIEW, Keeper, Launcher, Place
from labkit.runtime.spec import CredentialsSource, FunctionSpec, LogSink
from labkit.runtime.variables import variables
from labkit.runtime.watch import MemoryWatch

LOOPBACK = "127.0.0.1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Host:
    """What all environments of a cloud share."""

    launcher: Launcher
    isolated: bool
    home: Path
    cache_dir: Path
    endpoint: str
    credentials: CredentialsSource
    sink: LogSink
    now_ms: Callable[[], int]
    xray_daemon: str = ""


@dataclass(frozen=True)
class Identity:
    """Who an environment is: names that it bears from its beginning to its end."""

    instance_id: str
    log_stream: str
    initialization_type: str


@dataclass(frozen=True)
class Workplace:
    """Made once; several generations of processes live in it, one after the other."""

    spec: FunctionSpec
    host: Host
    identity: Identity
    place: Place
    launch: Launch
    view: View
    extensions: tuple[str, ...]
    pipe: LogPipe
    api: RuntimeApi
    keeper: Keeper
    tree: ProcessTree
    watch: MemoryWatch
    cpu: CpuGovernor
    platform: Platform

    def plan(self) -> Plan:
        """What the next generation starts: with credentials of this moment."""
        env = variables(
            self.spec,
            self.launch,
            self.view,
            self.host.credentials(self.spec),
            runtime_api=self.api.address,
            log_stream=self.identity.log_stream,
            endpoint=self.host.endpoint,
            xray_daemon=self.host.xray_daemon,
            initialization_type=self.identity.initialization_type,
        )
        limits = {"RLIMIT_NOFILE": _fact("file_descriptors_max"), "RLIMIT_CORE": 0}
        if self.host.isolated:
            limits["RLIMIT_NPROC"] = _fact("processes_max")
        return Plan(self.spec, self.launch, self.view, self.place.opt_dir, self.extensions, env, limits)


async def prepare(
    spec: FunctionSpec,
    host: Host,
    identity: Identity,
    runtime: Runtime,
    exceeded: Callable[[], None],
    cleanup: contextlib.AsyncExitStack,
) -> Workplace:
    """Makes a workplace; ``cleanup`` gets what undoes it, also when only a part could be made.

    Args:
        runtime: gets what the processes say over the Runtime API.
        exceeded: called when they use more memory than they may.

    Raises:
        RuntimeUnavailable: this machine cannot run the function's runtime.
    """
    opt_dir = await asyncio.to_thread(merged, spec.layer_dirs, host.cache_dir)
    home = host.home / identity.instance_id
    place = Place(home, spec.code_dir, opt_dir, spec.ephemeral_storage_mb, _address(host))
    cleanup.callback(place.remove)
    place.create()
    launch, view = await asyncio.to_thread(_choose_launch, spec, host, place)
    extensions = tuple(external_names(opt_dir))
    kinds = ("function", "extension") if extensions else ("function",)
    pipe = LogPipe(lambda events: host.sink(spec, identity.log_stream, events), host.now_ms, kinds)
    cleanup.callback(pipe.close)
    api = RuntimeApi(runtime)
    await api.start()
    cleanup.push_async_callback(api.close)
    keeper = await host.launcher.create(place.mounts(launch) if host.isolated else None, *pipe.writers)
    cleanup.push_async_callback(keeper.close)
    pipe.close_writers()
    tree = ProcessTree(keeper.pid)
    watch = MemoryWatch(tree, spec.memory_mb << 20, exceeded)
    cpu = CpuGovernor(tree, spec.memory_mb)
    cleanup.callback(watch.end)
    cleanup.callback(cpu.end)
    arn = f"arn:aws:lambda:{spec.region}::runtime:{sha256(spec.runtime.encode()).hexdigest()}"
    platform = Platform(spec, launch.runtime_version, arn, identity.log_stream, identity.initialization_type)
    return Workplace(
        spec, host, identity, place, launch, view, extensions, pipe, api, keeper, tree, watch, cpu, platform
    )


def _choose_launch(spec: FunctionSpec, host: Host, place: Place) -> tuple[Launch, View]:
    view = ISOLATED_VIEW if host.isolated else place.plain_view()
    launch = launch_for(spec, view, host.cache_dir)
    if not host.isolated:
        view = replace(view, runtime_dir=str(launch.runtime_dir))
        launch = launch_for(spec, view, host.cache_dir)
    return launch, view


def _address(host: Host) -> str:
    """What ``sandbox.localdomain`` means: an address of its own where loopback has more than one.

    So extensions of several environments can listen on the same port.
    """
    if not host.isolated or sys.platform != "linux":
        return LOOPBACK
    number = next(_numbers)
    return f"127.{64 + (number >> 16) % 64}.{(number >> 8) % 256}.{number % 256}"


def _fact(name: str) -> int:
    return int(facts.quota(name).value)
