"""05.7: an alarm on the error rate, which has rung at a topic that somebody hears."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labkit.checks.functions import Function
from labkit.checks.look import Look, NotYet
from labkit.checks.monitor.orders import order_prints
from labkit.checks.registry import check

Alarm = Mapping[str, Any]
# What an expression is, when every call fails.
WHOLE = {"Errors/Invocations": 1.0} | dict.fromkeys(
    ("100*Errors/Invocations", "Errors*100/Invocations", "Errors/Invocations*100"), 100.0
)
EXPECTED = "an alarm on 100 * Errors / Invocations of the function, with the topic as its action"


@check("05.7", title="An alarm rings when the error rate is high")
def alarm(look: Look) -> str:
    """A rate by metric math over the right metrics, an action, somebody who listens, and it has rung."""
    function = order_prints(look)
    found = _rate(look, function)
    name = found["AlarmName"]
    topics = [arn for arn in found.get("AlarmActions", []) if ":sns:" in arn]
    if not found.get("AlarmActions"):
        raise NotYet(
            f"{name} does nothing when it rings", "the topic as its action", "Add AlarmActions=[topic]."
        )
    if found.get("ActionsEnabled") is False:
        raise NotYet(
            f"the actions of {name} are switched off", "actions that are enabled", "Set ActionsEnabled=True."
        )
    for topic in topics:
        subscribed = look.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        if not subscribed:
            raise NotYet(
                f"nobody has subscribed to {topic.rpartition(':')[2]}",
                "a subscription, such as the queue inbox",
                "Run the cell that makes the topic and subscribes the queue.",
            )
    _threshold(found)
    rang = look.eventually(lambda: _rang(look, name))
    if not rang:
        raise NotYet(
            f"{name} has never rung; now it is {found['StateValue']}: {found.get('StateReason', '')}",
            "it has been in ALARM once",
            "Send an order for minus one copies, and let three minutes pass. If it stays silent, compare "
            "threshold, period and dimensions with the function's metrics.",
        )
    return f"{name} has rung: {rang}"


def _rate(look: Look, function: Function) -> Alarm:
    """The alarm on the function's error rate."""
    pages = look.client("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = [one for page in pages for one in page["MetricAlarms"]]
    own = [one for one in alarms if _about(one, function.name) or one["AlarmName"].startswith(look.prefix)]
    math = [one for one in own if any("Expression" in part for part in one.get("Metrics", []))]
    for one in math:
        if _names(one, function.name) >= {"Errors", "Invocations"}:
            _summed(one)
            return dict(one)
    if math:
        raise NotYet(
            f"{math[0]['AlarmName']} computes with {_computed(math[0])}",
            EXPECTED,
            f"Both metrics are of AWS/Lambda, with the dimension FunctionName={function.name}.",
        )
    counting = [one for one in own if one.get("MetricName") == "Errors"]
    if counting:
        how = "counts errors: five among a million ring as loud as five among ten"
        if counting[0].get("Statistic") == "Average":
            how = (
                "takes the average of Errors, which is a rate only if every success is written down as a zero"
            )
        raise NotYet(
            f"{counting[0]['AlarmName']} {how}",
            EXPECTED,
            "Use Metrics=[…] with two MetricStats and an Expression instead of MetricName.",
        )
    there = ", ".join(one["AlarmName"] for one in own) or "none"
    raise NotYet(
        f"no alarm on the error rate of {function.name}; alarms of this lab: {there}",
        EXPECTED,
        "Call cloudwatch.put_metric_alarm with Metrics=[…].",
    )


def _summed(found: Alarm) -> None:
    stats = [part["MetricStat"]["Stat"] for part in _measured(found)]
    if odd := [one for one in stats if one != "Sum"]:
        raise NotYet(
            f"{found['AlarmName']} takes {odd[0]} instead of the sum",
            EXPECTED,
            "Errors and Invocations are counts: 'Stat': 'Sum' for both. SampleCount of Errors is the calls.",
        )


def _threshold(found: Alarm) -> None:
    """Five of a hundred, written as the expression counts them.

    Raises:
        NotYet: the threshold does not go with the expression.
    """
    [math, *_] = [part["Expression"] for part in found["Metrics"] if "Expression" in part]
    names = {part["Id"]: part["MetricStat"]["Metric"]["MetricName"] for part in _measured(found)}
    plain = re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), re.sub(r"[\s()]", "", math))
    threshold, whole = float(found["Threshold"]), WHOLE.get(plain)
    if whole is None or 0.04 * whole <= threshold < 0.06 * whole:
        return  # what is not known is not judged
    raise NotYet(
        f"{found['AlarmName']} compares {math} with {threshold:g}; when all calls fail, it is {whole:g}",
        "an alarm that rings above 5 %, and not below",
        "A percentage (100 * errors / calls) goes with Threshold=5, a fraction (errors / calls) with 0.05.",
    )


def _measured(found: Alarm) -> list[Mapping[str, Any]]:
    return [part for part in found.get("Metrics", []) if "MetricStat" in part]


def _parts(found: Alarm) -> list[tuple[str, str, str]]:
    """(namespace, metric, function) of what an alarm computes with."""
    metrics = [part["MetricStat"]["Metric"] for part in _measured(found)]
    if "MetricName" in found:
        metrics.append(found)
    return [
        (
            str(one.get("Namespace")),
            str(one.get("MetricName")),
            next((each["Value"] for each in one.get("Dimensions", []) if each["Name"] == "FunctionName"), ""),
        )
        for one in metrics
    ]


def _about(found: Alarm, function: str) -> bool:
    return any(name == function for _, _, name in _parts(found))


def _names(found: Alarm, function: str) -> set[str]:
    return {
        metric
        for space, metric, name in _parts(found)
        if space == "AWS/Lambda" and name.partition(":")[0] == function
    }


def _computed(found: Alarm) -> str:
    return ", ".join(
        f"{space} {metric} of {name or 'all functions'}" for space, metric, name in _parts(found)
    )


def _rang(look: Look, name: str) -> str | None:
    items = look.client("cloudwatch").describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")
    for item in items["AlarmHistoryItems"]:
        if item["HistorySummary"].endswith("to ALARM"):
            return str(item["HistorySummary"])
    return None
