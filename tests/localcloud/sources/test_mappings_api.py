"""The API of event source mappings: defaults, what is refused and how, states, lists, tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from poll_world import Mapped, Stream, Table
from push_world import RECORDER, Queue, unique

from tests.localcloud.conftest import BASIC, Functions

TRIM = {"StartingPosition": "TRIM_HORIZON"}
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
NOWHERE = "01234567-89ab-cdef-0123-456789abcdef"


@dataclass(frozen=True)
class Place:
    """One function that may read everything, and one source of each kind. ``arns`` by kind."""

    function: Any
    arns: dict[str, str]


@pytest.fixture(scope="module")
def place(make: Functions, cloud: Any) -> Place:
    function = make(RECORDER, policies=(BASIC,))
    function.allow(["sqs:*", "dynamodb:*", "kinesis:*"])
    fifo = Queue(cloud, unique("q") + ".fifo", FifoQueue="true")
    arns = {
        "sqs": Queue(cloud).arn,
        "fifo": fifo.arn,
        "dynamodb": Table(cloud).stream_arn,
        "kinesis": Stream(cloud).arn,
    }
    return Place(function, arns)


@pytest.fixture
def mapped(place: Place) -> Iterator[Any]:
    """Makes mappings of the function and deletes them after the test."""
    made: list[Mapped] = []

    def make(kind: str, **settings: Any) -> Mapped:
        made.append(Mapped(place.function, place.arns[kind], **settings))
        return made[-1]

    yield make
    for mapping in made:
        mapping.delete()


def refusal(place: Place, kind: str, **settings: Any) -> tuple[str, str]:
    """Code and message with which a mapping is refused; none is left behind."""
    arn = settings.pop("EventSourceArn", place.arns.get(kind))
    unchecked = place.function.cloud.client("lambda", config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as caught:
        unchecked.create_event_source_mapping(
            **{"FunctionName": place.function.name, "EventSourceArn": arn, **settings}
        )
    listed = place.function.lambda_.list_event_source_mappings(FunctionName=place.function.name)
    assert listed["EventSourceMappings"] == []
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_queue_mapping_with_defaults_looks_as_on_aws(place: Place, mapped: Any) -> None:
    """BatchSize 10, no window, USER_INITIATED; nothing of streams."""
    mapping = mapped("sqs")
    shown = mapping.get()
    del shown["ResponseMetadata"], shown["LastModified"]
    assert shown == {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "EventSourceArn": place.arns["sqs"],
        "FunctionArn": place.function.lambda_.get_function(FunctionName=place.function.name)["Configuration"][
            "FunctionArn"
        ],
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "State": "Enabled",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert mapping.arn.endswith(f":event-source-mapping:{mapping.uuid}")


@pytest.mark.parametrize("kind", ["dynamodb", "kinesis"])
def test_a_stream_mapping_with_defaults_looks_as_on_aws(place: Place, mapped: Any, kind: str) -> None:
    """BatchSize 100, everything without limit, no records processed yet."""
    shown = mapped(kind, **TRIM).get()
    expected = {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "BisectBatchOnFunctionError": False,
        "TumblingWindowInSeconds": 0,
        "DestinationConfig": {"OnFailure": {}},
        "FunctionResponseTypes": [],
        "StartingPosition": "TRIM_HORIZON",
        "StateTransitionReason": "User action",
        "LastProcessingResult": "No records processed",
    }
    assert {name: shown.get(name) for name in expected} == expected


INVALID = "InvalidParameterValueException"
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("sqs", TRIM, INVALID, "StartingPosition is not valid for SQS event sources."),
    ("kinesis", {}, "ValidationException", "Value null at 'startingPosition'"),
    ("kinesis", {"StartingPosition": "AT_TIMESTAMP"}, INVALID, "StartingPositionTimestamp is required"),
    (
        "kinesis",
        {**TRIM, "StartingPositionTimestamp": 1700000000},
        INVALID,
        "Timestamp only valid with StartingPosition AT_TIMESTAMP",
    ),
    (
        "dynamodb",
        {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1700000000},
        INVALID,
        "Unsupported starting position for arn type: arn:aws:dynamodb",
    ),
    (
        "sqs",
        {"BatchSize": 11},
        INVALID,
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
    ),
    ("fifo", {"BatchSize": 11}, INVALID, "Batch size must not exceed 10 for FIFO queues"),
    (
        "fifo",
        {"MaximumBatchingWindowInSeconds": 1},
        INVALID,
        "Batching window is not supported for FIFO queues",
    ),
    ("sqs", {"BatchSize": 10_001}, "ValidationException", "less than or equal to 10000"),
    ("sqs", {"MaximumBatchingWindowInSeconds": 301}, "ValidationException", "less than or equal to 300"),
    ("sqs", {"ScalingConfig": {"MaximumConcurrency": 1}}, "ValidationException", "greater than or equal"),
    ("sqs", {"MaximumRetryAttempts": 1}, INVALID, "MaximumRetryAttempts is not valid for SQS"),
    ("sqs", {"ParallelizationFactor": 2}, INVALID, "ParallelizationFactor is not valid for SQS"),
    (
        "kinesis",
        {**TRIM, "ScalingConfig": {"MaximumConcurrency": 2}},
        INVALID,
        "ScalingConfig is only valid for SQS",
    ),
    ("kinesis", {**TRIM, "ParallelizationFactor": 11}, "ValidationException", "less than or equal to 10"),
    ("kinesis", {**TRIM, "MaximumRecordAgeInSeconds": 30}, INVALID, "must be -1 or between 60 and 604800"),
    ("kinesis", {**TRIM, "TumblingWindowInSeconds": 30}, INVALID, "TumblingWindowInSeconds is not supported"),
    (
        "kinesis",
        {**TRIM, "DestinationConfig": {"OnFailure": {"Destination": FUNCTION_ARN}}},
        INVALID,
        "is invalid.",
    ),
    (
        "sqs",
        {"FilterCriteria": {"Filters": [{"Pattern": "{body: x"}]}},
        INVALID,
        "Invalid filter pattern definition.",
    ),
    (
        "sqs",
        {"FilterCriteria": {"Filters": [{"Pattern": '{"body": ["a"]}'}] * 6}},
        INVALID,
        "at most 5 filters",
    ),
    ("sqs", {"FunctionName": "nobody"}, INVALID, "Function does not exist"),
    ("sqs", {"ProvisionedPollerConfig": {"MinimumPollers": 2}}, INVALID, "ProvisionedPollerConfig is not"),
    ("sqs", {"MetricsConfig": {"Metrics": ["EventCount"]}}, INVALID, "MetricsConfig.Metrics is not"),
    ("sqs", {"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}, INVALID, "KMSKeyArn is not supported"),
    ("sqs", {"Topics": ["t0"]}, INVALID, "Topics is not supported"),
    (
        "",
        {"EventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/c/1", **TRIM},
        INVALID,
        "Amazon MSK as event source is not supported",
    ),
    (
        "",
        {"EventSourceArn": "arn:aws:sns:us-east-1:123456789012:topic"},
        INVALID,
        "Unrecognized event source, must be kinesis, dynamodb stream or sqs.",
    ),
    (
        "",
        {"EventSourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t", **TRIM},
        INVALID,
        "Unrecognized event source, must be kinesis, dynamodb stream or sqs.",
    ),
    (
        "",
        {"EventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:q"},
        INVALID,
        "It must be in the same Region as the function, us-east-1.",
    ),
    ("", {"EventSourceArn": "arn:aws:sqs:us-east-1:999999999999:q"}, INVALID, "in another account"),
    ("", {"EventSourceArn": "queue"}, "ValidationException", "regular expression pattern"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "settings", "code", "message"), REFUSED, ids=[f"{row[0]}: {row[3]}" for row in REFUSED]
)
def test_what_a_mapping_cannot_be_is_refused(
    place: Place, kind: str, settings: dict[str, Any], code: str, message: str
) -> None:
    """AWS's error and sentence; nothing is made."""
    found = refusal(place, kind, **settings)
    assert found[0] == code and message in found[1], found


def test_states_follow_each_other_and_nothing_changes_in_between(place: Place, mapped: Any) -> None:
    """Disabling, Disabled, Enabling, Updating; another change meanwhile is a conflict."""
    mapping, lambda_ = mapped("sqs"), place.function.lambda_
    assert lambda_.update_event_source_mapping(UUID=mapping.uuid, Enabled=False)["State"] == "Disabling"
    for change in (lambda_.update_event_source_mapping, lambda_.delete_event_source_mapping):
        with pytest.raises(lambda_.exceptions.ResourceInUseException, match="because it is in use"):
            change(UUID=mapping.uuid)
    mapping.wait("Disabled")
    assert mapping.update(Enabled=True)["State"] == "Enabling"
    answer = mapping.update(BatchSize=7, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert answer["State"] == "Updating" and answer["BatchSize"] == 7
    shown = mapping.get()
    assert shown["State"] == "Enabled" and shown["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    mapping.update(FilterCriteria={"Filters": [{"Pattern": '{"body": ["x"]}'}]})
    assert mapping.get()["FilterCriteria"] == {"Filters": [{"Pattern": '{"body": ["x"]}'}]}
    mapping.update(FilterCriteria={}, ScalingConfig={"MaximumConcurrency": 3})
    shown = mapping.get()
    assert "FilterCriteria" not in shown and shown["ScalingConfig"] == {"MaximumConcurrency": 3}
    mapping.update(ScalingConfig={})
    assert "ScalingConfig" not in mapping.get() and mapping.get()["BatchSize"] == 7


def test_an_update_is_held_to_the_same_rules(place: Place, mapped: Any) -> None:
    """What does not fit is refused, and the mapping stays as it was."""
    mapping = mapped("sqs")
    with pytest.raises(ClientError, match="Maximum batch window"):
        mapping.update(BatchSize=100)
    with pytest.raises(ClientError, match="Function does not exist"):
        mapping.update(FunctionName="nobody")
    assert mapping.get()["BatchSize"] == 10 and mapping.get()["State"] == "Enabled"


def test_mappings_are_listed_by_function_and_source_in_pages(place: Place, mapped: Any) -> None:
    """Both filters, alone and together; Marker and MaxItems."""
    lambda_ = place.function.lambda_
    uuids = {mapped("sqs").uuid, mapped("kinesis", **TRIM).uuid, mapped("dynamodb", **TRIM).uuid}

    def listed(**by: Any) -> set[str]:
        pages = lambda_.get_paginator("list_event_source_mappings").paginate(
            **by, PaginationConfig={"PageSize": 1}
        )
        return {each["UUID"] for page in pages for each in page["EventSourceMappings"]}

    assert listed(FunctionName=place.function.name) == uuids
    assert uuids <= listed()
    one = listed(EventSourceArn=place.arns["kinesis"])
    assert len(one) == 1 and one == listed(
        EventSourceArn=place.arns["kinesis"], FunctionName=place.function.name
    )
    assert listed(FunctionName="nobody") == set()


def test_an_alias_is_invoked_and_listed_by_its_own_name(place: Place) -> None:
    """FunctionArn keeps the qualifier; a mapping of the alias is not one of the function."""
    lambda_, name = place.function.lambda_, place.function.name
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    mapping = Mapped(place.function, place.arns["sqs"], FunctionName=f"{name}:live")
    assert mapping.get()["FunctionArn"].endswith(f":{name}:live")
    assert lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []
    assert len(lambda_.list_event_source_mappings(FunctionName=f"{name}:live")["EventSourceMappings"]) == 1
    mapping.delete()


def test_mappings_carry_tags(place: Place, mapped: Any) -> None:
    """From the creation on, and by TagResource."""
    mapping, lambda_ = mapped("sqs", Tags={"lab": "03"}), place.function.lambda_
    lambda_.tag_resource(Resource=mapping.arn, Tags={"owner": "ada"})
    assert lambda_.list_tags(Resource=mapping.arn)["Tags"] == {"lab": "03", "owner": "ada"}
    lambda_.untag_resource(Resource=mapping.arn, TagKeys=["lab"])
    assert lambda_.list_tags(Resource=mapping.arn)["Tags"] == {"owner": "ada"}


def test_a_mapping_that_is_not_there(place: Place) -> None:
    """ResourceNotFoundException, as AWS says it."""
    lambda_ = place.function.lambda_
    for call in (
        lambda_.get_event_source_mapping,
        lambda_.update_event_source_mapping,
        lambda_.delete_event_source_mapping,
    ):
        with pytest.raises(
            lambda_.exceptions.ResourceNotFoundException, match="resource you requested does not exist"
        ):
            call(UUID=NOWHERE)


def test_a_role_may_do_only_what_its_policy_says_about_mappings(place: Place, cloud: Any) -> None:
    """lambda:DeleteEventSourceMapping is asked for the mapping's ARN."""
    mapping = Mapped(place.function, place.arns["sqs"])
    iam = cloud.client("iam")
    user = unique("reader")
    iam.create_user(UserName=user)
    statement = {"Effect": "Allow", "Action": "lambda:GetEventSourceMapping", "Resource": mapping.arn}
    iam.put_user_policy(
        UserName=user,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    lambda_ = cloud.client(
        "lambda",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert lambda_.get_event_source_mapping(UUID=mapping.uuid)["UUID"] == mapping.uuid
    with pytest.raises(ClientError, match="lambda:DeleteEventSourceMapping"):
        lambda_.delete_event_source_mapping(UUID=mapping.uuid)
    mapping.delete()
