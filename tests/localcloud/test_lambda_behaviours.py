"""What a stranger sees of the local Lambda through plain boto3, line by line of what AWS documents."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections import Counter
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.localcloud.conftest import Functions

ECHO = "def handler(event, context): return event"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def test_text_logs_have_lambdas_lines_to_the_byte(make: Functions) -> None:
    """INIT_START, START, END and REPORT, with tabs, units and line ends as on AWS."""
    function = make("print('loading')\ndef handler(event, context): print('working')")
    function.invoke()
    function.invoke()
    runtime = (
        r"INIT_START Runtime Version: python:3\.13[^\t]*\t"
        r"Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n"
    )
    report = (
        rf"REPORT RequestId: {UUID}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 512 MB\tMax Memory Used: \d+ MB\t"
    )
    patterns = [
        runtime,
        "loading\n",
        rf"START RequestId: {UUID} Version: \$LATEST\n",
        "working\n",
        rf"END RequestId: {UUID}\n",
        report + r"Init Duration: \d+\.\d\d ms\t\n",
        rf"START RequestId: {UUID} Version: \$LATEST\n",
        "working\n",
        rf"END RequestId: {UUID}\n",
        report + r"\n",
    ]
    log = function.log()
    assert len(log) == len(patterns)
    for line, pattern in zip(log, patterns, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_json_logs_have_platform_records_and_structured_lines(make: Functions) -> None:
    """LoggingConfig JSON: initStart, start, application record, report with metrics and status."""
    function = make(
        "import logging\nlog = logging.getLogger()\n"
        "def handler(event, context): log.warning('low', extra={'left': 3})",
        LoggingConfig={"LogFormat": "JSON"},
    )
    function.invoke()
    records = [json.loads(line) for line in function.log()]
    kinds = [record.get("type", record.get("level")) for record in records]
    assert kinds == ["platform.initStart", "platform.start", "WARNING", "platform.report"]
    assert records[2]["message"] == "low" and records[2]["left"] == 3 and records[2]["requestId"]
    metrics = records[3]["record"]["metrics"]
    assert set(metrics) == {
        "durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"
    }  # fmt: skip
    assert records[3]["record"]["status"] == "success"


def test_an_exception_is_the_callers_answer_and_an_error_line_in_the_log(make: Functions) -> None:
    """HTTP 200, X-Amz-Function-Error, AWS's four fields in order; one log event with carriage returns."""
    function = make("def handler(event, context):\n    raise ValueError('no such photo')")
    answer = function.invoke()
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert list(answer["Payload"]) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert answer["Payload"]["errorType"] == "ValueError"
    trace = "".join(answer["Payload"]["stackTrace"])
    assert 'app.py", line 2, in handler' in trace and "awslambdaric" not in trace
    error = next(line for line in function.log() if line.startswith("[ERROR]"))
    assert re.match(
        r"\[ERROR\] ValueError: no such photo\rTraceback \(most recent call last\):\r\u00a0\u00a0File", error
    )


def test_the_tail_is_the_last_four_kilobytes_of_this_invocation(make: Functions) -> None:
    """LogType=Tail ends with REPORT and is cut at its beginning."""
    function = make("def handler(event, context):\n    for n in range(1000): print('line', n)")
    tail = function.invoke()["LogResult"]
    assert len(tail.encode()) == 4096
    assert "line 999\n" in tail and "line 1\n" not in tail and "\nREPORT RequestId" in tail


@pytest.mark.parametrize(
    ("options", "status", "payload"),
    [
        ({"InvocationType": "DryRun"}, 204, None),
        ({"InvocationType": "Event"}, 202, None),
        ({}, 200, {"a": 1}),
    ],
)
def test_invocation_types_have_their_status_codes(
    make: Functions, options: Any, status: int, payload: Any
) -> None:
    """204 without running, 202 at once, 200 with the answer."""
    answer = make(ECHO).invoke({"a": 1}, **options)
    assert answer["StatusCode"] == status and answer["Payload"] == payload


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"{no json", "InvalidRequestContentException", 400),
        (b'"' + b"x" * 6_291_456 + b'"', "RequestTooLargeException", 413),
    ],
)
def test_bad_payloads_are_refused(make: Functions, body: bytes, code: str, status: int) -> None:
    """Not JSON, or more than 6 MB."""
    function = make(ECHO)
    with pytest.raises(ClientError) as refusal:
        function.lambda_.invoke(FunctionName=function.name, Payload=body)
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_an_asynchronous_payload_may_have_one_megabyte(make: Functions) -> None:
    """1,048,576 bytes are taken, one more is not."""
    function = make(ECHO)
    fits = b'"' + b"x" * (1_048_576 - 2) + b'"'
    function.lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=fits)
    with pytest.raises(ClientError, match="RequestTooLarge"):
        function.lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=b" " + fits)


def test_an_answer_over_six_megabytes_is_an_error_of_the_function(make: Functions) -> None:
    """Function.ResponseSizeTooLarge."""
    answer = make("def handler(event, context): return 'x' * 7_000_000", Timeout=30, MemorySize=1769).invoke()
    assert answer["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"


def test_versions_are_immutable_and_aliases_move_and_split(make: Functions) -> None:
    """A version keeps its code; an alias with weight 0.5 sends calls to both; ExecutedVersion tells."""
    function = make(
        "def handler(event, context): return [context.function_version, context.invoked_function_arn, 1]"
    )
    lambda_, name = function.lambda_, function.name
    first = lambda_.publish_version(FunctionName=name)["Version"]
    from tests.localcloud.conftest import zipped

    source = "def handler(event, context): return [context.function_version, context.invoked_function_arn, 2]"
    lambda_.update_function_code(FunctionName=name, ZipFile=zipped({"app.py": source}))
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    second = lambda_.publish_version(FunctionName=name)["Version"]
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert function.invoke(Qualifier=first)["Payload"] == ["1", f"{arn}:1", 1]
    assert function.invoke(FunctionName=f"{arn}:{second}")["Payload"] == ["2", f"{arn}:2", 2]
    assert function.invoke()["Payload"] == ["$LATEST", arn, 2]
    lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.5}},
    )
    seen = Counter(function.invoke(FunctionName=f"{name}:live")["ExecutedVersion"] for _ in range(60))
    assert set(seen) == {"1", "2"} and min(seen.values()) > 10


def test_a_role_without_permission_is_refused_with_awss_message(make: Functions, cloud: Any) -> None:
    """AccessDenied names who, which action and which resource; after the grant the call works."""
    table = cloud.client("dynamodb")
    table.create_table(
        TableName="denied",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    function = make(
        "import boto3\ntable = boto3.resource('dynamodb').Table('denied')\n"
        "def handler(event, context): return table.get_item(Key={'id': '1'}).get('Item', 'none')"
    )
    role = function.role_arn.split("/")[-1]
    message = function.invoke()["Payload"]["errorMessage"]
    assert message == (
        "An error occurred (AccessDeniedException) when calling the GetItem operation: "
        f"User: arn:aws:sts::123456789012:assumed-role/{role}/{function.name} is not authorized to perform: "
        "dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/denied "
        "because no identity-based policy allows the dynamodb:GetItem action"
    )
    function.allow("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/denied")
    assert function.invoke()["Payload"] == "none"


def test_a_role_without_log_permissions_writes_no_logs(make: Functions, cloud: Any) -> None:
    """As on AWS: the function runs, the log group never appears."""
    function = make(ECHO, policies=())
    assert function.invoke({"x": 1})["Payload"] == {"x": 1}
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function.name}")
    assert groups["logGroups"] == []


def test_reserved_concurrency_throttles_with_its_reason(make: Functions) -> None:
    """429 TooManyRequestsException with Reason and Retry-After; zero stops the function."""
    function = make(ECHO)
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as throttled:
        function.lambda_.invoke(FunctionName=function.name)
    response = throttled.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["retryAfterSeconds"]


def test_provisioned_environments_are_ready_before_the_first_call(make: Functions) -> None:
    """READY, initialization type provisioned-concurrency, no Init Duration."""
    function = make(
        "import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']"
    )
    lambda_, name = function.lambda_, function.name
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1
    )
    deadline = time.monotonic() + 60
    while (
        lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier=version)["Status"] != "READY"
    ):
        assert time.monotonic() < deadline
    answer = function.invoke(Qualifier=version)
    assert answer["Payload"] == "provisioned-concurrency"
    assert "Init Duration" not in answer["LogResult"].partition("REPORT Req")[2]
    lambda_.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=version)


def test_a_failed_event_is_retried_on_the_lesson_clock_and_ends_in_the_dead_letter_queue(
    make: Functions, cloud: Any
) -> None:
    """Two retries after one and two minutes with the same request id, then the queue with its attributes."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    function = make("def handler(event, context):\n    print('attempt')\n    raise RuntimeError('poison')")
    function.allow("sqs:SendMessage")
    function.update(DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead-letters"})
    answer = function.invoke({"n": 1}, InvocationType="Event")
    request_id = answer["ResponseMetadata"]["RequestId"]
    _until(lambda: function.log().count("attempt\n") == 1)
    assert cloud.state.call("POST", "/_labkit/clock", {"advance_s": 60})["ran"] == 1
    assert cloud.state.call("POST", "/_labkit/clock", {"advance_s": 120})["ran"] == 1
    starts = [line for line in function.log() if line.startswith("START")]
    assert starts == [f"START RequestId: {request_id} Version: $LATEST\n"] * 3
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"]) == {"n": 1}
    assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "poison"}


def test_a_destination_gets_the_invocation_record(make: Functions, cloud: Any) -> None:
    """Version 1.0 record with condition, true invoke count, and both payloads."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="outcomes")["QueueUrl"]
    target = {"Destination": "arn:aws:sqs:us-east-1:123456789012:outcomes"}
    function = make("def handler(event, context): return {'seen': event['n']}")
    function.allow("sqs:SendMessage")
    function.lambda_.put_function_event_invoke_config(
        FunctionName=function.name, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": target}
    )
    function.invoke({"n": 5}, InvocationType="Event")
    messages: list[Any] = []
    _until(lambda: messages.extend(sqs.receive_message(QueueUrl=url).get("Messages", [])) or messages)
    record = json.loads(messages[0]["Body"])
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload"
    ]  # fmt: skip
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"seen": 5}


def test_a_custom_runtime_is_any_executable_bootstrap(make: Functions) -> None:
    """A shell script that speaks the Runtime API."""
    script = """\
        #!/bin/sh
        API="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation"
        while true; do
          HEADERS=$(mktemp)
          EVENT=$(curl -sS -LD "$HEADERS" "$API/next")
          ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
          curl -sS "$API/$ID/response" -d "{\\"from shell\\":$EVENT}" > /dev/null
        done
        """
    function = make({"bootstrap": script}, Runtime="provided.al2023", Handler="any")
    assert function.invoke([1])["Payload"] == {"from shell": [1]}
    assert function.invoke([2])["Payload"] == {"from shell": [2]}
    missing = make({"other": ""}, Runtime="provided.al2023", Handler="any").invoke()
    assert missing["Payload"]["errorType"] == "Runtime.InvalidEntrypoint"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "Authentication Token"),
        ({"Host": "evil.example"}, "does not answer for the host"),
        ({"Origin": "http://evil.example"}, "Authentication Token"),
    ],
)
def test_nobody_else_gets_in(cloud: Any, headers: dict[str, str], reason: str) -> None:
    """Unsigned calls, other hosts and web pages are refused, without any CORS header."""
    request = urllib.request.Request(f"{cloud.endpoint}/2015-03-31/functions/", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == 403 and reason in refusal.value.read().decode()
    assert "Access-Control-Allow-Origin" not in refusal.value.headers


def test_a_wrong_key_is_refused(cloud: Any) -> None:
    """Another secret does not sign for this workspace."""
    stranger = boto3.client(
        "lambda",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=cloud.state.access_key_id,
        aws_secret_access_key="guess",
    )
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        stranger.list_functions()


def _until(reached: Any, seconds: float = 60) -> None:
    """Asks again until something asynchronous has happened."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen"
