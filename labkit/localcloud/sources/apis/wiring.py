"""Puts the parts that serve APIs together; the local cloud's assembly needs only what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.localcloud.clock import LessonClock
from labkit.localcloud.front import Handler
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.sources.apis.aws_calls import AwsCalls
from labkit.localcloud.sources.apis.control import ApiControl
from labkit.localcloud.sources.apis.function_urls import FunctionUrls
from labkit.localcloud.sources.apis.gateway import Gateway
from labkit.localcloud.sources.apis.http_apis.operations import HttpApiOperations
from labkit.localcloud.sources.apis.http_apis.serve import HttpApis
from labkit.localcloud.sources.apis.metrics import ApiMetrics
from labkit.localcloud.sources.apis.rest_apis.integrations import Integrations
from labkit.localcloud.sources.apis.rest_apis.operations import RestApiOperations
from labkit.localcloud.sources.apis.rest_apis.serve import RestApis
from labkit.localcloud.sources.apis.rest_apis.trying import Trying
from labkit.localcloud.sources.apis.running import Running
from labkit.localcloud.sources.apis.signers import Signers
from labkit.localcloud.telemetry.store import Stores


@dataclass(frozen=True)
class ServedApis:
    """``gateway`` answers callers of URLs and APIs, ``control`` those who make APIs."""

    gateway: Gateway
    control: ApiControl


def serve_apis(
    endpoint: str,
    identities: Identities,
    guard: Guard,
    functions: FunctionService,
    running: Running,
    moto: MotoHost,
    stores: Stores,
    clock: LessonClock,
    aws: Handler,
) -> ServedApis:
    """Function URLs, HTTP APIs and REST APIs of one local cloud.

    Args:
        aws: answers the calls of AWS services that APIs make.
    """
    port = int(endpoint.rpartition(":")[2])
    signers, metrics = Signers(identities, guard), ApiMetrics(stores)
    function_urls = FunctionUrls(signers, functions, running, metrics, clock.now, port)
    http_operations = HttpApiOperations(endpoint, clock.now)
    calls = AwsCalls(identities, guard, aws, endpoint)
    http_apis = HttpApis(http_operations.served, signers, running, calls, metrics, clock.now, port)
    rest_operations = RestApiOperations(clock.now)
    integrations = Integrations(running, calls)
    rest_apis = RestApis(rest_operations.served, signers, integrations, metrics, clock.now, port)
    trying = Trying(moto, rest_operations, rest_apis, integrations)
    control = ApiControl(moto, http_operations, rest_operations, {"TestInvokeMethod": trying})
    return ServedApis(Gateway(function_urls, http_apis, rest_apis), control)
