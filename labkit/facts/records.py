"""The shapes in which facts about AWS are handed out. Data only; knows no file and no other module."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Tier:
    """One step of a price that falls with use: ``value_usd`` holds from ``start`` to ``end`` units a month.

    ``end`` is None for a tier without upper end.
    """

    start: Decimal
    end: Decimal | None
    value_usd: Decimal


@dataclass(frozen=True)
class Price:
    """What AWS charges for one thing in one Region.

    Attributes:
        value: USD as AWS prints it, for example ``Decimal("0.20")`` per 1M requests; of the first tier.
        unit: what ``value`` is for, in words: ``"USD per 1M requests"``.
        per: how many units ``value`` buys (1,000,000 for a price per 1M).
        tiers: at least one; their ``value_usd`` is in the same unit as ``value``.
        as_of: the date that the source itself gives, or the day it was read when it gives none.
        confidence: ``"high"`` or ``"medium"``; prices of less are never handed out.
    """

    region: str
    key: str
    value: Decimal
    unit: str
    per: int
    tiers: tuple[Tier, ...]
    source: str
    as_of: date
    confidence: str
    note: str = ""

    @property
    def each_usd(self) -> Decimal:
        """USD for a single unit: ``Decimal("0.0000002")`` for one request at 0.20 per 1M."""
        return self.value / self.per


@dataclass(frozen=True)
class Quota:
    """A limit or a billing step of AWS. Its name ends in its unit where it has one (``_s``, ``_mb``)."""

    name: str
    value: int
    unit: str
    source: str
    as_of: date
    confidence: str
    note: str = ""


@dataclass(frozen=True)
class Runtime:
    """A runtime identifier of the Lambda API and the dates of its life.

    Attributes:
        family: ``"python"``, ``"nodejs"``, ``"java"``, ``"dotnet"``, ``"ruby"``, ``"go"``, ``"provided"`` or
            ``"custom"``.
        deprecation: the day its support ends; None when AWS has named none.
        block_create, block_update: from then on AWS refuses to create, or to update, functions with it. AWS
            has moved these dates several times: they are the newest reading, and never certain.
        block_create_earliest, block_update_earliest: an earlier date that another source still gives, or
            None.
        stage: ``"general"``, ``"preview"`` or ``"customer-managed"``.
    """

    name: str
    family: str
    deprecation: date | None
    block_create: date | None
    block_update: date | None
    source: str
    as_of: date
    confidence: str
    block_create_earliest: date | None = None
    block_update_earliest: date | None = None
    stage: str = "general"
    note: str = ""

    def status(self, on: date) -> str:
        """What AWS says about this runtime on that day.

        Returns:
            ``"update-blocked"``, ``"create-blocked"``, ``"deprecated"`` (still usable, no longer supported),
            ``"preview"``, ``"customer-managed"`` or ``"supported"``: the first that applies.
        """
        for day, word in (
            (self.block_update, "update-blocked"),
            (self.block_create, "create-blocked"),
            (self.deprecation, "deprecated"),
        ):
            if day is not None and on >= day:
                return word
        return "supported" if self.stage == "general" else self.stage


@dataclass(frozen=True)
class ColdStart:
    """Published init durations of an empty function: a row for a runtime, package, architecture and memory.

    Attributes:
        language: what runs on the runtime; tells the rows of ``provided.al2023`` apart (``"rust"``,
            ``"go"`` …).
        package: ``"zip"`` or ``"image"``.
        n: how many cold starts were measured.
        mean_ms, p50_ms, p90_ms, p99_ms: of the Init Duration that AWS reported.
        memory_used_mb: mean Max Memory Used.
        warm_ms: mean handler duration of the first invocation, after init.
    """

    runtime: str
    language: str
    package: str
    architecture: str
    memory_mb: int
    n: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    memory_used_mb: float
    warm_ms: float
    source: str
    as_of: date
    confidence: str


@dataclass(frozen=True)
class Instance:
    """An EC2 instance type.

    Attributes:
        baseline: the share of each vCPU that may be used without end: less than 1 for burstable (T) types.
    """

    name: str
    vcpu: int
    memory_gb: Decimal
    architecture: str
    baseline: Decimal
    source: str
    as_of: date
    confidence: str


@dataclass(frozen=True)
class PrimeRun:
    """A row of the published prime-number table: 1,000 runs of a CPU-bound function at one memory size.

    Attributes:
        duration_s: the measured average of one run.
        published_usd: the published total for all ``runs``, at ``gb_second_usd`` and 0.20 USD per 1M
            requests.
    """

    memory_mb: int
    duration_s: Decimal
    published_usd: Decimal
    gb_second_usd: Decimal
    runs: int
    source: str
    as_of: date
    confidence: str
