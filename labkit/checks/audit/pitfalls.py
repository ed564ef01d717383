"""The six pitfalls, and the audit that looks for them."""

from __future__ import annotations

from labkit.checks.audit import chains, failures, memory, network, secrecy, starts
from labkit.checks.audit.reading import Clients, read
from labkit.checks.audit.report import Audit, Pitfall, Verdict
from labkit.checks.audit.subject import Subject

PITFALLS = (
    Pitfall("cold-starts", "Cold starts ignored", ("code", "log"), starts.judge),
    Pitfall("secrets", "Secrets in variables", ("versions",), secrecy.judge),
    Pitfall("memory", "Memory that is paid for and not used", ("log",), memory.judge),
    Pitfall(
        "errors",
        "No error handling",
        ("code", "resource policy", "event sources", "queue", "destinations", "metrics"),
        failures.judge,
    ),
    Pitfall("vpc", "A VPC that is not needed", (), network.judge),
    Pitfall("chains", "Synchronous chains", ("code",), chains.judge),
)


def audit(client: Clients, name: str) -> Audit:
    """Looks for the six pitfalls in a function. Only reads; what may not be read is named.

    Args:
        client: gives the boto3 client of a service: ``lab.client``, or ``boto3.client``.
        name: of any function, or its ARN.

    Raises:
        LabError: there is no such function, or not even its configuration may be read.
    """
    return judge(read(client, name))


def judge(subject: Subject) -> Audit:
    """The audit of what was read."""
    hidden = {one.reading for one in subject.hidden}
    verdicts = (
        Verdict(one, one.look(subject), tuple(need for need in one.needs if need in hidden))
        for one in PITFALLS
    )
    return Audit(subject.name, subject.region, tuple(verdicts), subject.hidden)
