"""The AWS/Lambda metrics: what is counted when a function is invoked.

One append per invocation; the sums are made when somebody reads, or when enough has come together.
Source: AWS, "Types of metrics for Lambda functions".
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple

from labkit.localcloud.functions.resolve import Resolved
from labkit.localcloud.telemetry.store import MINUTE_S, Distribution, Metric, Stores
from labkit.runtime.spec import FunctionSpec

NAMESPACE = "AWS/Lambda"
PUT_ASIDE_MAX = 256
MILLISECONDS = ("Duration", "AsyncEventAge", "IteratorAge", "PostRuntimeExtensionsDuration")
UNITS = dict.fromkeys(MILLISECONDS, "Milliseconds")  # the others are Count

Dimensions = tuple[tuple[str, str], ...]


class Load(NamedTuple):
    """What else ran when an invocation began, itself included.

    Attributes:
        function, total, unreserved: executions of the function, of all, of all without reserved concurrency.
        provisioned: executions on the qualifier's provisioned concurrency; None when this one is not.
        allocated: environments provisioned for the qualifier; 0 when there are none.
    """

    function: int
    total: int
    unreserved: int
    provisioned: int | None = None
    allocated: int = 0


class Invoked(NamedTuple):
    """An invocation that has ended; ``time_s`` is its beginning on the lesson clock.

    ``extensions_ms``: how long extensions ran on after the runtime; None without extensions.
    """

    time_s: float
    resolved: Resolved
    load: Load
    duration_ms: float
    failed: bool
    extensions_ms: float | None = None


class LambdaMetrics:
    """Takes note of what happens to functions, at the time of the lesson clock."""

    def __init__(self, stores: Stores, now: Callable[[], float], claimed: Callable[[str], int]) -> None:
        """``now`` is the lesson clock's; ``claimed`` tells what a Region's functions reserve or provision."""
        self._stores, self.now, self._claimed = stores, now, claimed
        self._noted: deque[Invoked] = deque()
        self._claims: Counter[str] = Counter()
        stores.before_read(self.flush)

    def invoked(self, invocation: Invoked) -> None:
        """An invocation has ended, well or not."""
        self._noted.append(invocation)
        if len(self._noted) >= PUT_ASIDE_MAX:
            self.flush()

    def throttled(self, resolved: Resolved) -> None:
        """An invocation was refused with 429; it counts neither as invocation nor as error."""
        self._put(resolved, self.now(), "Throttles", 1)

    def event_received(self, resolved: Resolved) -> None:
        """An asynchronous event was queued."""
        self._put(resolved, self.now(), "AsyncEventsReceived", 1)

    def event_attempted(self, resolved: Resolved, age_s: float) -> None:
        """An asynchronous event goes to its function, ``age_s`` after it was queued."""
        self._put(resolved, self.now(), "AsyncEventAge", round(age_s * 1000, 3))

    def event_dropped(self, resolved: Resolved) -> None:
        """An asynchronous event was given up without success."""
        self._put(resolved, self.now(), "AsyncEventsDropped", 1)

    def iterator_age(self, resolved: Resolved, age_s: float) -> None:
        """A batch of a stream goes to its function, ``age_s`` after its last record arrived."""
        self._put(resolved, self.now(), "IteratorAge", round(max(age_s, 0.0) * 1000))

    def count(self, spec: FunctionSpec, name: str) -> None:
        """One more of any further counter of a function, such as DeadLetterErrors."""
        for pairs in ((), (("FunctionName", spec.name),)):
            self._stores[spec.region].put(Metric(NAMESPACE, name, pairs), self.now(), 1, "Count")

    def claims_changed(self, region: str) -> None:
        """Reserved or provisioned concurrency has changed: what ran before counts with the old claims."""
        self.flush()
        self._claims[region] = self._claimed(region)

    def flush(self) -> None:
        """Hands in what was put aside, summed up. Any thread may call it."""
        groups: dict[tuple[int, int], _Sums] = {}
        while self._noted:
            try:
                noted = self._noted.popleft()
            except IndexError:  # another thread was faster
                break
            key = int(noted.time_s) // MINUTE_S, id(noted.resolved)
            if key not in groups:
                groups[key] = _Sums(noted.time_s, noted.resolved)
            groups[key].add(noted, self._claims[noted.resolved.spec.region])
        for sums in groups.values():
            store = self._stores[sums.resolved.spec.region]
            for sets, metrics in sums.by_sets.items():
                for name, values in metrics.items():
                    for pairs in sets:
                        unit = UNITS.get(name, "Count")
                        store.put_all(Metric(NAMESPACE, name, pairs), sums.time_s, values, unit)

    def _put(self, resolved: Resolved, time_s: float, name: str, value: float) -> None:
        store = self._stores[resolved.spec.region]
        for pairs in _dimension_sets(resolved):
            store.put(Metric(NAMESPACE, name, pairs), time_s, value, UNITS.get(name, "Count"))


class _Sums:
    """Invocations of one target in one minute: metrics by the dimension sets that they are kept under."""

    def __init__(self, time_s: float, resolved: Resolved) -> None:
        self.time_s, self.resolved = time_s, resolved
        sets = _dimension_sets(resolved)
        self.by_sets: dict[tuple[Dimensions, ...], defaultdict[str, Distribution]] = {
            scope: defaultdict(Distribution) for scope in (sets, sets[:1], sets[1:2], sets[1:3])
        }
        self._all, self._region, self._function, self._qualifier = self.by_sets.values()

    def add(self, invocation: Invoked, claims: int) -> None:
        load = invocation.load
        self._all["Invocations"].add(1)
        self._all["Errors"].add(int(invocation.failed))
        self._all["Throttles"].add(0)
        self._all["Duration"].add(round(invocation.duration_ms, 2))
        if invocation.extensions_ms is not None:
            self._all["PostRuntimeExtensionsDuration"].add(round(invocation.extensions_ms, 2))
        self._function["ConcurrentExecutions"].add(load.function)
        self._region["ConcurrentExecutions"].add(load.total)
        self._region["UnreservedConcurrentExecutions"].add(load.unreserved)
        self._region["ClaimedAccountConcurrency"].add(load.unreserved + claims)
        if not load.allocated:
            return
        if load.provisioned is None:
            self._all["ProvisionedConcurrencySpilloverInvocations"].add(1)
            return
        self._all["ProvisionedConcurrencyInvocations"].add(1)
        self._qualifier["ProvisionedConcurrentExecutions"].add(load.provisioned)
        self._qualifier["ProvisionedConcurrencyUtilization"].add(load.provisioned / load.allocated)


def _dimension_sets(resolved: Resolved) -> tuple[Dimensions, ...]:
    """All functions; the function; what was named; and for an alias the version that ran."""
    function = ("FunctionName", resolved.spec.name)
    resource = ("Resource", resolved.invoked_arn.split(":function:", 1)[1])
    sets: tuple[Dimensions, ...] = ((), (function,), (function, resource))
    if resolved.alias is None:
        return sets
    return (*sets, (("ExecutedVersion", resolved.executed_version), function, resource))
