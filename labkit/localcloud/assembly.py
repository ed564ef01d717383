"""Puts the parts of the local cloud together: who gets to know whom is decided here and nowhere else."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from labkit.localcloud import lessons
from labkit.localcloud.aws import AwsApi
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.front import Answer, Front, Request
from labkit.localcloud.functions.concurrency import claimed
from labkit.localcloud.functions.context import Change, Dependencies
from labkit.localcloud.functions.delivery import Delivery
from labkit.localcloud.functions.errors import role_not_assumable
from labkit.localcloud.functions.events import EventQueue
from labkit.localcloud.functions.invoke import Invocations
from labkit.localcloud.functions.names import Caller
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.functions.warmth import Warmth
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import ACCOUNT_ID, Identities
from labkit.localcloud.local_api import LocalApi
from labkit.localcloud.logs import FunctionLogs
from labkit.localcloud.moto_host import MotoHost, s3_object
from labkit.localcloud.permissions.decide import Permissions
from labkit.localcloud.services import Around, Services
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.mappings.pollers import Pollers
from labkit.localcloud.sources.mappings.world import World
from labkit.localcloud.sources.targets import Targets
from labkit.localcloud.telemetry.metrics import LambdaMetrics
from labkit.localcloud.telemetry.store import Stores
from labkit.localcloud.tracing import inbox
from labkit.localcloud.tracing.daemon import Daemon
from labkit.localcloud.tracing.tracer import Tracer
from labkit.runtime.fleet import Fleet
from labkit.runtime.languages import available, check
from labkit.runtime.languages.cache import place as cache_place
from labkit.runtime.spec import Credentials, FunctionSpec

LAMBDA = "lambda.amazonaws.com"


@dataclass(frozen=True)
class Parts:
    """A running local cloud. ``front`` answers HTTP requests."""

    front: Front
    fleet: Fleet
    clock: LessonClock
    queue: EventQueue
    warmth: Warmth
    moto: MotoHost
    daemon: Daemon
    targets: Targets
    running: Running

    def prepare(self) -> None:
        """Loads and builds what the first function would wait for. Blocking: call it in a thread."""
        for service in ("iam", "logs"):
            lessons.learned(service)
        self.fleet.prepare_runtimes()

    async def close(self) -> None:
        """Ends what runs, outermost first; nothing stays behind on the machine."""
        self.clock.close()
        self.running.close()
        await self.queue.close()
        await self.warmth.close()
        await self.fleet.close()
        await self.daemon.close()
        self.moto.close()


async def assemble(
    state_dir: Path, workspace: Path, endpoint: str, key: tuple[str, str], role_delay_s: float
) -> Parts:
    """Makes all parts for one workspace.

    Args:
        key: the workspace's access key id and secret.
        role_delay_s: how long Lambda cannot assume a new role yet.
    """
    loop = asyncio.get_running_loop()
    cache = cache_place(state_dir / "cache")
    clock = LessonClock()
    moto = MotoHost(endpoint)
    identities = Identities(*key)
    fleet: Fleet
    functions: FunctionService
    warmth: Warmth
    pollers: Pollers

    stores = Stores()

    def claims(region: str) -> int:
        return sum(claimed(function) for function in functions.region(region, ACCOUNT_ID).functions.values())

    metrics = LambdaMetrics(stores, clock.now, claims)

    def on_change(change: Change) -> None:
        if change.kind in ("reserved", "provisioned", "deleted"):
            metrics.claims_changed(change.region)
        if change.kind == "replaced" and change.spec is not None:
            fleet.retire(change.function_arn, change.version, change.spec.revision)
        elif change.kind == "deleted":
            fleet.retire(change.function_arn, change.version)
        elif change.kind == "provisioned":
            warmth.follow(change)
        if change.kind in ("active", "replaced", "deleted"):
            pollers.function_changed(change.function_arn)

    code_token = secrets.token_urlsafe(16)
    guard = Guard(Permissions(resource_policy=lambda arn: functions.policy_for(arn), clock=clock.now))

    async def role_check(role_arn: str) -> None:
        if not guard.can_assume(role_arn, LAMBDA, settled_s=role_delay_s):
            raise role_not_assumable()

    async def fetch_s3(bucket: str, name: str, version: str | None) -> bytes:
        return bytes(await moto.run(s3_object, bucket, name, version))

    functions = FunctionService(
        Dependencies(
            code_folder=state_dir / "code",
            role_check=role_check,
            fetch_s3=fetch_s3,
            on_change=on_change,
            schedule=lambda callback, delay_s: loop.call_later(delay_s, callback),
            code_url=lambda sha256: f"{endpoint}/_labkit/code/{code_token}/{sha256}",
            url_for=lambda url_id: f"{endpoint}/_aws/lambda-url/{url_id}/",
            now=lambda: datetime.fromtimestamp(clock.now(), UTC),
            role_allows=guard.role_allows_now,
            pollers=lambda: pollers,
            runtime_check=lambda runtime: check(runtime, cache),
        )
    )

    def credentials(spec: FunctionSpec) -> Credentials:
        return identities.issue_for_function(spec.role_arn, spec.name)

    tracer = Tracer(guard.role_allows, inbox.put, clock.ahead_s)
    daemon = Daemon(tracer.accept, ACCOUNT_ID)
    await daemon.start()
    fleet = Fleet(
        home=state_dir / "environments",
        cache_dir=cache,
        endpoint=endpoint,
        credentials=credentials,
        sink=FunctionLogs(guard.role_allows),
        now_ms=clock.now_ms,
        xray_daemon=daemon.address,
    )
    fleet.start()
    warmth = Warmth(functions, fleet, ACCOUNT_ID)
    delivery = Delivery(endpoint, credentials, metrics.count)
    queue: EventQueue
    invocations = Invocations(functions, fleet, lambda *event: queue.accept(*event), tracer, metrics)
    queue = EventQueue(clock, invocations.run, functions.resolve, delivery, metrics)
    targets = Targets(guard, invocations, moto, clock)
    pollers = Pollers(
        World(
            clock,
            moto,
            metrics,
            refused=guard.role_refused,
            resolve=lambda arn: functions.resolve(arn, None, Caller(arn.split(":")[3], ACCOUNT_ID, LAMBDA)),
            invoke=lambda arn, payload, trace, request_id: targets.invoke(
                arn, payload, trace, request_id=request_id
            ),
            deliver=delivery.failed_batch,
        )
    )
    running = Running(targets)
    aws: AwsApi

    async def call_aws(request: Request) -> Answer:
        return await aws(request)

    services = Services(
        Around(endpoint, identities, guard, functions, targets, moto, stores, clock, pollers, running),
        call_aws,
    )
    aws = AwsApi(identities, guard, functions, invocations, moto, services.controls, services.stacks)

    async def fidelity() -> list[dict[str, str]]:
        problem = await fleet.isolation_problem()
        return await asyncio.to_thread(_fidelity, problem, cache)

    local = LocalApi(identities, clock, functions, code_token, fidelity, services.custom_resources)
    front = Front(local, services.visit, aws)
    return Parts(front, fleet, clock, queue, warmth, moto, daemon, targets, running)


def _fidelity(isolation_problem: str | None, cache: Path) -> list[dict[str, str]]:
    """It looks at this machine's interpreters, and at all services: not on the event loop."""
    from labkit.localcloud.fidelity import rows

    return rows(isolation_problem, available(cache))
