"""What CloudWatch is told of APIs and function URLs.

Sources: API Gateway guide, "Amazon API Gateway dimensions and metrics"; Lambda guide, "Monitoring Lambda
function URLs".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from labkit.localcloud.telemetry.store import Metric, Stores, dimensions

NAMESPACE = "AWS/ApiGateway"


class Served:
    """How long an answer takes, and how much of it is the integration's."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.arrived_s = now()
        self._began = time.perf_counter()
        self.integration_ms: float | None = None

    @contextmanager
    def integration(self) -> Iterator[None]:
        """While what stands behind the API works."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.integration_ms = (time.perf_counter() - began) * 1000

    @property
    def latency_ms(self) -> float:
        return (time.perf_counter() - self._began) * 1000


class ApiMetrics:
    """Counts answers, by API and by API and stage."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def answered(
        self, region: str, api: Mapping[str, str], stage: str, served: Served, status: int, *, http_api: bool
    ) -> None:
        """One answer. ``api``: the dimension that names the API; REST and HTTP APIs name it differently."""
        client, server = ("4xx", "5xx") if http_api else ("4XXError", "5XXError")
        counts = {"Count": 1, client: int(400 <= status < 500), server: int(status >= 500)}
        times = {"Latency": served.latency_ms}
        if served.integration_ms is not None:
            times["IntegrationLatency"] = served.integration_ms
        for named in (api, {**api, "Stage": stage}):
            self._put(region, NAMESPACE, named, served, counts, times)

    def url_answered(self, region: str, function_name: str, served: Served, status: int) -> None:
        """One answer of a function URL."""
        counts = {
            "UrlRequestCount": 1,
            "Url4xxCount": int(400 <= status < 500),
            "Url5xxCount": int(status >= 500),
        }
        named = {"FunctionName": function_name}
        self._put(region, "AWS/Lambda", named, served, counts, {"UrlRequestLatency": served.latency_ms})

    def _put(
        self,
        region: str,
        namespace: str,
        named: Mapping[str, str],
        served: Served,
        counts: Mapping[str, int],
        times: Mapping[str, float],
    ) -> None:
        store, pairs = self._stores[region], dimensions(named)
        for name, count in counts.items():
            store.put(Metric(namespace, name, pairs), served.arrived_s, count, "Count")
        for name, value in times.items():
            store.put(Metric(namespace, name, pairs), served.arrived_s, round(value), "Milliseconds")
