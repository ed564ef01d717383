"""Reads a function through boto3: calls that only read, each of which may be refused without ending it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.error import URLError

from botocore.exceptions import BotoCoreError, ClientError

from labkit import reports
from labkit.checks import roles
from labkit.checks.audit.subject import Hidden, Source, Subject
from labkit.checks.functions import unzipped
from labkit.errors import LabError

Clients = Callable[[str], Any]
Read = TypeVar("Read")
# reading -> the permission that it needs, as the report names it
PERMISSIONS = {
    "code": "lambda:GetFunction",
    "versions": "lambda:ListVersionsByFunction",
    "aliases": "lambda:ListAliases",
    "resource policy": "lambda:GetPolicy",
    "function URL": "lambda:ListFunctionUrlConfigs",
    "event sources": "lambda:ListEventSourceMappings",
    "queue": "sqs:GetQueueUrl and sqs:GetQueueAttributes",
    "destinations": "lambda:ListFunctionEventInvokeConfigs",
    "provisioned concurrency": "lambda:ListProvisionedConcurrencyConfigs",
    "log": "logs:FilterLogEvents",
    "metrics": "cloudwatch:ListMetrics",
    "alarms": "cloudwatch:DescribeAlarms",
    "role": "iam:ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy and GetPolicyVersion",
}
ABSENT = re.compile(r"NotFound|NoSuch|NonExistent")
REPORTS = '?REPORT ?"platform.report"'  # text logs, JSON logs
# Newest first would be best, but the API reads forward: ever longer windows, until enough is found.
WINDOWS_S = (3600, 86_400, 14 * 86_400)
ENOUGH_REPORTS, MOST_PAGES = 200, 20
CODE_MAX_BYTES = 50 * 1024 * 1024


def read(client: Clients, name: str) -> Subject:
    """Everything that the audit looks at.

    Args:
        client: gives the boto3 client of a service.
        name: of a function, or its ARN.

    Raises:
        LabError: there is no such function, or not even its configuration may be read.
    """
    lambda_ = client("lambda")
    try:
        configuration = lambda_.get_function_configuration(FunctionName=name)
    except (ClientError, BotoCoreError) as error:
        raise LabError(f"{name} cannot be audited. {error} {_instead(error)}".rstrip()) from error
    return _Reader(client, configuration).subject()


class _Reader:
    """Reads one thing after the other and notes what it may not see."""

    def __init__(self, client: Clients, configuration: Mapping[str, Any]) -> None:
        self.client = client
        self.configuration = configuration
        self.name = str(configuration["FunctionName"])
        self.named = {"FunctionName": self.name}
        self.hidden: dict[str, Hidden] = {}

    def subject(self) -> Subject:
        lambda_ = self.client("lambda")
        aliases = [one["Name"] for one in self._all("aliases", lambda_, "list_aliases", "Aliases")]
        configs = self._all(
            "destinations",
            lambda_,
            "list_function_event_invoke_configs",
            "FunctionEventInvokeConfigs",
        )
        sources = tuple(self._sources(aliases))
        on_failure = tuple(self._on_failure(configs))
        return Subject(
            self.name,
            str(lambda_.meta.region_name),
            self.configuration,
            versions=tuple(self._versions()),
            files=self._try("code", self._files, None),
            reports=tuple(self._try("log", self._reports, [])),
            callers=frozenset(self._callers(aliases)),
            asynchronous=self._try("metrics", self._asynchronous, False),
            sources=sources,
            on_failure=on_failure,
            retries=next(
                (one["MaximumRetryAttempts"] for one in configs if "MaximumRetryAttempts" in one), None
            ),
            alarms=tuple(self._try("alarms", lambda: list(self._alarms(sources, on_failure)), [])),
            provisioned=sum(
                one["RequestedProvisionedConcurrentExecutions"]
                for one in self._all(
                    "provisioned concurrency",
                    lambda_,
                    "list_provisioned_concurrency_configs",
                    "ProvisionedConcurrencyConfigs",
                )
            ),
            may_invoke=tuple(self._try("role", self._may_invoke, [])),
            hidden=tuple(self.hidden.values()),
        )

    def _try(self, reading: str, call: Callable[[], Read], otherwise: Read) -> Read:
        """What a call gives; ``otherwise`` if there is no such thing or it is refused, which is noted."""
        try:
            return call()
        except ClientError as error:
            if ABSENT.search(error.response["Error"]["Code"]):
                return otherwise
            self._note(reading, str(error))
        except (BotoCoreError, URLError, OSError) as error:
            self._note(reading, f"{type(error).__name__}: {error}")
        return otherwise

    def _note(self, reading: str, reason: str) -> None:
        self.hidden.setdefault(reading, Hidden(reading, PERMISSIONS[reading], reason))

    def _all(self, reading: str, client: Any, operation: str, items: str, **named: str) -> list[Any]:
        """All items that a listing has for the function."""

        def listed() -> list[Any]:
            pages = client.get_paginator(operation).paginate(**(named or self.named))
            return [one for page in pages for one in page[items]]

        return self._try(reading, listed, [])

    def _versions(self) -> Iterator[Mapping[str, Any]]:
        for one in self._all("versions", self.client("lambda"), "list_versions_by_function", "Versions"):
            if one["Version"] != "$LATEST":
                yield one

    def _files(self) -> dict[str, bytes] | None:
        if self.configuration.get("PackageType") == "Image":
            return None
        if self.configuration.get("CodeSize", 0) > CODE_MAX_BYTES:
            self._note("code", f"The package has more than {CODE_MAX_BYTES:,} bytes.")
            return None
        return unzipped(self.client("lambda").get_function(**self.named)["Code"]["Location"])

    def _reports(self) -> list[reports.Report]:
        group = self.configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{self.name}"
        found: list[reports.Report] = []
        for window_s in WINDOWS_S:
            found = []
            pages = (
                self.client("logs")
                .get_paginator("filter_log_events")
                .paginate(
                    logGroupName=group,
                    filterPattern=REPORTS,
                    startTime=int((time.time() - window_s) * 1000),
                )
            )
            for _, page in zip(range(MOST_PAGES), pages, strict=False):
                found += reports.parse_all(page["events"])
            if len(found) >= ENOUGH_REPORTS:
                break
        return found

    def _callers(self, aliases: list[str]) -> Iterator[str]:
        lambda_ = self.client("lambda")
        for more in ({}, *({"Qualifier": alias} for alias in aliases)):
            read = partial(lambda_.get_policy, **self.named, **more)
            policy: Mapping[str, str] = self._try("resource policy", read, {})
            for statement in json.loads(policy.get("Policy", "{}")).get("Statement", []):
                principal = statement.get("Principal", {})
                if isinstance(principal, Mapping) and "Service" in principal:
                    service = principal["Service"]
                    yield from [service] if isinstance(service, str) else service
        if self._all("function URL", lambda_, "list_function_url_configs", "FunctionUrlConfigs"):
            yield "function URL"

    def _sources(self, aliases: list[str]) -> Iterator[Source]:
        lambda_, found = self.client("lambda"), dict[str, Any]()
        for name in (self.name, *(f"{self.name}:{alias}" for alias in aliases)):
            what = "list_event_source_mappings", "EventSourceMappings"
            listed = self._all("event sources", lambda_, *what, FunctionName=name)
            found |= {one["UUID"]: one for one in listed}
        for settings in found.values():
            source = Source(settings)
            if source.service == "sqs":
                source = Source(settings, self._try("queue", partial(self._queue, source), None))
            yield source

    def _queue(self, source: Source) -> dict[str, str]:
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=source.name, QueueOwnerAWSAccountId=source.arn.split(":")[4])
        found = sqs.get_queue_attributes(QueueUrl=url["QueueUrl"], AttributeNames=["All"])
        return dict(found.get("Attributes", {}))

    def _on_failure(self, configs: list[Any]) -> Iterator[str]:
        if target := self.configuration.get("DeadLetterConfig", {}).get("TargetArn"):
            yield str(target)
        for config in configs:
            if target := config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
                yield str(target)

    def _asynchronous(self) -> bool:
        found = self.client("cloudwatch").list_metrics(
            Namespace="AWS/Lambda",
            MetricName="AsyncEventsReceived",
            Dimensions=[{"Name": "FunctionName", "Value": self.name}],
        )
        return bool(found["Metrics"])

    def _alarms(self, sources: tuple[Source, ...], on_failure: tuple[str, ...]) -> Iterator[str]:
        """Alarms on the function's errors, on those of all functions, or on its dead-letter queues."""
        dead = {arn.rpartition(":")[2] for arn in on_failure}
        for source in sources:
            redrive = json.loads((source.queue or {}).get("RedrivePolicy", "{}"))
            to = (source.settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", "")
            dead |= {arn.rpartition(":")[2] for arn in (to, redrive.get("deadLetterTargetArn", ""))}
        pages = (
            self.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
        )
        for _, page in zip(range(MOST_PAGES), pages, strict=False):
            for alarm in page["MetricAlarms"]:
                if any(_watches(metric, self.name, dead) for metric in _metrics(alarm)):
                    yield str(alarm["AlarmName"])

    def _may_invoke(self) -> list[str]:
        role = str(self.configuration["Role"]).rpartition("/")[2]
        allowed = roles.allows(self, role)
        return [
            pattern for one in allowed if one.allows("lambda:InvokeFunction") for pattern in one.resources
        ]


def _metrics(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The metrics that an alarm looks at, also those behind an expression."""
    behind = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    return [alarm, *behind]


def _watches(metric: Mapping[str, Any], function: str, dead: set[str]) -> bool:
    of = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
    if metric.get("Namespace") == "AWS/Lambda" and metric.get("MetricName") == "Errors":
        return not of or of.get("FunctionName") == function
    return metric.get("Namespace") == "AWS/SQS" and of.get("QueueName") in dead


def _instead(error: Exception) -> str:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if "NotFound" in code:
        return "Look at its name: `aws lambda list-functions` shows what is there."
    if "Denied" in code:
        return "It needs at least lambda:GetFunctionConfiguration."
    return ""
