"""Pitfall 4, no error handling: events that can be lost, batches that cannot end, errors that nobody sees."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.checks.audit.report import Finding, Judgement
from labkit.checks.audit.source import readable, swallowed
from labkit.checks.audit.subject import Source, Subject
from labkit.facts import quota

STREAMS = ("dynamodb", "kinesis")
FOR_EVER = -1


def judge(subject: Subject) -> Judgement:
    """Where failed events go, what sources are told, whether errors come out, and who hears of them."""
    findings = [*_lost(subject), *_swallowed(subject), *_unheard(subject)]
    for source in subject.sources:
        findings += _queue(subject, source) if source.service == "sqs" else _stream(source)
    kept = "failed events are kept" if subject.on_failure or subject.sources else "nobody sends it events"
    code = "no error is swallowed" if readable(subject.files) else "the code could not be read"
    alarms = f"alarm {', '.join(subject.alarms)}" if subject.alarms else "no alarm"
    return Judgement(f"{kept}; {code}; {alarms}", tuple(findings), enough=readable(subject.files))


def _lost(subject: Subject) -> Iterator[Finding]:
    if subject.on_failure or not (subject.told or subject.asynchronous):
        return
    who = ", ".join(subject.told) or "somebody"
    retries = quota("async_retries_default").value if subject.retries is None else subject.retries
    yield Finding(
        f"{who} sends it events and does not wait, and there is neither an on-failure destination nor a "
        "dead-letter queue",
        f"An event whose {retries + 1} attempts all fail is dropped, and nothing keeps it.",
        "Name a queue as OnFailure destination with put_function_event_invoke_config; the role needs "
        "sqs:SendMessage on it.",
    )


def _queue(subject: Subject, source: Source) -> Iterator[Finding]:
    settings, attributes = source.settings, source.queue
    if attributes is not None and "RedrivePolicy" not in attributes:
        days = int(attributes.get("MessageRetentionPeriod", 0)) / 86_400
        yield Finding(
            f"the queue {source.name} has no dead-letter queue",
            f"A message that always fails comes back until the queue forgets it after {days:g} days; each "
            "time it is billed, and nobody is told.",
            "Set a RedrivePolicy with a dead-letter queue and a maxReceiveCount, AWS advises "
            f"{quota('esm_sqs_receive_count_recommended').value} or more.",
        )
    batch = int(settings.get("BatchSize", 1))
    if batch > 1 and "ReportBatchItemFailures" not in (settings.get("FunctionResponseTypes") or ()):
        yield Finding(
            f"one message of {source.name} that fails sends its whole batch of up to {batch:,} back",
            "The others are done again: what they write, charge or send happens twice.",
            "Set FunctionResponseTypes to ReportBatchItemFailures, and return batchItemFailures.",
        )
    factor, timeout_s = quota("esm_sqs_visibility_recommended_factor").value, subject.configuration["Timeout"]
    visibility_s = int((attributes or {}).get("VisibilityTimeout", factor * timeout_s))
    if visibility_s < factor * timeout_s:
        yield Finding(
            f"the queue {source.name} hides a message for {visibility_s:,} s, and the function may run "
            f"{timeout_s:,} s",
            "Throttled or slow batches come back while they are still worked on: they are done twice, or "
            "counted as failed without having been tried.",
            f"Raise VisibilityTimeout to {factor} times that or more: {factor * timeout_s:,} s.",
        )


def _stream(source: Source) -> Iterator[Finding]:
    if source.service not in STREAMS:
        return
    settings = source.settings
    endless = settings.get("MaximumRetryAttempts", FOR_EVER) == FOR_EVER
    ageless = settings.get("MaximumRecordAgeInSeconds", FOR_EVER) == FOR_EVER
    if endless and ageless:
        yield Finding(
            f"a record of {source.name} that always fails is tried again until it expires in the stream",
            f"Its shard stands still meanwhile: {_retention(source)}.",
            "Set MaximumRetryAttempts and BisectBatchOnFunctionError on the mapping.",
        )
    if not (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination"):
        yield Finding(
            f"what is given up of {source.name} goes nowhere",
            "Nobody learns which records were skipped.",
            "Set an OnFailure destination on the mapping; the role needs sqs:SendMessage on that queue.",
        )


def _retention(source: Source) -> str:
    if source.service == "dynamodb":
        return f"up to {quota('dynamodb_stream_retention_s').value // 3600} hours"
    return "as long as the stream keeps its records, a day at least"


def _swallowed(subject: Subject) -> Iterator[Finding]:
    places = swallowed(subject.handler, subject.files or {})
    if places:
        yield Finding(
            f"the handler catches every error and goes on: {', '.join(map(str, places))}",
            "For Lambda the call has succeeded: no retry, no dead-letter queue, no count in Errors.",
            "Catch what you can answer, such as a caller's mistake; let everything else raise.",
        )


def _unheard(subject: Subject) -> Iterator[Finding]:
    if not subject.alarms:
        yield Finding(
            "no alarm watches its errors",
            "It can fail for weeks before somebody looks.",
            f"Put an alarm on the metric Errors of {subject.name} that tells an SNS topic.",
        )
