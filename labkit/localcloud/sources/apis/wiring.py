"""Puts the parts that serve APIs together; the local cloud's assembly needs only what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.apis.control import ApiControl
from labkit.localcloud.sources.apis.function_urls import FunctionUrls
from labkit.localcloud.sources.apis.gateway import Gateway
from labkit.localcloud.sources.apis.http_apis.operations import HttpApiOperations
from labkit.localcloud.sources.apis.http_apis.serve import HttpApis
from labkit.localcloud.sources.apis.metrics import ApiMetrics
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.apis.signers import Signers
from labkit.localcloud.sources.targets import Targets
from labkit.localcloud.telemetry.store import Stores


@dataclass(frozen=True)
class ServedApis:
    """``gateway`` answers callers of URLs and APIs, ``control`` those who make APIs."""

    gateway: Gateway
    control: ApiControl
    running: Running


def serve_apis(
    endpoint: str,
    identities: Identities,
    guard: Guard,
    functions: FunctionService,
    targets: Targets,
    moto: MotoHost,
    stores: Stores,
    clock: LessonClock,
) -> ServedApis:
    """Function URLs, HTTP APIs and REST APIs of one local cloud."""
    port = int(endpoint.rpartition(":")[2])
    signers, running, metrics = Signers(identities, guard), Running(targets), ApiMetrics(stores)
    function_urls = FunctionUrls(signers, functions, running, clock.now, port)
    http_operations = HttpApiOperations(endpoint, clock.now)
    http_apis = HttpApis(http_operations.served, signers, running, metrics, clock.now, port)
    return ServedApis(Gateway(function_urls, http_apis), ApiControl(moto, http_operations), running)
