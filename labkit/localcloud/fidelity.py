"""The honest limits of the local cloud on this machine: what differs from AWS, row by row."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from datetime import date

from labkit import facts
from labkit.localcloud.sources.mappings.machine import MACHINE_BATCHES
from labkit.runtime.languages import Available

Row = tuple[str, str, str]

CODE: list[Row] = [
    ("state", "in memory: stopping the cloud forgets its resources", "kept until deleted"),
    (
        "permissions",
        "a change counts at once; but what allowed an invocation or a function's logs counts a second longer",
        "a change counts after some seconds",
    ),
    ("time", "the lesson clock can be advanced", "cannot be moved"),
    ("network", "functions use this machine's network", "a network of Lambda's own, or your VPC"),
    (
        "not here",
        "VPC settings, EFS, container images, SnapStart, durable functions, managed instances, code signing: "
        "refused by name",
        "all of it",
    ),
    (
        "AWS_ENDPOINT_URL",
        "set for functions, with AWS_DISABLE_HOST_PREFIX_INJECTION, so that SDKs reach the local cloud",
        "not set",
    ),
]
SERVICES: list[Row] = [
    (
        "Step Functions",
        "moto's interpreter; no activities, redrive, TestState, Credentials or ResultWriter; "
        "integrations with Lambda, SQS, SNS, DynamoDB, EventBridge, Step Functions, and calls "
        "of the SDK. StartSyncExecution from a client of your own needs Config(inject_host_prefix=False)",
        "all of it",
    ),
    (
        "X-Ray",
        "times are the machine's, not the lesson clock's; each attempt of an event has segments of its own; "
        "no service graph, no filter expressions, no rules but the default one",
        "attempts are subsegments of one AWS::Lambda segment; graph, filters, own rules",
    ),
    (
        "asynchronous events",
        "8 of a function (or 2 a processor) run at once, 50 when they take long; 10,000 (256 MB) wait; "
        "more are throttled",
        "as many run as concurrency allows; the queue has no published end",
    ),
    (
        "event source mappings",
        f"a queue's runs at most {MACHINE_BATCHES} batches at once; retries of streams wait up to 5 minutes; "
        "no tumbling windows, provisioned pollers, metrics of their own, Kafka, Amazon MQ or DocumentDB",
        "up to 1,250 batches; waits are not published; all of these",
    ),
    (
        "EventBridge and its Scheduler",
        "targets are functions, queues, topics, state machines, log groups, streams and buses; no API "
        "destinations, partner sources, global endpoints, Pipes or universal targets: refused by name; "
        "what is due comes to the second",
        "many more targets; what is due comes within its minute",
    ),
    (
        "alarms and scaling",
        "metric alarms with a sliding window; no composite alarms, anomaly detection or mute rules; actions "
        "are topics and functions; target tracking and scheduled actions of provisioned concurrency only",
        "all of it",
    ),
    ("SNS", "signatures cannot be verified; nothing goes to mail, telephones or HTTP", "signed; delivered"),
    (
        "extensions",
        "the caller gets the answer when the extensions are done too; only the Telemetry API, no Logs API; "
        "an extension that listens on all addresses keeps its port from other environments",
        "the caller gets the answer when the function is done; every environment has ports of its own",
    ),
    (
        "APIs and function URLs",
        "http://127.0.0.1:<port>/_aws/execute-api/<api-id>/<stage>/... and /_aws/lambda-url/<url-id>/...; "
        "for pages whose links begin with / <api-id>.execute-api.localhost:<port>; authorizers, usage plans, "
        "request validation, WebSocket APIs and templates with logic are refused by name",
        "https://<api-id>.execute-api.<region>.amazonaws.com and https://<url-id>.lambda-url.<region>.on.aws",
    ),
    (
        "CloudFormation",
        "stacks, change sets and SAM templates; a type or property that would have no effect is refused "
        "before anything is made",
        "all types",
    ),
]
ISOLATED: list[Row] = [
    ("files", "own root: /var/task, /opt and /var/runtime read-only, no home directory", "the same paths"),
    ("/tmp", "own, of the configured size, in memory", "own, of the configured size, on disk"),
    ("processes", "own process namespace, 1,024 processes and threads", "1,024 processes and threads"),
]


def rows(isolation_problem: str | None, runtimes: Iterable[Available]) -> list[dict[str, str]]:
    """``about`` (``code`` or ``services``), ``topic``, ``local`` and ``aws`` of each difference, for people.

    Args:
        isolation_problem: why functions have no file system of their own here; None if they have.
        runtimes: what this machine has for each.
    """
    machine = platform.machine()
    code = [
        _runtimes(runtimes),
        ("processor", f"this machine's ({machine}), whatever the architecture says", "x86_64 or arm64"),
        *CODE,
        *(ISOLATED if isolation_problem is None else _open(isolation_problem)),
    ]
    return [
        {"about": about, "topic": topic, "local": local, "aws": aws}
        for about, table in (("code", code), ("services", SERVICES))
        for topic, local, aws in table
    ]


def _runtimes(runtimes: Iterable[Available]) -> Row:
    """Of those that AWS supports today: which run here as they are, and what runs in place of the others."""
    current = {one.name for one in facts.runtimes() if one.status(date.today()) == "supported"}
    here = [one for one in runtimes if one.runtime in current]
    exact = ", ".join(one.runtime for one in here if one.interpreter and one.note is None)
    told = ((one.runtime, one.note) for one in here if one.note)
    notes = " ".join(note if name in note else f"{name}: {note}" for name, note in told)
    return (
        "runtimes",
        f"{exact or 'none as it is'}. {notes} Java, .NET and Ruby are refused",
        "each on Amazon Linux; also Java, .NET, Ruby",
    )


def _open(problem: str) -> Iterator[Row]:
    """Where functions have no file system of their own."""
    reason = f"this machine allows no namespaces ({problem})"
    yield (
        "files",
        f"real directories instead of /var/task, /opt, /var/runtime: {reason}",
        "/var/task, /opt",
    )
    yield "/tmp", "a directory of its own in TMPDIR; /tmp itself is the machine's; no size limit", "own /tmp"
    yield "processes", "what a handler detaches on purpose may outlive it", "nothing outlives it"
