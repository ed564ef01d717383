"""The audit: six common pitfalls, looked for in any function through API calls that only read.

`reading` makes a `Subject` of what the cloud tells about a function; one module for each pitfall judges it,
without any cloud. What may not be read is named in the report, and never taken for well.
"""

from labkit.checks.audit.pitfalls import PITFALLS, audit, judge
from labkit.checks.audit.reading import read
from labkit.checks.audit.report import Audit, Finding, Judgement, Pitfall, Verdict
from labkit.checks.audit.subject import Hidden, Source, Subject

__all__ = [
    "PITFALLS",
    "Audit",
    "Finding",
    "Hidden",
    "Judgement",
    "Pitfall",
    "Source",
    "Subject",
    "Verdict",
    "audit",
    "judge",
    "read",
]
