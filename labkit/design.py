"""Does Lambda fit? A few answers about a workload, judged by Lambda's limits, starts and prices. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache

from labkit import facts, pricing
from labkit.errors import FactUnknown, LabError
from labkit.facts import quota

#: The findings there are. ``FITS`` is the judgement of a case without any.
FITS = "fits"
TOO_LONG, TOO_BIG, ALWAYS_BUSY, TOO_LATE, WAITS = "too long", "too big", "always busy", "too late", "waits"
ANSWERS = (FITS, TOO_LONG, TOO_BIG, ALWAYS_BUSY, TOO_LATE, WAITS)


@dataclass(frozen=True)
class Case:
    """What has to be known of a workload.

    Attributes:
        longest_s: the longest that one piece of it computes.
        memory_mb: the most that one piece needs.
        busy_share: the share of the month, 0 to 1, in which a piece is under way.
        within_ms: every single answer has to be there by then, the first one too; None if one may be late.
        waits_s: the longest that it waits for somebody or something between two steps.
    """

    longest_s: float = 10
    memory_mb: int = 512
    busy_share: float = 0.05
    within_ms: float | None = None
    waits_s: float = 0

    def answers(self) -> dict[str, float | None]:
        """The same as a dictionary, which a design record can keep."""
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against Lambda.

    Attributes:
        code: one of ``ANSWERS``.
        reason: why, with the numbers.
        instead: what does it better.
    """

    code: str
    reason: str
    instead: str


@dataclass(frozen=True, repr=False)
class Verdict:
    """What speaks against Lambda for a case; nothing if it fits."""

    case: Case
    findings: tuple[Finding, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against Lambda."""
        return not self.findings

    @property
    def codes(self) -> tuple[str, ...]:
        """The short names of what was found, or ``fits``."""
        return tuple(one.code for one in self.findings) or (FITS,)

    def text(self) -> str:
        """The judgement in words: reasons and alternatives, or by how much it fits."""
        if self.fits:
            case = self.case
            return (
                f"Lambda fits: a piece ends after {case.longest_s:,g} of {quota('timeout_max_s').value:,} s, "
                f"needs {case.memory_mb:,} of {quota('memory_max_mb').value:,} MB, and something runs "
                f"{case.busy_share:.0%} of the time."
            )
        lines = [
            line
            for one in self.findings
            for line in (f"✗ {one.code}: {one.reason}", f"  instead: {one.instead}")
        ]
        return "\n".join(["Lambda does not fit as it stands:", *lines])

    def __repr__(self) -> str:
        return self.text()


def judge(case: Case) -> Verdict:
    """Whether Lambda fits, and if not, why and what does it better."""
    return Verdict(case, tuple(_findings(case)))


@cache
def for_python(runtime: object) -> str:
    """A runtime that was decided on, if it can run a handler in Python.

    Raises:
        LabError: it cannot, or there is none of that name; says what to save instead.
    """
    try:
        if facts.runtime(str(runtime)).family == "python":
            return str(runtime)
        problem = "is not one of Python's, and this function is written in Python"
    except FactUnknown:
        problem = "is no runtime of Lambda"
    raise LabError(
        f"The runtime {runtime!r} {problem}. Decide again: lab.save('runtime', 'python3.13'), "
        "then run this cell again."
    )


def busy_limit() -> float:
    """The share of the month from which a Fargate task with 1 GB costs less than that much Lambda memory.

    At us-east-1's prices and without requests: a rule of thumb. `pricing.break_even` computes a given case.
    """
    month_ms = quota("month_hours").value * 3600 * 1000
    lambda_usd = pricing.gb_seconds(1024, month_ms) * facts.price("us-east-1", "lambda.gbs.x86").each_usd
    return float(pricing.fitting_task(1024).month().cost_usd / lambda_usd)


@cache
def slowest_start_ms() -> float:
    """Init of an empty function in the workbook's default runtime that one start in a hundred exceeds."""
    name = facts.default_runtime().name
    rows = (one for one in facts.coldstarts() if (one.runtime, one.package) == (name, "zip"))
    return max(one.p99_ms for one in rows)


def _findings(case: Case) -> Iterator[Finding]:
    limit_s, limit_mb = quota("timeout_max_s").value, quota("memory_max_mb").value
    managed_s, managed_mb = quota("managed_timeout_max_s").value, quota("managed_memory_max_mb").value
    days = quota("durable_execution_max_s").value // 86400
    if case.longest_s > limit_s:
        yield Finding(
            TOO_LONG,
            f"a piece takes {case.longest_s:,.0f} s, and an invocation is ended after {limit_s:,} s",
            "Fargate or EC2; smaller pieces, held together by Step Functions or a durable function; "
            f"Managed Instances, whose asynchronous calls may take {managed_s:,} s",
        )
    if case.memory_mb > limit_mb:
        also = f", or Managed Instances (up to {managed_mb:,} MB)" if case.memory_mb <= managed_mb else ""
        yield Finding(
            TOO_BIG,
            f"a piece needs {case.memory_mb:,} MB, and a function gets {limit_mb:,} MB at most",
            f"Fargate or EC2{also}",
        )
    if case.busy_share > busy_limit():
        yield Finding(
            ALWAYS_BUSY,
            f"something runs {case.busy_share:.0%} of the time, and from about {busy_limit():.0%} on a "
            "server that is paid by the hour costs less",
            "Fargate, EC2 or Managed Instances; compute both bills first",
        )
    if case.within_ms is not None and case.within_ms < slowest_start_ms():
        yield Finding(
            TOO_LATE,
            f"every answer is due within {case.within_ms:g} ms, and one cold start in a hundred takes more "
            f"than {slowest_start_ms():.0f} ms before an empty handler runs",
            "Fargate or EC2, which are always warm; provisioned concurrency if some tens of ms will do",
        )
    if case.waits_s > limit_s:
        yield Finding(
            WAITS,
            f"it waits {case.waits_s:,.0f} s; a function is paid for while it waits, up to {limit_s:,} s",
            f"Step Functions, or a durable function: it may take {days} days, and computes nothing meanwhile",
        )
