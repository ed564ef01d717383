"""Filter patterns of CloudWatch Logs, row by row."""

from __future__ import annotations

import json

import pytest

from labkit.localcloud.telemetry.patterns import InvalidParameterException, matches, parse

APACHE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
EVENT = json.dumps(
    {
        "level": "ERROR",
        "ms": 120.5,
        "retry": True,
        "done": False,
        "user": None,
        "ip": "123.123.7.9",
        "text": "200",
        "errors": [{"code": 4}, {"code": 9}],
        "nested": {"a-b": {"c": "deep"}, "with.dot": 1},
    }
)


@pytest.mark.parametrize(
    ("pattern", "message", "fits"),
    [
        ("", "anything", True),
        (None, "anything", True),
        ("ERROR", "[ERROR] it broke", True),
        ("ERROR", "[error] it broke", False),
        ("ERROR broke", "it broke with an ERROR", True),
        ("ERROR broke", "it ran with an ERROR", False),
        ("?ERROR ?WARN", "WARN low", True),
        ("?ERROR ?WARN", "INFO fine", False),
        ("ERROR ?WARN", "ERROR alone", True),  # beside other terms AWS ignores ?
        ("ERROR -timeout", "ERROR in step 1", True),
        ("ERROR -timeout", "ERROR: timeout", False),
        ('"out of memory"', "function ran out of memory", True),
        ('"out of memory"', "memory of function ran out", False),
        ('ERROR -"as expected"', "ERROR as expected", False),
        (r'"say \"no\""', 'they say "no"', True),
        ("%ERR(OR)?[0-9]%", "code ERR7", True),
        ("%ERR(OR)?[0-9]%", "code ERR", False),
        ("START", "START RequestId: 1 Version: $LATEST\n", True),
        ("REPORT", "ENDED", False),
    ],
)
def test_terms(pattern: str | None, message: str, fits: bool) -> None:
    """All plain terms, none with a minus, one of those with a question mark; case matters."""
    assert matches(pattern, message) is fits


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("[ip, id, user, time, request, status, bytes]", True),
        ("[ip, id, user, time, request, status]", False),
        ("[ip, ..., status, bytes]", True),
        ("[..., bytes]", True),
        ("[ip, ...]", True),
        ("[...]", True),
        ("[ip, id, user, time, request, status = 404, bytes]", True),
        ("[ip, id, user, time, request, status = 4*, bytes]", True),
        ("[ip, id, user, time, request, status = 5*, bytes]", False),
        ("[..., status = 404, bytes > 1000]", True),
        ("[..., status = 404, bytes > 2000]", False),
        ("[..., status != 404, bytes]", False),
        ("[..., status = 400 || status = 404, bytes]", True),
        ("[..., status >= 400 && status < 500, bytes]", True),
        ('[ip, id, user = "frank", ...]', True),
        ("[ip, id, user = fr*nk, ...]", True),
        ('[ip, id, user, time, request = "*index.html*", ...]', True),
        ("[ip = %^127[.]%, ...]", True),
        ("[user > 3, ...]", False),
    ],
)
def test_fields_between_spaces(pattern: str, fits: bool) -> None:
    """Brackets and quotes hold words together; ... stands for any number of fields."""
    assert matches(pattern, APACHE) is fits


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ('{ $.level = "ERROR" }', True),
        ("{ $.level = ERROR }", True),
        ('{ $.level = "error" }', False),
        ('{ $.level != "INFO" }', True),
        ('{ $.level = "ERR*" }', True),
        ('{ $.level = "*" }', True),
        ("{ $.level = %^E.*R$% }", True),
        ('{ $.level = "ERROR" && $.ms > 100 }', True),
        ('{ $.level = "ERROR" && $.ms > 200 }', False),
        ('{ $.level = "INFO" || $.ms >= 120.5 }', True),
        ('{ ($.level = "INFO" || $.level = "ERROR") && ($.ms < 1e3) }', True),
        ('{ $.level = "INFO" && $.ms > 1 || $.ms < 200 }', True),
        ("{ $.ms = 120.5 }", True),
        ("{ $.ms != 120.5 }", False),
        ("{ $.ms <= 120 }", False),
        ("{ $.text = 200 }", True),
        ("{ $.ip = 123.123.* }", True),
        ("{ $.ip != 123.123.* }", False),
        ("{ $.retry IS TRUE }", True),
        ("{ $.retry IS FALSE }", False),
        ("{ $.done IS FALSE }", True),
        ("{ $.user IS NULL }", True),
        ("{ $.level IS NULL }", False),
        ("{ $.other IS NULL }", False),
        ("{ $.other NOT EXISTS }", True),
        ("{ $.user NOT EXISTS }", False),
        ("{ $.errors[0].code = 4 }", True),
        ("{ $.errors[1].code = 4 }", False),
        ("{ $.errors[2].code = 4 }", False),
        ("{ $.nested.a-b.c = deep }", True),
        ("{ $.nested['with.dot'] = 1 }", True),
        ("{ $['level'] = ERROR }", True),
    ],
)
def test_json(pattern: str, fits: bool) -> None:
    """Selectors, numbers, texts with wildcards, states, && before ||, parentheses."""
    assert matches(pattern, EVENT) is fits
    assert matches(pattern, EVENT + "\n") is fits


@pytest.mark.parametrize("message", ["no json", '{"level": ', '"level"', "[]", ""])
def test_what_is_no_json_object_never_matches_a_json_pattern(message: str) -> None:
    """Not even NOT EXISTS matches a message that cannot be read."""
    assert not matches('{ $.level = "ERROR" }', message)
    assert matches("{ $.level NOT EXISTS }", message) is (message == "[]")


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.level = }",
        "{ level = 1 }",
        "{ $.level = 1",
        "{ }",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a = 1 $.b = 2 }",
        '{ $.a > "x" }',
        "{ $.a > %x% }",
        "{ $.a = %(% }",
        "{ $ = 1 }",
        "{ $..a = 1 }",
        "[a, b",
        "[]",
        "[..., a, ...]",
        "[a = ]",
        "[1 = 2]",
        "a(b",
        "x" * 1025,
    ],
)
def test_bad_patterns_are_refused(pattern: str) -> None:
    """InvalidParameterException, which repeats the pattern and says what is wrong with it."""
    with pytest.raises(InvalidParameterException, match="Invalid filter pattern"):
        parse(pattern)


def test_values_for_metric_filters() -> None:
    """$.selector in JSON, $field in space-delimited patterns."""
    assert parse("{ $.ms > 1 }").value(EVENT, "$.ms") == 120.5
    assert parse("{ $.ms > 1 }").value(EVENT, "$.none") is None
    assert parse("[..., status, bytes]").value(APACHE, "$bytes") == "1534"
