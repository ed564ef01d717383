"""03.5: a rule on the default bus picks the events that announce hears."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.checks.triggers.effects import Effect
from labkit.checks.triggers.policies import permissions

SERVICE = "events.amazonaws.com"
SOURCE, KIND = "photo-library", "photo added"
EXPECTED = f"source {SOURCE}, detail-type {KIND!r}, detail.rating of 4 or more"
# What the rule has to pass on, and what to leave alone: what is told -> (source, detail-type, rating).
WANTED = {
    "a photo with 4 stars": (SOURCE, KIND, 4),
    "a photo with 4.5 stars": (SOURCE, KIND, 4.5),
    "a photo with 5 stars": (SOURCE, KIND, 5),
}
OTHERS = {
    "a photo with 3 stars": (SOURCE, KIND, 3),
    "a photo that was sold": (SOURCE, "photo sold", 5),
    "an event of somebody else": ("someone-else", KIND, 5),
}


@check("03.5", title="A rule picks what announce hears")
def rule(look: Look) -> str:
    """Rule, target, permission, pattern; then an event."""
    function = find(look, "announce")
    rules = _rules(look, function)
    fitting = (one for one in rules if _fits(look, one, *WANTED["a photo with 4 stars"]))
    found = next(fitting, rules[0])
    _permission(look, function, found)
    _passes_on(look, function, found)
    for one in rules:
        _leaves_alone(look, function, one)
    took = _event(look, function)
    return f"{found['Name']} passes on what has 4 stars or more: {function.name} heard it after {took}"


def _rules(look: Look, function: Function) -> list[Mapping[str, Any]]:
    """The enabled rules with a pattern that have the function for a target; at least one."""
    events, arn = look.client("events"), str(function.configuration["FunctionArn"])
    names = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    rules = [events.describe_rule(Name=name) for name in names]
    fitting = [one for one in rules if one.get("EventPattern")]
    expected = f"a rule with an event pattern on the default bus, whose target is {function.name}"
    if fitting:
        if all(one["State"] == "DISABLED" for one in fitting):
            step = f"events.enable_rule(Name='{fitting[0]['Name']}')."
            raise NotYet(f"the rule {fitting[0]['Name']} is disabled", expected, step)
        return [dict(one) for one in fitting if one["State"] != "DISABLED"]
    own = events.list_rules(NamePrefix=look.prefix)["Rules"]
    patterned = [one["Name"] for one in own if one.get("EventPattern")]
    if patterned:
        raise NotYet(
            f"{function.name} is no target of the rule {', '.join(patterned)}",
            expected,
            "events.put_targets(Rule=…, Targets=[{'Id': 'announce', 'Arn': <ARN of the function>}]).",
        )
    raise NotYet(
        f"no rule of the default bus has an event pattern and {function.name} for its target",
        expected,
        "events.put_rule(Name=…, EventPattern=<JSON text>), then put_targets.",
    )


def _permission(look: Look, function: Function, found: Mapping[str, Any]) -> None:
    there = permissions(look, function.name, SERVICE)
    expected = f"{SERVICE} may call {function.name} for {found['Arn']}"
    if any(one.source and one.fits(found["Arn"]) for one in there):
        return
    if any(one.fits(found["Arn"]) for one in there):
        raise NotYet(
            f"every rule of everybody may call {function.name}",
            expected,
            "Add SourceArn, the ARN of the rule, and remove the other statement.",
        )
    raise NotYet(
        f"EventBridge may not call {function.name} for this rule: its events are dropped, and nobody is told",
        expected,
        f"labkit.deploy.permit(lab, 'announce', …, '{SERVICE}', SourceArn=<ARN of the rule>).",
    )


def _passes_on(look: Look, function: Function, found: Mapping[str, Any]) -> None:
    pattern = found["EventPattern"]
    for told, event in WANTED.items():
        if not _fits(look, found, *event):
            inside = "rating" in json.loads(pattern)
            raise NotYet(
                f"{function.name} does not hear of {told}; the pattern is {pattern}",
                EXPECTED,
                "rating stands in the detail of the event: {'detail': {'rating': …}}."
                if inside
                else "All fields of a pattern have to fit, letter by letter. >= is [{'numeric': ['>=', 4]}].",
            )


def _leaves_alone(look: Look, function: Function, found: Mapping[str, Any]) -> None:
    name, pattern = found["Name"], found["EventPattern"]
    for told, event in OTHERS.items():
        if _fits(look, found, *event):
            raise NotYet(
                f"{function.name} hears of {told}, too; {name} has the pattern {pattern}",
                f"{EXPECTED}, and nothing else",
                "A field that the pattern does not name may have any value: name all three.",
            )


def _fits(look: Look, rule: Mapping[str, Any], source: str, kind: str, rating: float) -> bool:
    """Asks EventBridge whether a rule passes an event on. Source: API reference, TestEventPattern."""
    event = {
        "id": "1",
        "account": look.lab.account_id,
        "region": look.lab.region,
        "time": "2026-01-01T00:00:00Z",
        "resources": [],
        "source": source,
        "detail-type": kind,
        "detail": {"photo_id": "check", "rating": rating},
    }
    answer = look.client("events").test_event_pattern(
        EventPattern=rule["EventPattern"], Event=json.dumps(event)
    )
    return bool(answer["Result"])


def _event(look: Look, function: Function) -> str:
    """Sends an event that fits; how long it took until it was heard."""
    marker, effect = f"good-{uuid4().hex[:8]}", Effect(look)
    detail = json.dumps({"photo_id": marker, "rating": 4})
    look.client("events").put_events(Entries=[{"Source": SOURCE, "DetailType": KIND, "Detail": detail}])
    if effect.of(lambda: effect.logged(function, marker)):
        return effect.took
    errors = effect.errors(function)
    raise NotYet(
        f"an event that fits was sent, and the log of {function.name} does not have its photo_id"
        + (f": {errors[-1][:160]}" if errors else ""),
        f"{function.name} logs what it hears",
        "Run the cells above that deploy it. Is the target's ARN the function's own?",
    )
