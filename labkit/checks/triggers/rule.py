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
# What the rule has to leave alone: what is told -> (source, detail-type, rating).
OTHERS = {
    "a photo with 3 stars": (SOURCE, KIND, 3),
    "a photo that was sold": (SOURCE, "photo sold", 5),
    "an event of somebody else": ("someone-else", KIND, 5),
}


@check("03.5", title="A rule picks what announce hears")
def rule(look: Look) -> str:
    """Rule, target, permission; then events that fit, and some that do not."""
    function = find(look, "announce")
    found = _rule(look, function)
    _permission(look, function, found)
    took = _events(look, function, found)
    return f"{found['Name']} passes on what has 4 stars or more: {function.name} heard it after {took}"


def _rule(look: Look, function: Function) -> Mapping[str, Any]:
    """The rule with a pattern that has the function for its target."""
    events, arn = look.client("events"), str(function.configuration["FunctionArn"])
    names = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    rules = [events.describe_rule(Name=name) for name in names]
    fitting = [one for one in rules if one.get("EventPattern")]
    expected = f"a rule with an event pattern on the default bus, whose target is {function.name}"
    if fitting:
        if all(one["State"] == "DISABLED" for one in fitting):
            step = f"events.enable_rule(Name='{fitting[0]['Name']}')."
            raise NotYet(f"the rule {fitting[0]['Name']} is disabled", expected, step)
        return dict(next(one for one in fitting if one["State"] != "DISABLED"))
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


def _events(look: Look, function: Function, found: Mapping[str, Any]) -> str:
    """Sends what must be left alone, then what must be passed on; how long that took."""
    marker = uuid4().hex[:8]
    effect = Effect(look)
    for number, (source, kind, rating) in enumerate(OTHERS.values()):
        _send(look, source, kind, rating, f"other-{number}-{marker}")
    _send(look, SOURCE, KIND, 4, f"good-{marker}")
    heard = effect.of(lambda: effect.logged(function, f"good-{marker}"))
    pattern = found["EventPattern"]
    if not heard:
        raise NotYet(
            f"{function.name} did not hear of a photo with 4 stars; the pattern is {pattern}",
            f"source {SOURCE}, detail-type {KIND!r}, detail.rating of 4 or more",
            "All fields of a pattern have to fit, letter by letter. >= is [{'numeric': ['>=', 4]}].",
        )
    took = effect.took
    for number, told in enumerate(OTHERS):
        if effect.logged(function, f"other-{number}-{marker}"):
            raise NotYet(
                f"{function.name} heard of {told}, too; the pattern is {pattern}",
                f"source {SOURCE}, detail-type {KIND!r}, detail.rating of 4 or more, and nothing else",
                "A field that the pattern does not name may have any value: name all three.",
            )
    return took


def _send(look: Look, source: str, kind: str, rating: int, photo_id: str) -> None:
    detail = json.dumps({"photo_id": photo_id, "rating": rating})
    look.client("events").put_events(Entries=[{"Source": source, "DetailType": kind, "Detail": detail}])
