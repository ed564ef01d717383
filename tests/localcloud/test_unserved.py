"""What the services around Lambda do not have here: refused by name, in the service's own protocol."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1}, inject_host_prefix=False)
KEY = {"Bucket": "unserved", "Key": "kept.txt"}
CONFIGURATION = {"Bucket": "unserved", "Id": "x"}


def error_of(cloud: Any, service: str, operation: str, params: dict[str, Any]) -> tuple[int, str, str]:
    """HTTP status, code and message as boto3 reads them."""
    with pytest.raises(ClientError) as raised:
        getattr(cloud.client(service, config=UNCHECKED), operation)(**params)
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "params", "name"),
    [
        ("xray", "create_sampling_rule", {"SamplingRule": {"RuleName": "x"}}, "xray CreateSamplingRule"),
        ("xray", "create_group", {"GroupName": "x"}, "xray CreateGroup"),
        ("iam", "simulate_principal_policy", {"PolicySourceArn": "x", "ActionNames": ["s3:GetObject"]},
         "iam SimulatePrincipalPolicy"),
        ("sqs", "start_message_move_task", {"SourceArn": "arn:aws:sqs:us-east-1:123456789012:x"},
         "sqs StartMessageMoveTask"),
        ("sns", "list_origination_numbers", {}, "sns ListOriginationNumbers"),
        ("dynamodb", "disable_kinesis_streaming_destination", {"TableName": "x", "StreamArn": "x"},
         "dynamodb DisableKinesisStreamingDestination"),
        ("cloudwatch", "put_metric_stream", {"Name": "x"}, "monitoring PutMetricStream"),
    ],
)  # fmt: skip
def test_what_moto_lacks_is_refused_by_name(
    cloud: Any, service: str, operation: str, params: dict[str, Any], name: str
) -> None:
    """501 NotImplemented, never a page of HTML or an empty success."""
    status, code, message = error_of(cloud, service, operation, params)
    assert (status, code) == (501, "NotImplemented")
    assert message.startswith(f"{name} is not supported by the local cloud. ")


@pytest.fixture(scope="module")
def bucket(cloud: Any) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="unserved")
    yield s3
    s3.delete_object(**KEY)
    s3.delete_bucket(Bucket="unserved")


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("put_object_annotation", {**KEY, "AnnotationName": "a", "AnnotationPayload": b"x"}),
        ("delete_object_annotation", {**KEY, "AnnotationName": "a"}),
        ("rename_object", {**KEY, "RenameSource": "kept.txt"}),
        ("update_object_encryption", {**KEY, "ObjectEncryption": {}}),
        ("get_object_torrent", KEY),
        ("select_object_content", {**KEY, "Expression": "x", "ExpressionType": "SQL"}),
        ("delete_bucket_metrics_configuration", CONFIGURATION),
        ("delete_bucket_inventory_configuration", CONFIGURATION),
        ("delete_bucket_analytics_configuration", CONFIGURATION),
        ("put_bucket_metrics_configuration", {**CONFIGURATION, "MetricsConfiguration": {"Id": "x"}}),
    ],
)
def test_no_s3_operation_is_taken_for_another_one(
    cloud: Any, bucket: Any, operation: str, params: dict[str, Any]
) -> None:
    """An annotation is no object, and the end of a bucket's metrics is not the bucket's end."""
    bucket.put_object(**KEY, Body=b"as it was")
    assert error_of(cloud, "s3", operation, params)[:2] == (501, "NotImplemented")
    assert bucket.get_object(**KEY)["Body"].read() == b"as it was"


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "message"),
    [
        ("kinesis", "register_stream_consumer", {"StreamARN": "nowhere", "ConsumerName": "x"},
         "ValidationException",
         "1 validation error detected: Value 'nowhere' at 'streamARN' failed to satisfy constraint: Member "
         "must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"),
        ("ssm", "get_parameter", {"Name": 7}, "SerializationException",
         "Name must be a string, not a number."),
    ],
)  # fmt: skip
def test_a_request_that_moto_stumbles_over_is_held_against_the_model(
    cloud: Any, service: str, operation: str, params: dict[str, Any], code: str, message: str
) -> None:
    """AWS's 400 with its sentence, not a failure of the server."""
    assert error_of(cloud, service, operation, params) == (400, code, message)
