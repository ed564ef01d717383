"""What templates say: forms, functions, parameters, and what is refused of them. No cloud is needed."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.localcloud.stacks import checks
from labkit.localcloud.stacks.decode import decode
from labkit.localcloud.stacks.errors import StackError
from labkit.localcloud.stacks.intrinsics import evaluate
from labkit.localcloud.stacks.model import Resource
from labkit.localcloud.stacks.order import ordered
from labkit.localcloud.stacks.parameters import values
from labkit.localcloud.stacks.scope import StackScope
from labkit.localcloud.stacks.template import read

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}
TEMPLATE = {
    "Parameters": {"Word": {"Type": "String"}, "List": {"Type": "CommaDelimitedList", "Default": "a, b"}},
    "Mappings": {"Sizes": {"us-east-1": {"small": 1}}},
    "Conditions": {
        "Is": {"Fn::Equals": [{"Ref": "Word"}, "hi"]},
        "Not": {"Fn::Not": [{"Condition": "Is"}]},
        "And": {"Fn::And": [{"Condition": "Is"}, {"Fn::Or": [{"Condition": "Not"}, {"Condition": "Is"}]}]},
    },
    "Resources": {"Queue": QUEUE, "Later": QUEUE},
}


def scope() -> StackScope:
    template = read(TEMPLATE)
    known = values(template.parameters, {"Word": "hi"}, lambda name, key: "")
    there = Resource("Queue", "AWS::SQS::Queue", "CREATE_COMPLETE", 0.0, "url", attributes={"Arn": "arn:q"})
    stack = ("app", "arn:stack", "us-east-1")
    return StackScope(template, known, stack, lambda name: f"<{name}>", {"Queue": there})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Word", "hi"),
        ("!Ref List", ["a", "b"]),
        ("!Ref Queue", "url"),
        ("!Ref Later", {"Ref": "Later"}),
        ("!Ref AWS::StackName", "app"),
        ("!GetAtt Queue.Arn", "arn:q"),
        ("!GetAtt [Queue, Arn]", "arn:q"),
        ("!Sub '${Word}-${Queue.Arn}-${!Word}-${AWS::Region}'", "hi-arn:q-${Word}-us-east-1"),
        ("!Sub ['${x}/${Queue}', {x: !Ref Word}]", "hi/url"),
        ("!Sub '${Later}'", {"Fn::Sub": "${Later}"}),
        ("!Join ['-', [a, !Ref Word, 1, true]]", "a-hi-1-true"),
        ("!Join ['-', !Ref List]", "a-b"),
        ("!Select [1, !Split ['/', 'x/y/z']]", "y"),
        ("!If [Is, yes please, no]", "yes please"),
        ("!If [Not, 1, !Ref AWS::NoValue]", None),
        ("{a: !If [Not, 1, !Ref AWS::NoValue], b: 2}", {"b": 2}),
        ("!FindInMap [Sizes, !Ref AWS::Region, small]", 1),
        ("!ImportValue other", "<other>"),
        ("Fn::ImportValue: !Sub '${Word}-x'", "<hi-x>"),
        ("!Base64 abc", "YWJj"),
        ("{Version: 2012-10-17, When: 2020-01-01T00:00:00Z}",
         {"Version": "2012-10-17", "When": "2020-01-01T00:00:00Z"}),
    ],
)  # fmt: skip
def test_functions_have_their_values(written: str, value: Any) -> None:
    """Short forms and long ones; what cannot be known yet stays as it was written."""
    node = decode(f"X: {written}" if not written.startswith("Fn::") else f"X:\n  {written}")["X"]
    found = evaluate(node, scope())
    assert (found == value) if value is not None else not isinstance(found, str | int)


def test_conditions_build_on_each_other() -> None:
    """Equals, Not, And, Or, and conditions by name."""
    assert scope().conditions() == {"Is": True, "Not": False, "And": True}


def test_the_order_is_that_of_the_needs() -> None:
    """References, attributes, texts and DependsOn, but not the branch that a condition leaves out."""
    named = {
        "A": {**QUEUE, "Properties": {"QueueName": {"Fn::Sub": "${B.QueueName}-a"}}},
        "B": {**QUEUE, "DependsOn": "C"},
        "C": {**QUEUE, "Properties": {"QueueName": {"Fn::If": ["No", {"Ref": "A"}, "c"]}}},
    }
    template = read({"Conditions": {"No": {"Fn::Equals": [1, 2]}}, "Resources": named})
    assert ordered(template.resources, {"No": False}) == ["C", "B", "A"]
    with pytest.raises(StackError, match="Circular dependency between resources"):
        ordered(template.resources, {"No": True})


@pytest.mark.parametrize(
    ("definition", "given", "told"),
    [
        ({"Type": "String"}, {}, r"Parameters: \[P\] must have values"),
        ({"Type": "String"}, {"P": "x", "Q": "y"}, r"Parameters: \[Q\] do not exist in the template"),
        ({"Type": "String", "AllowedValues": ["a"]}, {"P": "x"}, r"must be one of AllowedValues: \[a\]"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, {"P": "1"}, r"must match pattern \[a-z\]\+"),
        ({"Type": "String", "MinLength": 2}, {"P": "x"}, "at least 2 characters"),
        ({"Type": "Number", "MaxValue": 3}, {"P": "4"}, "not greater than 3"),
        ({"Type": "Number"}, {"P": "four"}, "must be a number"),
        ({"Type": "String", "MaxLength": 1, "ConstraintDescription": "be short"}, {"P": "xx"}, "be short"),
        ({"Type": "AWS::EC2::VPC::Id"}, {"P": "vpc-1"}, "not supported by the local cloud"),
        ({"Type": "Wrong"}, {"P": "x"}, "Unrecognized parameter type: Wrong"),
    ],
)
def test_parameters_are_held_to_what_is_declared(
    definition: dict[str, Any], given: dict[str, str], told: str
) -> None:
    with pytest.raises(StackError, match=told):
        values({"P": definition}, given, lambda name, key: "")


BAD = [
    ("- a list", "unsupported structure"),
    ("{", "not well-formed"),
    ("a: [1", "YAML not well-formed"),
    ({}, "At least one Resources member"),
    ({"Resources": {}, "Rules": {}}, "section Rules"),
    ({"Resources": {"Q": {}}}, "must contain a Type member"),
    ({"Resources": {"Q-1": QUEUE}}, "non alphanumeric"),
    ({"Resources": {"Q": {**QUEUE, "Wrong": 1}}}, "Invalid template resource property 'Wrong'"),
    ({"Resources": {"Q": {**QUEUE, "DependsOn": "X"}}}, r"Unresolved resource dependencies \[X\]"),
    ({"Resources": {"Q": {**QUEUE, "Condition": "X"}}}, "Unresolved condition dependency X"),
    (
        {"Resources": {"Q": {"Type": "AWS::SQS::Queeue"}}},
        r"Unrecognized resource types: \[AWS::SQS::Queeue\]",
    ),
    (
        {"Resources": {"Q": {"Type": "AWS::EC2::VPC"}}},
        "AWS::EC2::VPC of Q is not supported by the local cloud",
    ),
    ({"Resources": {"Q": {"Type": "AWS::CloudFormation::Stack"}}}, "as a stack of its own"),
    ({"Resources": {"Q": {**QUEUE, "Properties": {"Nmae": 1}}}}, r"extraneous key \[Nmae\] is not permitted"),
    (
        {"Resources": {"R": {"Type": "AWS::IAM::Role"}}},
        r"required key \[AssumeRolePolicyDocument\] not found",
    ),
    (
        {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"LoggingConfiguration": {}}}}},
        "LoggingConfiguration of B .* is not supported by the local cloud",
    ),
    ({"Resources": {"Q": {**QUEUE, "Properties": {"QueueName": {"Ref": "X"}}}}}, r"dependencies \[X\]"),
    (
        {"Resources": {"Q": QUEUE}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["Q", "Url"]}}}},
        "Q does not support attribute type Url",
    ),
    (
        {"Resources": {"Q": {**QUEUE, "Properties": {"QueueName": {"Fn::Cidr": []}}}}},
        "Fn::Cidr is not supported",
    ),
    (
        {"Resources": {"Q": {**QUEUE, "Properties": {"QueueName": {"Fn::Wrong": []}}}}},
        "Unrecognized function",
    ),
    ({"Resources": {"C": {"Type": "Custom::Thing"}}}, "ServiceToken is required"),
]


@pytest.mark.parametrize(("template", "told"), BAD)
def test_what_cannot_be_made_is_refused_by_name(template: Any, told: str) -> None:
    """Before anything is made."""
    with pytest.raises(StackError, match=told):
        checks.check(read(decode(template) if isinstance(template, str) else template))
