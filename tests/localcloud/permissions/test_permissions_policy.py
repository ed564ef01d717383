"""The specification of policy evaluation: tables of policies, questions and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import LabError
from labkit.localcloud.permissions import PolicyUnsupported
from labkit.localcloud.permissions.conditions import parse_conditions
from labkit.localcloud.permissions.elements import Asker, Grant, Question
from labkit.localcloud.permissions.patterns import arn_glob, glob
from labkit.localcloud.permissions.policy import Decision, decide, decide_resource, parse

ALLOW, IMPLICIT, EXPLICIT = Decision.ALLOW, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"


class Keys:
    """A condition context that is just a table."""

    def __init__(self, values: Mapping[str, str | tuple[str, ...]] | None = None) -> None:
        items = (values or {}).items()
        self._values = {k.lower(): (v,) if isinstance(v, str) else v for k, v in items}

    def get(self, written: str) -> tuple[str, ...] | None:
        return self._values.get(written.lower())


def document(*statements: Mapping[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def answer(policy: str, action: str, resource: str, keys: Mapping[str, Any] | None = None) -> Decision:
    return decide([parse(policy)], Question(action, resource, Keys(keys)))


@pytest.mark.parametrize(
    ("statements", "action", "resource", "expected"),
    [
        ([], "dynamodb:GetItem", TABLE, IMPLICIT),
        ([allow("dynamodb:GetItem", TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("dynamodb:getitem", TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("DynamoDB:GET*", TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("dynamodb:Get?tem", TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("dynamodb:Get", TABLE)], "dynamodb:GetItem", TABLE, IMPLICIT),
        ([allow("*", TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("*:GetItem", TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow(["sqs:*", "dynamodb:*"], TABLE)], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("sqs:*")], "dynamodb:GetItem", TABLE, IMPLICIT),
        ([allow("dynamodb:GetItem", TABLE.upper())], "dynamodb:GetItem", TABLE, IMPLICIT),
        ([allow("dynamodb:GetItem", TABLE + "*")], "dynamodb:GetItem", TABLE + "/index/by", ALLOW),
        ([allow("dynamodb:GetItem", TABLE)], "dynamodb:GetItem", TABLE + "/index/by", IMPLICIT),
        ([allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/o*s")], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("dynamodb:GetItem", "arn:aws:dynamodb:*")], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("dynamodb:GetItem", ["arn:aws:sqs:::x", TABLE])], "dynamodb:GetItem", TABLE, ALLOW),
        ([allow("dynamodb:ListTables", TABLE)], "dynamodb:ListTables", "*", IMPLICIT),
        ([allow("*"), deny("dynamodb:DeleteTable")], "dynamodb:DeleteTable", TABLE, EXPLICIT),
        ([deny("dynamodb:DeleteTable"), allow("*")], "dynamodb:DeleteTable", TABLE, EXPLICIT),
        ([allow("*"), deny("dynamodb:DeleteTable", "arn:aws:x")], "dynamodb:DeleteTable", TABLE, ALLOW),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "dynamodb:GetItem", TABLE, ALLOW),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:GetRole", "x", IMPLICIT),
        ([{"Effect": "Allow", "Action": "*", "NotResource": TABLE}], "dynamodb:GetItem", TABLE, IMPLICIT),
        ([{"Effect": "Allow", "Action": "*", "NotResource": TABLE}], "dynamodb:GetItem", "x", ALLOW),
        ([{"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}, allow("*")], "sqs:X", "q", ALLOW),
        ([{"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}, allow("*")], "sns:X", "q", EXPLICIT),
    ],
)
def test_actions_and_resources(
    statements: list[dict[str, Any]], action: str, resource: str, expected: Decision
) -> None:
    """Wildcards, lists, Not..., and an explicit deny that always wins."""
    assert answer(document(*statements), action, resource) is expected


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("arn:aws:s3:::photos/*", "arn:aws:s3:::photos/a/b:c", True),
        ("arn:aws:s3:::photos/*", "arn:aws:s3:::photos", False),
        ("arn:aws:s3:::photo?", "arn:aws:s3:::photos", True),
        ("arn:aws:lambda:*:*:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f", True),
        ("arn:aws:lambda:*:*:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f:live", False),
        ("arn:aws:lambda:*:*:function:f:*", "arn:aws:lambda:us-east-1:123456789012:function:f:live", True),
        ("arn:aws:sqs:us-*-1:1:q", "arn:aws:sqs:us-east-1:1:q", True),
        ("arn:aws:sqs:us-*-1:1:q", "arn:aws:sqs:us-east:2:x-1:1:q", False),
        ("arn:aws:sqs:*", "arn:aws:sqs:us-east-1:1:q", True),
        ("arn:aws:secretsmanager:*:*:secret:db-??????", "arn:aws:secretsmanager:r:1:secret:db-AbCd12", True),
        (
            "arn:aws:secretsmanager:*:*:secret:db-??????",
            "arn:aws:secretsmanager:r:1:secret:db-x-AbCd12",
            False,
        ),
        (
            "arn:aws:logs:*:*:log-group:/aws/lambda/f:*",
            "arn:aws:logs:r:1:log-group:/aws/lambda/f:log-stream:",
            True,
        ),
        (
            "arn:aws:logs:*:*:log-group:/aws/lambda/f",
            "arn:aws:logs:r:1:log-group:/aws/lambda/f:log-stream:",
            False,
        ),
        ("arn:aws:s3:::a.b", "arn:aws:s3:::axb", False),
        ("*", "anything\nat all", True),
    ],
)
def test_wildcards_in_arns(pattern: str, arn: str, matches: bool) -> None:
    """A star stays inside its segment, unless it ends it."""
    assert (arn_glob(pattern).fullmatch(arn) is not None) is matches


@given(st.text(alphabet="ab*?.\\[", max_size=8), st.text(alphabet="ab.\\[", max_size=8))
def test_globs_mean_what_a_slow_matcher_says(pattern: str, text: str) -> None:
    """Checked against the textbook recursion."""

    def slow(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return slow(p[1:], t) or (bool(t) and slow(p, t[1:]))
        return bool(t) and p[0] in ("?", t[0]) and slow(p[1:], t[1:])

    assert (glob(pattern).fullmatch(text) is not None) == slow(pattern, text)


@pytest.mark.parametrize(
    ("resource", "keys", "asked", "expected"),
    [
        ("arn:aws:s3:::home/${aws:username}/*", {"aws:username": "ann"}, "arn:aws:s3:::home/ann/x", ALLOW),
        ("arn:aws:s3:::home/${aws:username}/*", {"aws:username": "ann"}, "arn:aws:s3:::home/bob/x", IMPLICIT),
        ("arn:aws:s3:::home/${aws:username}/*", {}, "arn:aws:s3:::home//x", IMPLICIT),
        ("arn:aws:s3:::home/${aws:username}/*", {"aws:username": "*"}, "arn:aws:s3:::home/bob/x", IMPLICIT),
        ("arn:aws:s3:::home/${aws:username, 'all'}", {}, "arn:aws:s3:::home/all", ALLOW),
        ("arn:aws:s3:::home/${*}", {}, "arn:aws:s3:::home/*", ALLOW),
        ("arn:aws:s3:::home/${*}", {}, "arn:aws:s3:::home/x", IMPLICIT),
        (
            "arn:aws:s3:::${aws:PrincipalTag/team}",
            {"aws:PrincipalTag/team": "red"},
            "arn:aws:s3:::red",
            ALLOW,
        ),
    ],
)
def test_policy_variables(resource: str, keys: dict[str, str], asked: str, expected: Decision) -> None:
    """A variable's value is literal; without a value the statement does not match."""
    assert answer(document(allow("s3:GetObject", resource)), "s3:GetObject", asked, keys) is expected


def test_policy_variables_came_with_version_2012() -> None:
    """In older documents the characters mean themselves."""
    old = document(allow("s3:*", "arn:aws:s3:::${aws:username}"), version="2008-10-17")
    assert answer(old, "s3:GetObject", "arn:aws:s3:::ann", {"aws:username": "ann"}) is IMPLICIT
    assert answer(old, "s3:GetObject", "arn:aws:s3:::${aws:username}") is ALLOW


@pytest.mark.parametrize(
    ("condition", "keys", "holds"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"K": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {"k": "A"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEquals": {"k": "${aws:username}"}}, {"k": "ann", "aws:username": "ann"}, True),
        ({"stringequals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "c"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"k": "a"}}, {"k": "A"}, True),
        ({"StringNotEqualsIgnoreCase": {"k": "a"}}, {"k": "A"}, False),
        ({"StringLike": {"k": "us-*"}}, {"k": "us-east-1"}, True),
        ({"StringLike": {"k": "home/${aws:username}/*"}}, {"k": "home/ann/x", "aws:username": "ann"}, True),
        ({"StringNotLike": {"k": "us-*"}}, {"k": "eu-west-1"}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"ArnLike": {"k": "arn:aws:s3:::b*"}}, {"k": "arn:aws:s3:::bucket"}, True),
        ({"ArnEquals": {"k": "arn:aws:sns:*:1:t"}}, {"k": "arn:aws:sns:us-east-1:1:t"}, True),
        ({"ArnLike": {"k": "arn:aws:sns:*:t"}}, {"k": "arn:aws:sns:us-east-1:1:t"}, False),
        ({"ArnNotLike": {"k": "arn:aws:s3:::b*"}}, {"k": "arn:aws:s3:::other"}, True),
        ({"ArnLike": {"k": "arn:aws:s3:::b*"}}, {"k": "no arn"}, False),
        ({"NumericLessThan": {"k": "10"}}, {"k": "9.5"}, True),
        ({"NumericLessThanEquals": {"k": 10}}, {"k": "10"}, True),
        ({"NumericGreaterThan": {"k": "10"}}, {"k": "9"}, False),
        ({"NumericGreaterThanEquals": {"k": "10"}}, {"k": "10"}, True),
        ({"NumericEquals": {"k": "10"}}, {"k": "10.0"}, True),
        ({"NumericNotEquals": {"k": "10"}}, {"k": "10.0"}, False),
        ({"NumericEquals": {"k": "10"}}, {"k": "ten"}, False),
        ({"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "2026-06-01T00:00:00Z"}, True),
        ({"DateLessThan": {"k": "2026-01-01"}}, {"k": "2025-12-31T23:59:59Z"}, True),
        ({"DateLessThan": {"k": "1767225600"}}, {"k": "2025-12-31T23:59:59Z"}, True),
        ({"Bool": {"k": "true"}}, {"k": "true"}, True),
        ({"Bool": {"k": True}}, {"k": "true"}, True),
        ({"Bool": {"k": "false"}}, {}, False),
        ({"BoolIfExists": {"k": "false"}}, {}, True),
        ({"BinaryEquals": {"k": "aGk="}}, {"k": "aGk="}, True),
        ({"IpAddress": {"k": "127.0.0.0/8"}}, {"k": "127.0.0.1"}, True),
        ({"NotIpAddress": {"k": ["10.0.0.0/8", "127.0.0.1"]}}, {"k": "127.0.0.1"}, False),
        ({"IpAddress": {"k": "2001:db8::/32"}}, {"k": "2001:db8::1"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {"k": "x"}, True),
        ({"Null": {"k": "true"}}, {"k": "x"}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "b", "a")}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "c")}, False),
        ({"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ("a", "c")}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ("b", "c")}, False),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"k": "a"}}, {"k": ("a", "b")}, True),
        ({"ForAllValues:StringNotEquals": {"k": "a"}}, {"k": ("a", "b")}, False),
        ({"ForAnyValue:StringLike": {"k": "a*"}}, {"k": ("b", "ab")}, True),
        ({"StringEquals": {"k": "a"}, "Bool": {"m": "true"}}, {"k": "a", "m": "false"}, False),
        ({"StringEquals": {"k": "a", "m": "b"}}, {"k": "a", "m": "b"}, True),
        ({}, {}, True),
    ],
)
def test_conditions(condition: dict[str, Any], keys: dict[str, Any], holds: bool) -> None:
    """Operators, several keys and values, absent keys, sets of values."""
    expected = ALLOW if holds else IMPLICIT
    assert answer(document(allow("*", Condition=condition)), "s3:GetObject", "x", keys) is expected


@pytest.mark.parametrize(
    "operator", ["StringMatches", "ForSomeValues:StringEquals", "NullIfExists", "String", "Equals"]
)
def test_an_unknown_operator_is_an_error_never_an_allow(operator: str) -> None:
    """The error derives from LabError and names the operator."""
    policy = document(allow("s3:*", Condition={operator: {"k": "a"}}))
    with pytest.raises(PolicyUnsupported, match=operator) as raised:
        answer(policy, "s3:GetObject", "x", {"k": "a"})
    assert isinstance(raised.value, LabError)
    assert answer(policy, "sqs:SendMessage", "x", {"k": "a"}) is IMPLICIT, "only where it would count"


def test_what_cannot_be_decided_matters_only_when_the_answer_depends_on_it() -> None:
    """A plain allow or deny elsewhere settles the question."""
    unknown = {"Frobnicate": {"k": "a"}}
    settled = document(allow("s3:*", Condition=unknown), allow("s3:GetObject"))
    assert answer(settled, "s3:GetObject", "x") is ALLOW
    denied = document(deny("s3:*", Condition=unknown), deny("s3:GetObject"))
    assert answer(denied, "s3:GetObject", "x") is EXPLICIT
    with pytest.raises(PolicyUnsupported):
        answer(document(allow("*"), deny("s3:*", Condition=unknown)), "s3:GetObject", "x")


def test_several_values_need_a_set_operator() -> None:
    """AWS leaves it undefined; here it is an error that says what to write."""
    with pytest.raises(PolicyUnsupported, match="ForAnyValue:StringEquals"):
        answer(document(allow("*", Condition={"StringEquals": {"k": "a"}})), "s3:X", "x", {"k": ("a", "b")})


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"Statement": [1]}', '{"Statement": "x"}', "{"])
def test_what_is_no_policy_is_an_error(text: str) -> None:
    """Never an empty policy by accident."""
    with pytest.raises(PolicyUnsupported):
        parse(text)


ANN = Asker("arn:aws:iam::123456789012:user/ann", "123456789012")
SESSION = Asker(
    "arn:aws:sts::123456789012:assumed-role/worker/f", "123456789012", "arn:aws:iam::123456789012:role/worker"
)
S3_SERVICE = Asker("", "123456789012", service="s3.amazonaws.com")


@pytest.mark.parametrize(
    ("principal", "asker", "grant"),
    [
        ("*", ANN, Grant.ROLE),
        ({"AWS": "*"}, SESSION, Grant.ROLE),
        ({"AWS": ANN.arn}, ANN, Grant.SELF),
        ({"AWS": ANN.arn}, SESSION, Grant.NONE),
        ({"AWS": SESSION.arn}, SESSION, Grant.SELF),
        ({"AWS": SESSION.role_arn}, SESSION, Grant.ROLE),
        ({"AWS": "123456789012"}, ANN, Grant.ACCOUNT),
        ({"AWS": "arn:aws:iam::123456789012:root"}, SESSION, Grant.ACCOUNT),
        ({"AWS": "arn:aws:iam::999999999999:root"}, ANN, Grant.NONE),
        ({"AWS": ["999999999999", ANN.arn]}, ANN, Grant.SELF),
        ({"Service": "s3.amazonaws.com"}, S3_SERVICE, Grant.SELF),
        ({"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}, S3_SERVICE, Grant.SELF),
        ({"Service": "s3.us-east-1.amazonaws.com"}, S3_SERVICE, Grant.SELF),
        ({"Service": "sns.amazonaws.com"}, S3_SERVICE, Grant.NONE),
        ({"Service": "s3.amazonaws.com"}, ANN, Grant.NONE),
        ("*", S3_SERVICE, Grant.SELF),
        ({"Federated": "cognito-identity.amazonaws.com"}, ANN, Grant.NONE),
    ],
)
def test_principals_of_resource_policies(principal: Any, asker: Asker, grant: Grant) -> None:
    """How closely a Principal names who asks."""
    policy = document({"Effect": "Allow", "Principal": principal, "Action": "sqs:*", "Resource": "*"})
    question = Question("sqs:SendMessage", "q", Keys(), asker)
    assert decide_resource(parse(policy), question) == (False, grant)


def test_notprincipal_spares_only_those_it_names() -> None:
    """Deny everybody but Ann."""
    policy = document(
        {"Effect": "Deny", "NotPrincipal": {"AWS": ANN.arn}, "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
    )
    assert decide_resource(parse(policy), Question("sqs:X", "q", Keys(), ANN)) == (False, Grant.ROLE)
    assert decide_resource(parse(policy), Question("sqs:X", "q", Keys(), SESSION)) == (True, Grant.NONE)


def test_identity_policies_have_no_principal() -> None:
    """A statement with one grants nothing there."""
    assert answer(document(allow("*", Principal="*")), "sqs:X", "q") is IMPLICIT


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.sampled_from(["*", "a:*", "a:x", "b:y"]), st.sampled_from(["*", "r", "s"])
        ),
        max_size=6,
    ),
    st.sampled_from(["a:x", "a:z", "b:y"]),
    st.sampled_from(["r", "s"]),
)
def test_the_order_of_statements_and_their_documents_do_not_count(
    rows: list[tuple[bool, str, str]], action: str, resource: str
) -> None:
    """Explicit deny, then allow, then implicit deny: whatever the order."""
    statements = [(allow if grant else deny)(pattern, over) for grant, pattern, over in rows]
    matching = [
        grant
        for grant, pattern, over in rows
        if glob(pattern).fullmatch(action) and glob(over).fullmatch(resource)
    ]
    expected = EXPLICIT if not all(matching) else ALLOW if matching else IMPLICIT
    question = Question(action, resource, Keys())
    assert decide([parse(document(*statements))], question) is expected
    assert decide([parse(document(each)) for each in reversed(statements)], question) is expected


def test_condition_elements_of_wrong_shape_are_errors() -> None:
    """Not ignored, as an empty condition would be."""
    for element in ("x", [], {"StringEquals": "x"}, {"StringEquals": ["x"]}):
        with pytest.raises(PolicyUnsupported):
            parse_conditions(element)
