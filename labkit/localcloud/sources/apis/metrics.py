"""What CloudWatch is told of APIs. Source: API Gateway guide, "Amazon API Gateway dimensions and metrics"."""

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
        times = {"Latency": served.latency_ms, "IntegrationLatency": served.integration_ms}
        store = self._stores[region]
        for named in (api, {**api, "Stage": stage}):
            pairs = dimensions(named)
            for name, count in counts.items():
                store.put(Metric(NAMESPACE, name, pairs), served.arrived_s, count, "Count")
            for name, value in times.items():
                if value is not None:
                    store.put(Metric(NAMESPACE, name, pairs), served.arrived_s, round(value), "Milliseconds")
