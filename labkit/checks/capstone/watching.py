"""06.5: monitoring: logs that expire, a metric of one's own, traces, an alarm for every function."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.checks.audit import Subject
from labkit.checks.capstone.plan import subjects
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.checks.roles import allows

WRITES_TRACES = "xray:PutTraceSegments"


@check("06.5", title="Monitoring: logs, metrics, traces, alarms")
def monitoring(look: Look) -> str:
    """Retention, alarms, tracing with permission, a custom metric."""
    found = subjects(look)
    groups = _retained(look)
    for subject in found:
        if not subject.alarms:
            raise NotYet(
                f"no alarm watches the errors of {subject.name}",
                "an alarm on Errors for each function (or on its dead-letter queue)",
                "put_metric_alarm with Namespace AWS/Lambda, MetricName Errors, Dimensions FunctionName.",
            )
    traced = _traced(look, found)
    metric = _metric(look)
    return (
        f"{groups} log groups expire; {len(found)} functions have alarms; {traced} is traced; metric {metric}"
    )


def _retained(look: Look) -> int:
    pages = look.client("logs").get_paginator("describe_log_groups")
    groups = [
        group
        for page in pages.paginate(logGroupNamePrefix=f"/aws/lambda/{look.prefix}")
        for group in page["logGroups"]
    ]
    for group in groups:
        if not group.get("retentionInDays"):
            raise NotYet(
                f"the log group {group['logGroupName']} never expires",
                "logs that are kept as long as they are needed",
                "put_retention_policy(logGroupName=…, retentionInDays=14): what is kept is paid for.",
            )
    return len(groups)


def _traced(look: Look, found: list[Subject]) -> str:
    active = [one for one in found if one.configuration.get("TracingConfig", {}).get("Mode") == "Active"]
    if not active:
        raise NotYet(
            "no function is traced",
            "active tracing where somebody waits for an answer, such as get-photo",
            "update_function_configuration(…, TracingConfig={'Mode': 'Active'}); the role may write traces.",
        )
    for subject in active:
        role = str(subject.configuration["Role"]).rpartition("/")[2]
        if not any(one.allows(WRITES_TRACES) for one in allows(look, role)):
            raise NotYet(
                f"{subject.name} is to be traced, but {role} may not {WRITES_TRACES}",
                "a role that may write traces",
                "Attach the managed policy AWSXRayDaemonWriteAccess.",
            )
    return active[0].name


def _metric(look: Look) -> str:
    found = look.eventually(lambda: next(_own_metrics(look), None))
    if not found:
        raise NotYet(
            f"there is no metric of your own: none outside AWS/… names {look.prefix}",
            "a metric that counts what matters to users, in a namespace of the lab's",
            "put_metric_data with Namespace=lab.name(…), or a line in embedded metric format in a log.",
        )
    return found


def _own_metrics(look: Look) -> Iterator[str]:
    for page in look.client("cloudwatch").get_paginator("list_metrics").paginate():
        for metric in page["Metrics"]:
            words = [metric["Namespace"], *(one["Value"] for one in metric.get("Dimensions", []))]
            if not metric["Namespace"].startswith("AWS/") and any(look.prefix in word for word in words):
                yield f"{metric['Namespace']} {metric['MetricName']}"
