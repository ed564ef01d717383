"""Pitfall 6, synchronous chains: a function that invokes another one and waits for it."""

from __future__ import annotations

from labkit import pricing
from labkit.checks.audit.report import Finding, Judgement
from labkit.checks.audit.source import readable, waits_for_functions
from labkit.checks.audit.subject import Subject
from labkit.checks.audit.words import money

MILLION = 1_000_000
REQUESTS_A_MESSAGE = 3  # send, receive, delete


def judge(subject: Subject) -> Judgement:
    """Calls of other functions that are waited for, in the code; else what the role would allow."""
    if not readable(subject.files):
        allowed = f"; its role may invoke {', '.join(subject.may_invoke)}" if subject.may_invoke else ""
        return Judgement(
            f"the code could not be read{allowed}",
            enough=not subject.may_invoke and not any(one.reading == "role" for one in subject.hidden),
        )
    places = waits_for_functions(subject.files or {})
    if not places:
        return Judgement("it invokes no function and waits for it")
    finding = Finding(
        f"it invokes another function and waits: {', '.join(map(str, places))}",
        f"Both are billed while this one only waits{_waiting(subject)}; one failure fails the whole chain, "
        "and the slowest decides.",
        f"Put a queue or a bus between them{_queue(subject)}, or let Step Functions call both.",
    )
    return Judgement("it waits for another function", (finding,))


def _waiting(subject: Subject) -> str:
    if subject.billed_ms is None:
        return ""
    mean_ms = subject.billed_ms
    cost = money(
        lambda: pricing.invocation(
            mean_ms, subject.memory_mb, architecture=subject.architecture, region=subject.region
        ).times(MILLION)
    )
    return f" ({mean_ms:,.0f} ms a call, {cost} for a million of them)"


def _queue(subject: Subject) -> str:
    cost = money(lambda: pricing.sqs(REQUESTS_A_MESSAGE * MILLION, region=subject.region))
    return f" (a million messages through SQS: {cost})"
