"""Event patterns: a table of what is let through and what is not, and what is no pattern."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labkit.localcloud.sources.patterns import BadPattern, parse

EVENT = {
    "source": "shop",
    "count": 3,
    "price": 2.5,
    "paid": True,
    "note": None,
    "ip": "10.0.0.17",
    "path": "images/a.PNG",
    "tags": ["new", "red"],
    "none": [],
    "customer": {"name": "Ada", "orders": [{"id": 1, "kind": "book"}, {"id": 2, "kind": "pen"}]},
}
LET_THROUGH: list[dict[str, Any]] = [
    {"source": ["shop", "other"]},
    {"count": [3.0]},
    {"paid": [True]},
    {"note": [None]},
    {"tags": ["red"]},
    {"source": ["shop"], "count": [3]},
    {"customer": {"name": ["Ada"]}},
    {"customer": {"orders": {"id": [2], "kind": ["pen"]}}},
    {"source": [{"prefix": "sh"}]},
    {"path": [{"suffix": ".PNG"}]},
    {"path": [{"suffix": {"equals-ignore-case": ".png"}}]},
    {"source": [{"prefix": {"equals-ignore-case": "SH"}}]},
    {"source": [{"equals-ignore-case": "SHOP"}]},
    {"path": [{"wildcard": "images/*.PNG"}]},
    {"source": [{"anything-but": "cart"}]},
    {"source": [{"anything-but": ["cart", "basket"]}]},
    {"count": [{"anything-but": [4]}]},
    {"source": [{"anything-but": {"prefix": "ca"}}]},
    {"source": [{"anything-but": {"suffix": ["rt", "et"]}}]},
    {"path": [{"anything-but": {"wildcard": "docs/*"}}]},
    {"tags": [{"anything-but": "new"}]},
    {"count": [{"numeric": ["=", 3]}]},
    {"count": [{"numeric": [">", 0, "<=", 3]}]},
    {"price": [{"numeric": ["<", 3]}]},
    {"ip": [{"cidr": "10.0.0.0/24"}]},
    {"source": [{"exists": True}]},
    {"absent": [{"exists": False}]},
    {"customer": {"mail": [{"exists": False}]}},
    {"nobody": {"mail": [{"exists": False}]}},
    {"absent": ["x", {"exists": False}]},
    {"none": [{"exists": False}]},
    {"$or": [{"source": ["cart"]}, {"count": [3]}]},
    {"paid": [True], "$or": [{"source": ["cart"]}, {"customer": {"name": ["Ada"]}}]},
]
KEPT_OUT: list[dict[str, Any]] = [
    {"source": ["Shop"]},
    {"count": ["3"]},
    {"paid": [1]},
    {"count": [True]},
    {"note": ["null"]},
    {"source": ["shop"], "count": [4]},
    {"customer": {"orders": {"id": [1], "kind": ["pen"]}}},
    {"source": [{"prefix": "op"}]},
    {"path": [{"wildcard": "images/*.gif"}]},
    {"source": [{"anything-but": ["shop"]}]},
    {"absent": [{"anything-but": ["shop"]}]},
    {"source": [{"anything-but": {"prefix": "sh"}}]},
    {"count": [{"numeric": [">", 3]}]},
    {"source": [{"numeric": [">", 3]}]},
    {"ip": [{"cidr": "10.0.1.0/24"}]},
    {"source": [{"cidr": "10.0.1.0/24"}]},
    {"absent": [{"exists": True}]},
    {"source": [{"exists": False}]},
    {"customer": [{"exists": True}]},
    {"$or": [{"source": ["cart"]}, {"count": [4]}]},
]
NO_PATTERNS = [
    ("{", "Invalid JSON"),
    ('"source"', "Filter is not an object"),
    ("{}", "Empty objects are not allowed"),
    ('{"source": {}}', "Empty objects are not allowed"),
    ('{"source": "shop"}', '"source" must be an object or an array'),
    ('{"source": []}', "Empty arrays are not allowed"),
    ('{"source": [["shop"]]}', "Match value must be String, number, true, false, or null"),
    ('{"source": [{"begins": "s"}]}', "Unrecognized match type begins"),
    ('{"source": [{"prefix": "s", "suffix": "p"}]}', "Only one key allowed in match expression"),
    ('{"source": [{"prefix": 3}]}', "prefix match pattern must be a string"),
    ('{"source": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
    ('{"count": [{"numeric": 3}]}', "Value of numeric must be an array."),
    ('{"count": [{"numeric": ["!", 3]}]}', "Unrecognized numeric range operator: !"),
    ('{"count": [{"numeric": [">", "3"]}]}', "Value of > must be numeric"),
    ('{"count": [{"numeric": [">", 5, "<", 3]}]}', "Bottom must be less than top"),
    ('{"count": [{"numeric": [">", 6e9]}]}', "Value must be between -5.0e+09 and 5.0e+09, inclusive"),
    ('{"source": [{"anything-but": [null]}]}', "Inside anything but list, start|null|boolean is not"),
    ('{"ip": [{"cidr": "10/x"}]}', "Malformed CIDR, one '/' required: 10/x"),
    ('{"path": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 1"),
]


@pytest.mark.parametrize("pattern", LET_THROUGH, ids=json.dumps)
def test_lets_through(pattern: dict[str, Any]) -> None:
    """Every field of the pattern has a value that fits."""
    assert parse(json.dumps(pattern)).matches(EVENT)


@pytest.mark.parametrize("pattern", KEPT_OUT, ids=json.dumps)
def test_keeps_out(pattern: dict[str, Any]) -> None:
    """One field does not fit: types count, and objects in arrays have to fit as a whole."""
    assert not parse(json.dumps(pattern)).matches(EVENT)


@pytest.mark.parametrize(("text", "reason"), NO_PATTERNS, ids=[text for text, _ in NO_PATTERNS])
def test_what_is_no_pattern_is_refused_with_a_reason(text: str, reason: str) -> None:
    """The sentence says which rule is broken."""
    with pytest.raises(BadPattern) as refusal:
        parse(text)
    assert refusal.value.reason.startswith(reason)


def test_the_top_keys_of_a_pattern_are_known() -> None:
    """Filters of mappings ask whether the body is looked at; alternatives count too."""
    assert parse('{"a": [1], "$or": [{"b": [1]}, {"c": {"d": [1]}}]}').keys == {"a", "b", "c"}
