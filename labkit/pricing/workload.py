"""What is run, in the units that AWS bills: work for a month, billed milliseconds, GB-seconds, requests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from labkit.facts import quota
from labkit.pricing.cost import ZERO, Number, PricingError, exact

#: Part of the price names for the values of Lambda's ``Architectures``.
ARCHITECTURES = {"x86_64": "x86", "arm64": "arm64"}


@dataclass(frozen=True)
class Provisioned:
    """Provisioned concurrency of one function for a month.

    Attributes:
        environments: execution environments kept ready.
        enabled_s: how long they are enabled, in seconds a month; AWS rounds it up to 5 minutes.
        spill_share: the share of requests, 0 to 1, that find all of them busy and are billed as on demand.
    """

    environments: int
    enabled_s: Number = 730 * 3600
    spill_share: Number = 0


@dataclass(frozen=True)
class Workload:
    """What one function does in a month.

    Attributes:
        requests: invocations a month.
        duration_ms: average handler duration; billed as its next full millisecond.
        memory_mb: the memory setting, 128 to 10,240.
        cold_share: the share of on-demand invocations, 0 to 1, that start cold and pay for init as well.
        init_ms: average Init Duration of those.
        ephemeral_mb: size of /tmp, 512 to 10,240.
        event_bytes: size of the event when the invocation is asynchronous (above 256 KB it counts as more
            than one request); 0 for synchronous invocations.
        log_bytes: what one invocation writes to CloudWatch Logs, Lambda's own lines included.

    Raises:
        PricingError: a value is outside what Lambda takes.
    """

    requests: Number
    duration_ms: Number
    memory_mb: int
    architecture: str = "x86_64"
    cold_share: Number = 0
    init_ms: Number = 0
    ephemeral_mb: int = 512
    event_bytes: int = 0
    log_bytes: Number = 0
    provisioned: Provisioned | None = None

    def __post_init__(self) -> None:
        for name in ("requests", "duration_ms", "init_ms", "log_bytes"):
            _not_negative(name, getattr(self, name))
        _share("cold_share", self.cold_share)
        check_function(self.memory_mb, self.architecture, self.ephemeral_mb)
        event_requests(self.event_bytes)
        if self.provisioned:
            _not_negative("environments", self.provisioned.environments)
            _not_negative("enabled_s", self.provisioned.enabled_s)
            _share("spill_share", self.provisioned.spill_share)

    @property
    def billed_requests(self) -> Decimal:
        """Requests a month as AWS counts them: large asynchronous events count more than once."""
        return exact(self.requests) * event_requests(self.event_bytes)

    @property
    def on_demand_ms(self) -> Decimal:
        """Billed milliseconds of a month outside provisioned concurrency; cold ones with their init."""
        spill = exact(self.provisioned.spill_share) if self.provisioned else 1
        requests = exact(self.requests) * spill
        cold = requests * exact(self.cold_share)
        return (requests - cold) * billed_ms(self.duration_ms) + cold * billed_ms(
            self.duration_ms, self.init_ms
        )

    @property
    def provisioned_ms(self) -> Decimal:
        """Billed milliseconds of a month that run on provisioned concurrency."""
        if not self.provisioned:
            return ZERO
        return exact(self.requests) * (1 - exact(self.provisioned.spill_share)) * billed_ms(self.duration_ms)


def billed_ms(duration_ms: Number, init_ms: Number = 0) -> int:
    """Billed Duration as in the REPORT line: duration and, for a cold start, init, rounded up to 1 ms
    together.

    Source: AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase", in force since 2025-08-01.

    >>> billed_ms(26.73), billed_ms(2.46, 413.61)
    (27, 417)
    """
    return int((exact(duration_ms) + exact(init_ms)).to_integral_value(ROUND_CEILING))


def gb_seconds(memory_mb: Number, milliseconds: Number) -> Decimal:
    """GB-seconds of that many milliseconds at that many MB; 1 GB is 1,024 MB. Exact."""
    return exact(memory_mb) * exact(milliseconds) / (1024 * 1000)


def event_requests(event_bytes: int) -> int:
    """How many requests one asynchronous invocation counts as: 1 up to 256 KB, 1 more for each 64 KB above.

    Source: AWS Lambda pricing page (2026).

    Raises:
        PricingError: the event is larger than Lambda takes (1 MB).
    """
    first, step = quota("async_request_first_bytes").value, quota("async_request_step_bytes").value
    largest = quota("payload_async_max_bytes").value
    _not_negative("event_bytes", event_bytes)
    if event_bytes > largest:
        raise PricingError(
            f"event_bytes={event_bytes:,}: an asynchronous event has at most {largest:,} bytes. "
            "Put the data into S3 and send its key."
        )
    return 1 + max(0, -((first - event_bytes) // step))


def concurrency(requests_per_s: Number, duration_ms: Number) -> Decimal:
    """Execution environments that are busy at once: requests per second times duration in seconds.

    Source: Lambda Developer Guide, lambda-concurrency.
    """
    return exact(requests_per_s) * exact(duration_ms) / 1000


def check_function(memory_mb: int, architecture: str, ephemeral_mb: int) -> None:
    """Settings that Lambda would refuse are refused here too.

    Raises:
        PricingError: memory, /tmp or architecture is outside what Lambda takes.
    """
    _between("memory_mb", memory_mb, quota("memory_min_mb").value, quota("memory_max_mb").value)
    _between("ephemeral_mb", ephemeral_mb, quota("tmp_min_mb").value, quota("tmp_max_mb").value)
    if architecture not in ARCHITECTURES:
        raise PricingError(
            f"architecture={architecture!r}: Lambda runs {' and '.join(ARCHITECTURES)}. Choose one."
        )


def _not_negative(name: str, value: Number) -> None:
    if exact(value) < 0:
        raise PricingError(f"{name}={value}: give a number that is not negative.")


def _share(name: str, value: Number) -> None:
    if not 0 <= exact(value) <= 1:
        raise PricingError(f"{name}={value}: give a share between 0 and 1 (0.01 is one in a hundred).")


def _between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise PricingError(f"{name}={value}: Lambda takes {low:,} to {high:,} MB. Choose a size in between.")
