"""Pitfall 1, cold starts ignored: work that every call repeats, and inits that somebody waits for."""

from __future__ import annotations

from statistics import median

from labkit import pricing
from labkit.checks.audit.report import Finding, Judgement
from labkit.checks.audit.source import every_call, readable
from labkit.checks.audit.subject import Subject
from labkit.checks.audit.words import money

# Ours, not AWS's: published inits of empty functions take 0.1 to 0.3 s; from here on people notice.
SLOW_INIT_MS = 1_000
MILLION = 1_000_000


def judge(subject: Subject) -> Judgement:
    """What a handler makes again in each call; how long init takes and who waits for it."""
    findings = [*_repeated(subject), *_slow(subject)]
    cold = [one for one in subject.reports if one.cold]
    looked = (
        "nothing is made again in every call" if readable(subject.files) else "the code could not be read"
    )
    if not subject.reports:
        return Judgement(f"{looked}; no invocation in its log yet", tuple(findings), enough=False)
    looked += f"; {len(cold)} of {len(subject.reports)} invocations started cold"
    if subject.provisioned:
        looked += f", with provisioned concurrency of {subject.provisioned}"
    return Judgement(looked, tuple(findings), enough=readable(subject.files))


def _repeated(subject: Subject) -> list[Finding]:
    places = every_call(subject.handler, subject.files or {})
    if not places:
        return []
    usual = f" A call is billed {subject.billed_ms:,.0f} ms on average." if subject.billed_ms else ""
    return [
        Finding(
            f"the handler does in every call what one init could do: {', '.join(map(str, places))}",
            f"Each call waits for it and pays for it, and no connection is used twice.{usual}",
            "Move it to module level, above the handler: there it runs once for each environment.",
        )
    ]


def _slow(subject: Subject) -> list[Finding]:
    inits = [one.init_ms for one in subject.reports if one.init_ms is not None]
    warmed = subject.provisioned or subject.configuration.get("SnapStart", {}).get("ApplyOn") == (
        "PublishedVersions"
    )
    if not inits or median(inits) < SLOW_INIT_MS or warmed or not subject.waited_for:
        return []
    init_ms, who = median(inits), ", ".join(subject.waited_for)
    waits = f"Whoever calls through {who} waits for it."
    cost = money(
        lambda: pricing.invocation(
            init_ms, subject.memory_mb, architecture=subject.architecture, region=subject.region
        ).times(MILLION)
    )
    return [
        Finding(
            f"init takes {init_ms:,.0f} ms at the median; {len(inits)} of {len(subject.reports)} invocations "
            "started cold",
            f"{waits} Init is billed since August 2025: a million cold starts cost {cost} for init alone.",
            "Import less, or later; make the package smaller. If that is not enough: provisioned concurrency "
            "on an alias, or SnapStart where the runtime has it.",
        )
    ]
