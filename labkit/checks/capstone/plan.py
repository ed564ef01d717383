"""06.2 and 06.3: design and implementation, over all functions of the lab."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.checks.audit import Finding, Subject, judge, read
from labkit.checks.capstone.parts import least_privilege
from labkit.checks.functions import Function, of_lab
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.checks.roles import trusted
from labkit.facts import quota

ROOM = 0.9
LAMBDA = "lambda.amazonaws.com"


@check("06.2", title="Design: within Lambda's limits, called by events, no chain")
def design(look: Look) -> str:
    """Durations within timeouts, event sources, no synchronous chain."""
    found = subjects(look)
    events: set[str] = set()
    longest_ms = 0.0
    for subject in found:
        _no_chain(subject)
        longest_ms = max(longest_ms, _within(subject))
        events |= {source.service for source in subject.sources}
        events |= {one.partition(".")[0] for one in subject.callers}
    if len(events) < 2:
        raise NotYet(
            f"only {', '.join(events) or 'nobody'} calls the {len(found)} functions of this lab",
            "functions that events start",
            "lab.begin() brings the triggers of phase 03: bucket, stream, queue, schedule, API.",
        )
    names, longest_s = ", ".join(sorted(events)), longest_ms / 1000
    return f"{len(found)} functions, called by {names}; the longest took {longest_s:.1f} s; no chain"


@check("06.3", title="Implementation: deployed, least privilege, no secrets, no event lost")
def implementation(look: Look) -> str:
    """State, roles, variables, what becomes of failed events."""
    functions = _functions(look)
    for function in functions:
        if trusted(look, function.role_name) != {LAMBDA}:
            raise NotYet(
                f"the role {function.role_name} of {function.name} can be assumed by others than Lambda",
                f"only {LAMBDA}",
                "Name only that service as Principal of the role's trust policy.",
            )
        least_privilege(look, function)
    for function in functions:
        verdicts = {one.pitfall.key: one for one in judge(read(look.client, function.name)).verdicts}
        for key in ("secrets", "errors"):
            for finding in verdicts[key].findings:
                if "alarm" not in finding.seen:  # alarms are the checklist's last part
                    raise told(function.name, finding)
    return f"{len(functions)} functions: roles without wildcards, no secrets, failed events are kept"


def subjects(look: Look) -> list[Subject]:
    """All functions of the lab, as the audit reads them."""
    return [read(look.client, one.name) for one in _functions(look)]


def told(name: str, finding: Finding) -> NotYet:
    """What the audit found of a function, as the answer of a check."""
    return NotYet(
        f"{name}: {finding.seen}", "an audit without this finding", f"{finding.step} {finding.risk}"
    )


def _functions(look: Look) -> list[Function]:
    found = sorted(of_lab(look), key=lambda one: one.name)
    if not found:
        raise NotYet(
            "this lab has no function", "the photo library", "Run the notebook's first cells: lab.begin()."
        )
    return found


def _no_chain(subject: Subject) -> None:
    verdict = next(one for one in judge(subject).verdicts if one.pitfall.key == "chains")
    for finding in verdict.findings:
        raise told(subject.name, finding)


def _within(subject: Subject) -> float:
    """The longest call that succeeded, in ms."""
    timeout_ms = subject.configuration["Timeout"] * 1000
    longest_ms = max(_durations(subject), default=0.0)
    if longest_ms > ROOM * timeout_ms:
        limit = quota("timeout_max_s").value
        raise NotYet(
            f"{subject.name} took up to {longest_ms / 1000:.1f} s and may run {timeout_ms / 1000:.0f} s",
            "room between the longest call and the timeout",
            f"Raise Timeout (at most {limit} s), or split the work: a queue, or Step Functions.",
        )
    return longest_ms


def _durations(subject: Subject) -> Iterator[float]:
    return (one.duration_ms for one in subject.reports if one.status == "success")
