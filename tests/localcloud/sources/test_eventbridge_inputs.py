"""What targets receive of an event: constants, parts, templates."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.localcloud.sources.eventbridge.inputs import BadInput, check, text_for

EVENT = {
    "version": "0",
    "id": "e-1",
    "detail-type": "Order",
    "time": "2026-01-01T00:00:00Z",
    "resources": ["arn:a", "arn:b"],
    "detail": {"who": 'A "b" é', "n": 5, "none": None, "list": [1, {"x": 2}], "map": {"k": "v"}},
}
RESERVED = {
    "aws.events.rule-arn": "arn:rule",
    "aws.events.rule-name": "r",
    "aws.events.event.ingestion-time": "t",
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Input": '{"a": 1}'}, '{"a": 1}'),
        ({"InputPath": "$.detail.map"}, '{"k":"v"}'),
        ({"InputPath": "$.detail-type"}, '"Order"'),
        ({"InputPath": "$.resources[1]"}, '"arn:b"'),
        ({"InputPath": "$.detail.list[1].x"}, "2"),
        ({"InputPath": "$.detail.nothing"}, "{}"),
    ],
)
def test_input_and_input_path(given: dict[str, Any], expected: str) -> None:
    """A constant as it stands; a part of the event as JSON."""
    assert text_for({"Id": "1", **given}, EVENT, RESERVED) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"n": <n>, "who": <who>, "map": <map>, "list": <list>}',
         '{"n":5,"who":"A \\"b\\" é","map":{"k":"v"},"list":[1,{"x":2}]}'),
        ('{"text": "<n> for <who>"}', '{"text":"5 for A \\"b\\" é"}'),
        ('"<n> things"', '"5 things"'),
        ('{"a": <none>, "b": <missing>, "c": "<missing>"}', '{"a":null,"b":"","c":""}'),
        ('{"rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>"}', '{"rule":"r","arn":"arn:rule"}'),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at":"t"}'),
        ("plain <n> text", "plain 5 text"),
    ],
)  # fmt: skip
def test_a_template_is_filled(template: str, expected: str) -> None:
    """JSON where a value may stand, text within a string."""
    paths = {key: f"$.detail.{key}" for key in ("n", "who", "map", "list", "none", "missing")}
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    check({"Id": "1", "InputTransformer": transformer})
    assert text_for({"Id": "1", "InputTransformer": transformer}, EVENT, RESERVED) == expected


def test_the_whole_event_can_stand_in_a_template() -> None:
    """With its detail, and without."""
    target = {
        "InputTransformer": {"InputTemplate": '{"all": <aws.events.event.json>, "rest": <aws.events.event>}'}
    }
    text = text_for(target, {"id": "1", "detail": {"a": 2}}, RESERVED)
    assert text == '{"all":{"id":"1","detail":{"a":2}},"rest":{"id":"1"}}'


@pytest.mark.parametrize(
    "transformer",
    [
        {"InputTemplate": '{"a": <b>}'},
        {"InputTemplate": "{"},
        {"InputPathsMap": {"a": "detail"}, "InputTemplate": "<a>"},
        {"InputPathsMap": {"AWS.x": "$.detail"}, "InputTemplate": "1"},
        {"InputPathsMap": {"a": "$.detail[*]"}, "InputTemplate": "<a>"},
    ],
)
def test_a_transformer_that_is_none_is_refused(transformer: dict[str, Any]) -> None:
    """Unknown placeholder, no JSON, no path, reserved name."""
    with pytest.raises(BadInput):
        check({"Id": "1", "InputTransformer": transformer})
