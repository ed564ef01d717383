"""What each API call needs: one row a call, the IAM actions and resources beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import Shape
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.request import Request
from moto.core.routing import get_service_router
from permission_requests import ENDPOINT, call_of, unsent_client

from labkit.localcloud.permissions import RequestUnclear, classify
from labkit.localcloud.permissions.tables import SERVICES

A, R = "123456789012", "us-east-1"
DDB = f"arn:aws:dynamodb:{R}:{A}:table"
FN = f"arn:aws:lambda:{R}:{A}:function"
LOGS = f"arn:aws:logs:{R}:{A}:log-group"
ROLE = f"arn:aws:iam::{A}:role/worker"
MACHINE = f"arn:aws:states:{R}:{A}:stateMachine:m"
KEY = {"id": {"S": "1"}}
QUEUE = f"{ENDPOINT}/{A}/orders"

# boto3 service, operation, arguments, and "action resource" for each need
CALLS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("dynamodb", "get_item", {"TableName": "t", "Key": KEY}, [f"dynamodb:GetItem {DDB}/t"]),
    ("dynamodb", "get_item", {"TableName": f"{DDB}/t", "Key": KEY}, [f"dynamodb:GetItem {DDB}/t"]),
    ("dynamodb", "query", {"TableName": "t", "IndexName": "by"}, [f"dynamodb:Query {DDB}/t/index/by"]),
    ("dynamodb", "scan", {"TableName": "t"}, [f"dynamodb:Scan {DDB}/t"]),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"a": {"Keys": [KEY]}, "b": {"Keys": [KEY]}}},
        [f"dynamodb:BatchGetItem {DDB}/a", f"dynamodb:BatchGetItem {DDB}/b"],
    ),
    (
        "dynamodb",
        "batch_write_item",
        {"RequestItems": {"a": [{"DeleteRequest": {"Key": KEY}}]}},
        [f"dynamodb:BatchWriteItem {DDB}/a"],
    ),
    (
        "dynamodb",
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": {"TableName": "a", "Item": KEY}},
                {"Delete": {"TableName": "b", "Key": KEY}},
                {"ConditionCheck": {"TableName": "c", "Key": KEY, "ConditionExpression": "x"}},
            ]
        },
        [f"dynamodb:PutItem {DDB}/a", f"dynamodb:DeleteItem {DDB}/b", f"dynamodb:ConditionCheckItem {DDB}/c"],
    ),
    (
        "dynamodb",
        "transact_get_items",
        {"TransactItems": [{"Get": {"TableName": "a", "Key": KEY}}]},
        [f"dynamodb:GetItem {DDB}/a"],
    ),
    (
        "dynamodb",
        "execute_statement",
        {"Statement": 'SELECT * FROM "t"."by" WHERE id = 1'},
        [f"dynamodb:PartiQLSelect {DDB}/t/index/by"],
    ),
    (
        "dynamodb",
        "execute_statement",
        {"Statement": "UPDATE t SET a = 1 WHERE id = 1"},
        [f"dynamodb:PartiQLUpdate {DDB}/t"],
    ),
    (
        "dynamodb",
        "batch_execute_statement",
        {
            "Statements": [
                {"Statement": "INSERT INTO a VALUE {}"},
                {"Statement": 'delete from "b" where id=1'},
            ]
        },
        [f"dynamodb:PartiQLInsert {DDB}/a", f"dynamodb:PartiQLDelete {DDB}/b"],
    ),
    ("dynamodb", "list_tables", {}, [f"dynamodb:ListTables {DDB}/*"]),
    ("dynamodb", "create_table", {"TableName": "t"}, [f"dynamodb:CreateTable {DDB}/t"]),
    (
        "dynamodbstreams",
        "describe_stream",
        {"StreamArn": f"{DDB}/t/stream/1"},
        [f"dynamodb:DescribeStream {DDB}/t/stream/1"],
    ),
    (
        "dynamodbstreams",
        "get_records",
        {"ShardIterator": f"{DDB}/t/stream/1|1|abc"},
        [f"dynamodb:GetRecords {DDB}/t/stream/1"],
    ),
    ("dynamodbstreams", "list_streams", {}, ["dynamodb:ListStreams *"]),
    ("s3", "list_buckets", {}, ["s3:ListAllMyBuckets *"]),
    ("s3", "create_bucket", {"Bucket": "b"}, ["s3:CreateBucket arn:aws:s3:::b"]),
    ("s3", "list_objects_v2", {"Bucket": "b"}, ["s3:ListBucket arn:aws:s3:::b"]),
    ("s3", "head_bucket", {"Bucket": "b"}, ["s3:ListBucket arn:aws:s3:::b"]),
    ("s3", "get_object", {"Bucket": "b", "Key": "a b/ü+%"}, ["s3:GetObject arn:aws:s3:::b/a b/ü+%"]),
    ("s3", "head_object", {"Bucket": "b", "Key": "k"}, ["s3:GetObject arn:aws:s3:::b/k"]),
    (
        "s3",
        "get_object",
        {"Bucket": "b", "Key": "k", "VersionId": "1"},
        ["s3:GetObjectVersion arn:aws:s3:::b/k"],
    ),
    ("s3", "put_object", {"Bucket": "b", "Key": "folder/"}, ["s3:PutObject arn:aws:s3:::b/folder/"]),
    (
        "s3",
        "put_object",
        {"Bucket": "b", "Key": "k", "ACL": "private", "Tagging": "a=1"},
        [
            "s3:PutObject arn:aws:s3:::b/k",
            "s3:PutObjectAcl arn:aws:s3:::b/k",
            "s3:PutObjectTagging arn:aws:s3:::b/k",
        ],
    ),
    (
        "s3",
        "copy_object",
        {"Bucket": "b", "Key": "k", "CopySource": {"Bucket": "src", "Key": "x y"}},
        ["s3:PutObject arn:aws:s3:::b/k", "s3:GetObject arn:aws:s3:::src/x y"],
    ),
    ("s3", "delete_object", {"Bucket": "b", "Key": "k"}, ["s3:DeleteObject arn:aws:s3:::b/k"]),
    (
        "s3",
        "delete_objects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}},
        ["s3:DeleteObject arn:aws:s3:::b/a", "s3:DeleteObjectVersion arn:aws:s3:::b/b"],
    ),
    ("s3", "create_multipart_upload", {"Bucket": "b", "Key": "k"}, ["s3:PutObject arn:aws:s3:::b/k"]),
    (
        "s3",
        "upload_part",
        {"Bucket": "b", "Key": "k", "UploadId": "u", "PartNumber": 1},
        ["s3:PutObject arn:aws:s3:::b/k"],
    ),
    (
        "s3",
        "abort_multipart_upload",
        {"Bucket": "b", "Key": "k", "UploadId": "u"},
        ["s3:AbortMultipartUpload arn:aws:s3:::b/k"],
    ),
    (
        "s3",
        "put_bucket_notification_configuration",
        {"Bucket": "b", "NotificationConfiguration": {}},
        ["s3:PutBucketNotification arn:aws:s3:::b"],
    ),
    ("s3", "get_bucket_cors", {"Bucket": "b"}, ["s3:GetBucketCORS arn:aws:s3:::b"]),
    ("s3", "get_bucket_location", {"Bucket": "b"}, ["s3:GetBucketLocation arn:aws:s3:::b"]),
    (
        "s3",
        "put_object_tagging",
        {"Bucket": "b", "Key": "k", "Tagging": {"TagSet": []}},
        ["s3:PutObjectTagging arn:aws:s3:::b/k"],
    ),
    ("lambda", "invoke", {"FunctionName": "f"}, [f"lambda:InvokeFunction {FN}:f"]),
    ("lambda", "invoke", {"FunctionName": "f:live"}, [f"lambda:InvokeFunction {FN}:f:live"]),
    ("lambda", "invoke", {"FunctionName": f"{FN}:f", "Qualifier": "3"}, [f"lambda:InvokeFunction {FN}:f:3"]),
    (
        "lambda",
        "invoke",
        {"FunctionName": f"{A}:function:f:live", "Qualifier": "live"},
        [f"lambda:InvokeFunction {FN}:f:live"],
    ),
    ("lambda", "invoke_with_response_stream", {"FunctionName": "f"}, [f"lambda:InvokeFunction {FN}:f"]),
    (
        "lambda",
        "create_function",
        {"FunctionName": "f", "Role": ROLE, "Layers": [f"arn:aws:lambda:{R}:{A}:layer:l:1"]},
        [
            f"lambda:CreateFunction {FN}:f",
            f"lambda:GetLayerVersion arn:aws:lambda:{R}:{A}:layer:l:1",
            f"iam:PassRole {ROLE}",
        ],
    ),
    (
        "lambda",
        "update_function_configuration",
        {"FunctionName": "f", "Timeout": 5},
        [f"lambda:UpdateFunctionConfiguration {FN}:f"],
    ),
    (
        "lambda",
        "update_function_code",
        {"FunctionName": "f", "ZipFile": b"x"},
        [f"lambda:UpdateFunctionCode {FN}:f"],
    ),
    ("lambda", "get_function", {"FunctionName": "f"}, [f"lambda:GetFunction {FN}:f"]),
    ("lambda", "list_functions", {}, ["lambda:ListFunctions *"]),
    (
        "lambda",
        "add_permission",
        {"FunctionName": "f", "StatementId": "s", "Action": "x", "Principal": "p"},
        [f"lambda:AddPermission {FN}:f"],
    ),
    (
        "lambda",
        "create_alias",
        {"FunctionName": "f", "Name": "live", "FunctionVersion": "1"},
        [f"lambda:CreateAlias {FN}:f"],
    ),
    (
        "lambda",
        "create_event_source_mapping",
        {"FunctionName": "f", "EventSourceArn": "arn:aws:sqs:::q"},
        ["lambda:CreateEventSourceMapping *"],
    ),
    (
        "lambda",
        "delete_event_source_mapping",
        {"UUID": "u-1"},
        [f"lambda:DeleteEventSourceMapping arn:aws:lambda:{R}:{A}:event-source-mapping:u-1"],
    ),
    (
        "lambda",
        "publish_layer_version",
        {"LayerName": "l", "Content": {}},
        [f"lambda:PublishLayerVersion arn:aws:lambda:{R}:{A}:layer:l"],
    ),
    (
        "lambda",
        "get_layer_version",
        {"LayerName": "l", "VersionNumber": 2},
        [f"lambda:GetLayerVersion arn:aws:lambda:{R}:{A}:layer:l:2"],
    ),
    ("lambda", "tag_resource", {"Resource": f"{FN}:f", "Tags": {"a": "1"}}, [f"lambda:TagResource {FN}:f"]),
    (
        "sqs",
        "send_message",
        {"QueueUrl": QUEUE, "MessageBody": "x"},
        [f"sqs:SendMessage arn:aws:sqs:{R}:{A}:orders"],
    ),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": QUEUE, "Entries": []},
        [f"sqs:SendMessage arn:aws:sqs:{R}:{A}:orders"],
    ),
    (
        "sqs",
        "delete_message_batch",
        {"QueueUrl": QUEUE, "Entries": []},
        [f"sqs:DeleteMessage arn:aws:sqs:{R}:{A}:orders"],
    ),
    ("sqs", "create_queue", {"QueueName": "q.fifo"}, [f"sqs:CreateQueue arn:aws:sqs:{R}:{A}:q.fifo"]),
    ("sqs", "list_queues", {}, [f"sqs:ListQueues arn:aws:sqs:{R}:{A}:"]),
    (
        "sns",
        "publish",
        {"TopicArn": f"arn:aws:sns:{R}:{A}:t", "Message": "x"},
        [f"sns:Publish arn:aws:sns:{R}:{A}:t"],
    ),
    (
        "sns",
        "publish_batch",
        {"TopicArn": f"arn:aws:sns:{R}:{A}:t", "PublishBatchRequestEntries": []},
        [f"sns:Publish arn:aws:sns:{R}:{A}:t"],
    ),
    ("sns", "create_topic", {"Name": "t"}, [f"sns:CreateTopic arn:aws:sns:{R}:{A}:t"]),
    (
        "sns",
        "unsubscribe",
        {"SubscriptionArn": f"arn:aws:sns:{R}:{A}:t:0-1"},
        [f"sns:Unsubscribe arn:aws:sns:{R}:{A}:t"],
    ),
    (
        "logs",
        "create_log_group",
        {"logGroupName": "/aws/lambda/f"},
        [f"logs:CreateLogGroup {LOGS}:/aws/lambda/f:log-stream:"],
    ),
    (
        "logs",
        "put_log_events",
        {"logGroupName": "g", "logStreamName": "s", "logEvents": []},
        [f"logs:PutLogEvents {LOGS}:g:log-stream:s"],
    ),
    ("logs", "filter_log_events", {"logGroupName": "g"}, [f"logs:FilterLogEvents {LOGS}:g:log-stream:"]),
    (
        "logs",
        "filter_log_events",
        {"logGroupIdentifier": f"{LOGS}:g:*"},
        [f"logs:FilterLogEvents {LOGS}:g:log-stream:"],
    ),
    ("logs", "describe_log_groups", {}, [f"logs:DescribeLogGroups {LOGS}::log-stream:"]),
    (
        "logs",
        "start_query",
        {"logGroupNames": ["a", "b"], "queryString": "x"},
        [f"logs:StartQuery {LOGS}:a:log-stream:", f"logs:StartQuery {LOGS}:b:log-stream:"],
    ),
    (
        "logs",
        "put_subscription_filter",
        {
            "logGroupName": "g",
            "filterName": "f",
            "filterPattern": "",
            "destinationArn": f"{FN}:f",
            "roleArn": ROLE,
        },
        [f"logs:PutSubscriptionFilter {LOGS}:g:log-stream:", f"iam:PassRole {ROLE}"],
    ),
    (
        "ssm",
        "get_parameter",
        {"Name": "/orders/db"},
        [f"ssm:GetParameter arn:aws:ssm:{R}:{A}:parameter/orders/db"],
    ),
    ("ssm", "get_parameter", {"Name": "plain:3"}, [f"ssm:GetParameter arn:aws:ssm:{R}:{A}:parameter/plain"]),
    (
        "ssm",
        "get_parameters",
        {"Names": ["/a", "b"]},
        [
            f"ssm:GetParameters arn:aws:ssm:{R}:{A}:parameter/a",
            f"ssm:GetParameters arn:aws:ssm:{R}:{A}:parameter/b",
        ],
    ),
    (
        "ssm",
        "get_parameters_by_path",
        {"Path": "/orders/"},
        [f"ssm:GetParametersByPath arn:aws:ssm:{R}:{A}:parameter/orders/"],
    ),
    (
        "ssm",
        "put_parameter",
        {"Name": "/a", "Value": "v"},
        [f"ssm:PutParameter arn:aws:ssm:{R}:{A}:parameter/a"],
    ),
    ("ssm", "describe_parameters", {}, [f"ssm:DescribeParameters arn:aws:ssm:{R}:{A}:*"]),
    (
        "secretsmanager",
        "create_secret",
        {"Name": "db"},
        [f"secretsmanager:CreateSecret arn:aws:secretsmanager:{R}:{A}:secret:db-??????"],
    ),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": f"arn:aws:secretsmanager:{R}:{A}:secret:none-AbCdEf"},
        [f"secretsmanager:GetSecretValue arn:aws:secretsmanager:{R}:{A}:secret:none-AbCdEf"],
    ),
    ("secretsmanager", "list_secrets", {}, ["secretsmanager:ListSecrets *"]),
    (
        "kms",
        "decrypt",
        {"KeyId": "1234abcd", "CiphertextBlob": b"x"},
        [f"kms:Decrypt arn:aws:kms:{R}:{A}:key/1234abcd"],
    ),
    (
        "kms",
        "decrypt",
        {"CiphertextBlob": b"11111111-2222-3333-4444-555555555555rest"},
        [f"kms:Decrypt arn:aws:kms:{R}:{A}:key/11111111-2222-3333-4444-555555555555"],
    ),
    ("kms", "create_key", {}, ["kms:CreateKey *"]),
    (
        "kms",
        "create_alias",
        {"AliasName": "alias/a", "TargetKeyId": "1234"},
        [f"kms:CreateAlias arn:aws:kms:{R}:{A}:alias/a", f"kms:CreateAlias arn:aws:kms:{R}:{A}:key/1234"],
    ),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "a"}, {"Source": "b", "EventBusName": "mine"}]},
        [
            f"events:PutEvents arn:aws:events:{R}:{A}:event-bus/default",
            f"events:PutEvents arn:aws:events:{R}:{A}:event-bus/mine",
        ],
    ),
    (
        "events",
        "put_rule",
        {"Name": "r", "RoleArn": ROLE},
        [f"events:PutRule arn:aws:events:{R}:{A}:rule/r", f"iam:PassRole {ROLE}"],
    ),
    (
        "events",
        "put_rule",
        {"Name": "r", "EventBusName": "mine"},
        [f"events:PutRule arn:aws:events:{R}:{A}:rule/mine/r"],
    ),
    (
        "events",
        "put_targets",
        {"Rule": "r", "EventBusName": "default", "Targets": [{"Id": "1", "RoleArn": ROLE}]},
        [f"events:PutTargets arn:aws:events:{R}:{A}:rule/r", f"iam:PassRole {ROLE}"],
    ),
    (
        "scheduler",
        "create_schedule",
        {"Name": "s", "Target": {"Arn": "x", "RoleArn": ROLE}},
        [f"scheduler:CreateSchedule arn:aws:scheduler:{R}:{A}:schedule/default/s", f"iam:PassRole {ROLE}"],
    ),
    (
        "scheduler",
        "get_schedule",
        {"Name": "s", "GroupName": "g"},
        [f"scheduler:GetSchedule arn:aws:scheduler:{R}:{A}:schedule/g/s"],
    ),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE}, [f"states:StartExecution {MACHINE}"]),
    (
        "stepfunctions",
        "create_state_machine",
        {"name": "m", "roleArn": ROLE, "definition": "{}"},
        [f"states:CreateStateMachine {MACHINE}", f"iam:PassRole {ROLE}"],
    ),
    (
        "stepfunctions",
        "describe_execution",
        {"executionArn": f"arn:aws:states:{R}:{A}:execution:m:1"},
        [f"states:DescribeExecution arn:aws:states:{R}:{A}:execution:m:1"],
    ),
    (
        "kinesis",
        "put_record",
        {"StreamName": "s", "Data": b"x", "PartitionKey": "p"},
        [f"kinesis:PutRecord arn:aws:kinesis:{R}:{A}:stream/s"],
    ),
    (
        "kinesis",
        "get_shard_iterator",
        {"StreamARN": f"arn:aws:kinesis:{R}:{A}:stream/s"},
        [f"kinesis:GetShardIterator arn:aws:kinesis:{R}:{A}:stream/s"],
    ),
    (
        "kinesis",
        "get_records",
        {"ShardIterator": "czpzaGFyZDow"},
        [f"kinesis:GetRecords arn:aws:kinesis:{R}:{A}:stream/s"],
    ),
    ("xray", "put_trace_segments", {"TraceSegmentDocuments": []}, ["xray:PutTraceSegments *"]),
    ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": []}, ["cloudwatch:PutMetricData *"]),
    (
        "cloudwatch",
        "put_metric_alarm",
        {"AlarmName": "a"},
        [f"cloudwatch:PutMetricAlarm arn:aws:cloudwatch:{R}:{A}:alarm:a"],
    ),
    (
        "cloudwatch",
        "delete_alarms",
        {"AlarmNames": ["a", "b"]},
        [
            f"cloudwatch:DeleteAlarms arn:aws:cloudwatch:{R}:{A}:alarm:a",
            f"cloudwatch:DeleteAlarms arn:aws:cloudwatch:{R}:{A}:alarm:b",
        ],
    ),
    (
        "cloudwatch",
        "get_dashboard",
        {"DashboardName": "d"},
        [f"cloudwatch:GetDashboard arn:aws:cloudwatch::{A}:dashboard/d"],
    ),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "s"}, [f"sts:AssumeRole {ROLE}"]),
    (
        "iam",
        "create_role",
        {"RoleName": "r", "Path": "/team/", "AssumeRolePolicyDocument": "{}"},
        [f"iam:CreateRole arn:aws:iam::{A}:role/team/r"],
    ),
    (
        "iam",
        "attach_role_policy",
        {"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/X"},
        [f"iam:AttachRolePolicy arn:aws:iam::{A}:role/r"],
    ),
    (
        "iam",
        "create_policy",
        {"PolicyName": "p", "PolicyDocument": "{}"},
        [f"iam:CreatePolicy arn:aws:iam::{A}:policy/p"],
    ),
    ("iam", "list_roles", {}, [f"iam:ListRoles arn:aws:iam::{A}:role/"]),
    ("apigateway", "create_rest_api", {"name": "a"}, [f"apigateway:POST arn:aws:apigateway:{R}::/restapis"]),
    (
        "apigateway",
        "put_method",
        {"restApiId": "x", "resourceId": "y", "httpMethod": "GET", "authorizationType": "NONE"},
        [f"apigateway:PUT arn:aws:apigateway:{R}::/restapis/x/resources/y/methods/GET"],
    ),
    ("apigatewayv2", "get_api", {"ApiId": "x"}, [f"apigateway:GET arn:aws:apigateway:{R}::/apis/x"]),
    (
        "application-autoscaling",
        "register_scalable_target",
        {"ServiceNamespace": "lambda", "ResourceId": "function:f:live", "ScalableDimension": "d"},
        [
            f"application-autoscaling:RegisterScalableTarget arn:aws:application-autoscaling:{R}:{A}:scalable-target/*"
        ],
    ),
    (
        "cloudformation",
        "create_stack",
        {"StackName": "s", "RoleARN": ROLE},
        [f"cloudformation:CreateStack arn:aws:cloudformation:{R}:{A}:stack/s/*", f"iam:PassRole {ROLE}"],
    ),
    ("resourcegroupstaggingapi", "get_resources", {}, ["tag:GetResources *"]),
    ("ec2", "describe_instances", {}, ["ec2:DescribeInstances *"]),
    ("ecr", "create_repository", {"repositoryName": "r"}, ["ecr:CreateRepository *"]),
]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "needs"),
    CALLS,
    ids=[f"{s}-{o}-{i}" for i, (s, o, *_) in enumerate(CALLS)],
)
def test_what_a_call_needs(service: str, operation: str, arguments: dict[str, Any], needs: list[str]) -> None:
    """Actions are IAM's, not the API's; resources are whole ARNs; roles that are handed over are needed too."""
    call = call_of(service, operation, arguments)
    assert [f"{need.action} {need.resource}" for need in call.needs] == needs
    assert call.action == call.needs[0].action


def test_every_operation_in_the_tables_exists() -> None:
    """A misspelt operation would silently have the wrong resource."""
    models = {
        "states": ["stepfunctions"],
        "monitoring": ["cloudwatch"],
        "tagging": ["resourcegroupstaggingapi"],
        "dynamodb": ["dynamodb", "dynamodbstreams"],
        "apigateway": ["apigateway", "apigatewayv2"],
    }
    for name, table in SERVICES.items():
        known: set[str] = set()
        for model in models.get(name, [name]):
            known |= set(Loader().load_service_model(model, "service-2")["operations"])
        assert {*table.resources, *table.actions, *table.more, *table.pass_role} <= known, name


def _dummy(shape: Shape, depth: int = 0) -> Any:
    """The least value of a shape that can be put into a request."""
    kind = shape.type_name
    if kind == "structure":
        required = shape.required_members if depth == 0 else []  # type: ignore[attr-defined]
        return {name: _dummy(shape.members[name], depth + 1) for name in required}  # type: ignore[attr-defined]
    simple = {"list": [], "map": {}, "blob": b"x", "boolean": True, "timestamp": "2026-01-01T00:00:00Z"}
    if kind in simple:
        return simple[kind]
    return "x" if kind == "string" else 1


def _rest_operations() -> list[tuple[str, str]]:
    services = ["s3", "lambda", "apigateway", "apigatewayv2", "scheduler", "xray", "pipes"]
    return [(s, o) for s in services for o in unsent_client(s).meta.service_model.operation_names]


@pytest.mark.parametrize(("service", "operation"), _rest_operations())
def test_every_rest_operation_is_recognised(service: str, operation: str) -> None:
    """The request that botocore writes with only the required parameters, and with any path it may have."""
    model = unsent_client(service).meta.service_model
    shape = model.operation_model(operation).input_shape
    serializer = create_serializer(model.metadata["protocol"])
    request = serializer.serialize_to_request(
        _dummy(shape) if shape else {}, model.operation_model(operation)
    )
    query = request["query_string"]
    pairs = query.items() if isinstance(query, dict) else query or []
    raw_query = "&".join(f"{k}={each}" for k, v in pairs for each in (v if isinstance(v, list) else [v]))
    path, _, literal = request["url_path"].partition("?")
    raw_query = "&".join(filter(None, [literal, raw_query]))
    headers = {name.lower(): str(value) for name, value in request["headers"].items()}
    call = classify(request["method"], "127.0.0.1", path, raw_query, headers, b"", model.signing_name, R)
    twins = {
        "GetBucketNotification": "GetBucketNotificationConfiguration",
        "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
        "PutBucketNotification": "PutBucketNotificationConfiguration",
        "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    }
    same = {operation, twins.get(operation, operation)} | {k for k, v in twins.items() if v == operation}
    assert call.operation in same


@pytest.mark.parametrize(
    ("service", "operation"), [("s3", "GetObject"), ("lambda", "Invoke"), ("scheduler", "GetSchedule")]
)
@settings(max_examples=40, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10))
def test_paths_are_read_as_moto_reads_them(service: str, operation: str, name: str) -> None:
    """Two readers of one path that disagree would check one thing and do another."""
    if name in (".", "..") or name.startswith("/"):
        return  # clients cannot send these as a name
    arguments = {
        "GetObject": {"Bucket": "b", "Key": name},
        "Invoke": {"FunctionName": name},
        "GetSchedule": {"Name": name},
    }[operation]
    client = {"GetObject": "get_object", "Invoke": "invoke", "GetSchedule": "get_schedule"}[operation]
    call = call_of(service, client, arguments)
    request = Request.from_primitives(call.wire.method, ENDPOINT + call.wire.raw_path, {}, b"")
    request.environ["RAW_URI"] = call.wire.raw_path
    matched, labels = get_service_router(service).match(request)
    assert matched.name == call.operation
    assert {member: call.params[member] for member in arguments} == {
        member: labels.get(member, labels.get("Key")) for member in arguments
    }


def _classify(
    service: str, headers: dict[str, str], body: bytes = b"", query: str = "", path: str = "/"
) -> Any:
    return classify("POST", "127.0.0.1", path, query, headers, body, service, R)


def test_smithy_rpc_v2_cbor_is_understood() -> None:
    """Some SDKs speak CBOR to CloudWatch; operation from the path, parameters from the body."""
    model = unsent_client("cloudwatch").meta.service_model
    operation = model.operation_model("PutMetricAlarm")
    request = create_serializer("smithy-rpc-v2-cbor").serialize_to_request({"AlarmName": "a"}, operation)
    call = _classify("monitoring", dict(request["headers"]), request["body"], path=request["url_path"])
    assert (call.protocol, call.operation) == ("cbor", "PutMetricAlarm")
    assert call.resources == (f"arn:aws:cloudwatch:{R}:{A}:alarm:a",)


@pytest.mark.parametrize(
    ("service", "headers", "body", "query"),
    [
        ("sqs", {"x-amz-target": "AmazonSQS.ReceiveMessage"}, b"{}", "Action=DeleteQueue"),
        ("sqs", {"x-amz-target": "AmazonSQS.ReceiveMessage"}, b"Action=DeleteQueue", ""),
        (
            "sqs",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Action=DeleteQueue",
            "Action=ListQueues",
        ),
        (
            "iam",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Action=GetRole&Action=DeleteRole",
            "",
        ),
        ("iam", {"content-type": "application/x-www-form-urlencoded"}, b"", ""),
        ("scheduler", {}, b"", "Action=DeleteSchedule"),
        ("lambda", {}, b"", ""),
        ("nosuchservice", {}, b"", ""),
        ("sqs", {"x-amz-target": ""}, b"{}", ""),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(
    service: str, headers: dict[str, str], body: bytes, query: str
) -> None:
    """Or in none: one reading would be checked and the other done."""
    with pytest.raises(RequestUnclear):
        assert _classify(service, headers, body, query).needs


def test_signing_names_in_capitals_are_the_same_service() -> None:
    """A claim of another name must not lead around a policy."""
    call = _classify(
        "SQS", {"x-amz-target": "AmazonSQS.DeleteQueue"}, json.dumps({"QueueUrl": QUEUE}).encode()
    )
    assert (call.service, call.action) == ("sqs", "sqs:DeleteQueue")


def test_calls_of_deployed_apis() -> None:
    """Both forms of their address."""
    for host, path in (
        ("127.0.0.1", "/_aws/execute-api/abc/dev/orders/1"),
        ("abc.execute-api.localhost:1", "/dev/orders/1"),
    ):
        call = classify("GET", host, path, "", {}, b"", "execute-api", R)
        assert call.needs[0].resource == f"arn:aws:execute-api:{R}:{A}:abc/dev/GET/orders/1"
        assert call.action == "execute-api:Invoke"


def test_virtual_hosted_buckets() -> None:
    """The bucket may stand in the host."""
    for host in ("photos.s3.amazonaws.com", "photos.s3.us-east-1.amazonaws.com", "photos.localhost:4566"):
        call = classify("GET", host, "/a/b", "", {}, b"", "s3", R)
        assert call.resources == ("arn:aws:s3:::photos/a/b",), host


def test_large_bodies_are_not_read_when_the_path_tells_all() -> None:
    """Code packages and payloads are megabytes; a broken one does not matter here."""
    call = classify("PUT", "127.0.0.1", "/2015-03-31/functions/f/code", "", {}, b"{not json", "lambda", R)
    assert call.resources == (f"{FN}:f",)
    assert "_body" not in vars(call.params)


@settings(max_examples=200, deadline=None)
@given(
    service=st.sampled_from(["s3", "lambda", "sqs", "iam", "dynamodb", "apigateway", "execute-api", "x"]),
    path=st.text(max_size=30),
    query=st.text(max_size=30),
    body=st.binary(max_size=60),
    target=st.one_of(st.none(), st.text(max_size=20)),
    form=st.booleans(),
)
def test_noise_is_classified_or_refused_and_never_crashes(
    service: str, path: str, query: str, body: bytes, target: str | None, form: bool
) -> None:
    """Whatever comes, the answer is a Call or RequestUnclear."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    if target is not None:
        headers["X-Amz-Target"] = target
    try:
        assert classify("POST", "h", "/" + path, query, headers, body, service, R).needs
    except RequestUnclear:
        pass
