"""Function URLs end to end: made with boto3, called with plain HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from api_calls import call, signed_call
from botocore.credentials import Credentials

ECHO = """
    import base64, json, time
    def handler(event, context):
        path, query = event["rawPath"], event.get("queryStringParameters")
        if path == "/raise": raise ValueError("no")
        if path == "/sleep": time.sleep(5)
        if path.startswith("/answer"): return json.loads(base64.b64decode(query["is"]))
        cookies = ["a=1; Secure", "b=2"]
        return {"statusCode": 201, "headers": {"X-Made": "by the function"}, "cookies": cookies,
                "body": json.dumps({"event": event, "request": context.aws_request_id})}
"""
FORBIDDEN = (
    '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}'
)


def allow_everybody(lambda_: Any, name: str, **more: str) -> None:
    """The two statements that a public URL needs since October 2025."""
    lambda_.add_permission(
        FunctionName=name,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
        **more,
    )
    lambda_.add_permission(
        FunctionName=name,
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
        **more,
    )


@pytest.fixture(scope="module")
def echo(make: Any) -> Any:
    return make(ECHO)


@pytest.fixture(scope="module")
def url(echo: Any) -> Iterator[str]:
    made = echo.lambda_.create_function_url_config(FunctionName=echo.name, AuthType="NONE")
    allow_everybody(echo.lambda_, echo.name)
    yield made["FunctionUrl"]


def test_the_event_is_payload_format_2(cloud: Any, url: str) -> None:
    """Key by key what AWS's guide and aws-powertools' recorded events have."""
    got = call(
        f"{url}my%20path?a=1&a=2&b=x+y&flag", "POST", b'{"n":1}', Content_Type="application/json",
        Cookie="c=1; d=2", X_Mine="yes", User_Agent="tests",
    )  # fmt: skip
    event = got.json["event"]
    context = event["requestContext"]
    url_id = url.rstrip("/").rpartition("/")[2]
    assert {key: event[key] for key in event if key not in ("headers", "requestContext")} == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my%20path",
        "rawQueryString": "a=1&a=2&b=x+y&flag",
        "cookies": ["c=1", "d=2"],
        "queryStringParameters": {"a": "1,2", "b": "x y", "flag": ""},
        "body": '{"n":1}',
        "isBase64Encoded": False,
    }
    domain = f"{url_id}.lambda-url.{cloud.region}.localhost:{cloud.endpoint.rpartition(':')[2]}"
    assert {key: context[key] for key in context if key not in ("requestId", "time", "timeEpoch")} == {
        "accountId": "anonymous",
        "apiId": url_id,
        "domainName": domain,
        "domainPrefix": url_id,
        "http": {
            "method": "POST",
            "path": "/my%20path",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "tests",
        },
        "routeKey": "$default",
        "stage": "$default",
    }
    assert context["requestId"] == got.json["request"] == got.headers["x-amzn-RequestId"]
    assert abs(context["timeEpoch"] / 1000 - time.time()) < 60
    assert time.strptime(context["time"], "%d/%b/%Y:%H:%M:%S +0000")
    headers = event["headers"]
    assert headers["x-mine"] == "yes" and headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-amzn-trace-id"].startswith("Root=1-") and "cookie" not in headers


def test_the_answer_has_the_functions_status_headers_and_cookies(url: str) -> None:
    got = call(url)
    assert (got.status, got.headers["X-Made"]) == (201, "by the function")
    assert got.headers.get_all("set-cookie") == ["a=1; Secure", "b=2"]
    assert got.headers["Content-Type"] == "application/json"


JSON = "application/json"
FAILED = (502, JSON, b"Internal Server Error")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('"plain text"', (200, JSON, b"plain text")),
        ('{"message": "hi"}', (200, JSON, b'{"message": "hi"}')),
        ('{"body": "no statusCode"}', (200, JSON, b'{"body": "no statusCode"}')),
        ("[1, 2]", (200, JSON, b"[1, 2]")),
        ("null", (200, JSON, b"null")),
        ('{"statusCode": 204}', (204, JSON, b"")),
        ('{"statusCode": "404", "body": "gone"}', (404, JSON, b"gone")),
        ('{"statusCode": 200, "body": {"n": 1}}', (200, JSON, b'{"n":1}')),
        ('{"statusCode": 200, "headers": {"content-type": "text/css"}}', (200, "text/css", b"")),
        ('{"statusCode": 200, "body": "/wA=", "isBase64Encoded": true}', (200, JSON, b"\xff\x00")),
        ('{"statusCode": "often", "body": ""}', FAILED),
        ('{"statusCode": 101, "body": ""}', FAILED),
        ('{"statusCode": 200, "headers": {"A\\r\\nB": "c"}}', FAILED),
        ('{"statusCode": 200, "body": "?", "isBase64Encoded": true}', FAILED),
    ],
)
def test_what_a_function_returns_is_inferred(url: str, answer: str, expected: tuple[int, str, bytes]) -> None:
    got = call(f"{url}answer?is={base64.b64encode(answer.encode()).decode().replace('+', '%2B')}")
    assert (got.status, got.headers["Content-Type"], got.body) == expected


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [
        ("text/plain; charset=utf-8", False),
        ("application/problem+json", False),
        ("application/x-www-form-urlencoded", True),
        ("image/png", True),
        ("application/json", False),
    ],
)
def test_bodies_that_are_no_text_come_in_base64(url: str, content_type: str, encoded: bool) -> None:
    event = call(url, "POST", b"a=1", Content_Type=content_type).json["event"]
    assert event["isBase64Encoded"] is encoded
    assert event["body"] == ("YT0x" if encoded else "a=1")


def test_a_function_that_fails_is_a_502(url: str) -> None:
    got = call(f"{url}raise")
    assert (got.status, got.body) == (502, b"Internal Server Error")


def test_a_function_that_times_out_is_a_502(make: Any) -> None:
    slow = make("import time\ndef handler(event, context): time.sleep(9)", Timeout=1)
    made = slow.lambda_.create_function_url_config(FunctionName=slow.name, AuthType="NONE")
    allow_everybody(slow.lambda_, slow.name)
    assert call(made["FunctionUrl"]).status == 502


@pytest.mark.parametrize("missing", ["url", "invoke"])
def test_a_public_url_needs_both_statements(make: Any, missing: str) -> None:
    function = make(ECHO)
    made = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE")
    allow_everybody(function.lambda_, function.name)
    assert call(made["FunctionUrl"]).status == 201
    function.lambda_.remove_permission(FunctionName=function.name, StatementId=missing)
    got = call(made["FunctionUrl"])
    assert (got.status, got.text) == (403, FORBIDDEN)
    assert got.headers["x-amzn-ErrorType"] == "AccessDeniedException"


def test_an_iam_url_asks_for_a_signature_and_names_who_signed(cloud: Any, make: Any) -> None:
    function = make(ECHO)
    made = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="AWS_IAM")
    url = made["FunctionUrl"]
    assert (call(url).status, call(url).text) == (403, FORBIDDEN)
    credentials = cloud.session().get_credentials()
    got = signed_call(credentials, "lambda", cloud.region, f"{url}who")
    assert got.status == 201
    context = got.json["event"]["requestContext"]
    assert context["accountId"] == cloud.account_id
    assert context["authorizer"]["iam"]["userArn"].endswith(":user/learner")
    assert context["authorizer"]["iam"]["accessKey"] == credentials.access_key
    wrong = signed_call(credentials, "execute-api", cloud.region, url)
    assert wrong.status == 403 and "'lambda'" in wrong.text
    wrong = signed_call(credentials, "lambda", "eu-west-1", url)
    assert wrong.status == 403 and "eu-west-1" in wrong.text


def test_who_signs_must_be_allowed_both_actions(cloud: Any, make: Any) -> None:
    function = make(ECHO)
    url = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="AWS_IAM")[
        "FunctionUrl"
    ]
    iam, user = cloud.client("iam"), f"u-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for actions, status in (
        ([], 403),
        (["lambda:InvokeFunctionUrl"], 403),
        (["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], 201),
    ):
        if actions:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
        got = signed_call(credentials, "lambda", cloud.region, url)
        assert got.status == status, actions
    assert got.json["event"]["requestContext"]["authorizer"]["iam"]["userArn"].endswith(f":user/{user}")


def test_a_url_of_an_alias_runs_the_aliass_version(make: Any) -> None:
    function = make(
        "def handler(event, context): return context.invoked_function_arn + context.function_version"
    )
    lambda_ = function.lambda_
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    made = lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE", Qualifier="live")
    allow_everybody(lambda_, function.name)
    assert call(made["FunctionUrl"]).status == 403, "the function's policy does not speak for its alias"
    allow_everybody(lambda_, function.name, Qualifier="live")
    assert call(made["FunctionUrl"]).text.endswith(":live1")


def test_a_deleted_url_is_gone(make: Any) -> None:
    function = make(ECHO)
    made = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE")
    allow_everybody(function.lambda_, function.name)
    function.lambda_.delete_function_url_config(FunctionName=function.name)
    assert call(made["FunctionUrl"]).status == 404


def test_a_throttled_function_is_a_429(make: Any) -> None:
    function = make(ECHO)
    made = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE")
    allow_everybody(function.lambda_, function.name)
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    got = call(made["FunctionUrl"])
    assert (got.status, got.json["Reason"]) == (429, "ReservedFunctionConcurrentInvocationLimitExceeded")


def test_more_than_6_mb_is_a_413(url: str) -> None:
    assert call(url, "POST", b"x" * 6_400_000, Content_Type="text/plain").status == 413


def test_cors_is_answered_where_it_is_configured(make: Any) -> None:
    """A preflight does not run the function; other origins get no permission."""
    function = make(ECHO)
    cors = {
        "AllowOrigins": ["https://app.example"],
        "AllowMethods": ["GET", "PUT"],
        "AllowHeaders": ["x-mine"],
        "ExposeHeaders": ["x-made"],
        "AllowCredentials": True,
        "MaxAge": 60,
    }
    made = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE", Cors=cors)
    url = made["FunctionUrl"]
    ask = {"Access_Control_Request_Method": "PUT"}
    got = call(url, "OPTIONS", Origin="https://app.example", **ask)
    assert (got.status, got.body) == (200, b"")
    assert {name: got.headers[f"access-control-{name}"] for name in ("allow-origin", "allow-methods")} == {
        "allow-origin": "https://app.example",
        "allow-methods": "GET,PUT",
    }
    assert (got.headers["access-control-allow-headers"], got.headers["access-control-max-age"]) == (
        "x-mine",
        "60",
    )
    assert (
        "access-control-allow-origin"
        not in call(url, "OPTIONS", Origin="https://evil.example", **ask).headers
    )
    assert function.log() == []
    allow_everybody(function.lambda_, function.name)
    got = call(url, Origin="https://app.example")
    assert (got.status, got.headers["access-control-allow-credentials"]) == (201, "true")
    assert got.headers["access-control-expose-headers"] == "x-made"
    assert "access-control-allow-origin" not in call(url, Origin="https://evil.example").headers


def test_cloudwatch_counts_requests_and_errors(cloud: Any, make: Any) -> None:
    function = make(ECHO)
    url = function.lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE")[
        "FunctionUrl"
    ]
    call(url)
    allow_everybody(function.lambda_, function.name)
    for path in ("", "raise"):
        call(f"{url}{path}")

    def total(metric: str) -> float:
        now = time.time()
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": function.name}],
            StartTime=now - 600,
            EndTime=now + 600,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    assert [total(name) for name in ("UrlRequestCount", "Url4xxCount", "Url5xxCount")] == [3, 1, 1]


def test_the_host_form_reaches_the_same_url(cloud: Any, url: str) -> None:
    event = call(f"{cloud.endpoint}/deep/path", Host=_host(cloud, url)).json["event"]
    assert event["rawPath"] == "/deep/path"
    assert event["headers"]["host"] == event["requestContext"]["domainName"]


@pytest.mark.parametrize(
    ("location", "by_path"),
    [
        ("/next?a=1", "{prefix}/next?a=1"),
        ("next", "next"),
        ("https://else.example/", "https://else.example/"),
    ],
)
def test_a_redirect_stays_within_the_url(cloud: Any, url: str, location: str, by_path: str) -> None:
    """Where the address is a path; by host nothing needs to be changed."""
    answer = json.dumps({"statusCode": 302, "headers": {"Location": location}})
    query = f"answer?is={base64.b64encode(answer.encode()).decode()}"
    prefix = url.removeprefix(cloud.endpoint).rstrip("/")
    assert call(f"{url}{query}").headers["Location"] == by_path.format(prefix=prefix)
    assert call(f"{cloud.endpoint}/{query}", Host=_host(cloud, url)).headers["Location"] == location


def test_the_host_of_a_url_does_not_open_the_aws_api(cloud: Any, url: str) -> None:
    """What is sent there runs the function, whatever it looks like; other hosts are refused as before."""
    for path in ("/2015-03-31/functions/", "/_labkit/health"):
        got = call(f"{cloud.endpoint}{path}", Host=_host(cloud, url))
        assert got.json["event"]["rawPath"] == path
    assert call(f"{cloud.endpoint}/2015-03-31/functions/", Origin="http://evil.example").status == 403
    assert call(url, Host="evil.example").status == 403


# Speaks the streaming Runtime API: metadata, a piece, and the rest when somebody has connected to "gate".
STREAMING = """\
#!/usr/bin/python3 -u
import http.client, json, os, socket
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    link = http.client.HTTPConnection(api)
    link.request("GET", "/2018-06-01/runtime/invocation/next")
    work = link.getresponse()
    event, request_id = json.loads(work.read()), work.getheader("Lambda-Runtime-Aws-Request-Id")
    asked = event.get("queryStringParameters") or {}
    link = http.client.HTTPConnection(api)
    link.putrequest("POST", f"/2018-06-01/runtime/invocation/{request_id}/response")
    link.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    link.putheader("Transfer-Encoding", "chunked")
    link.putheader("Content-Type", "application/vnd.awslambda.http-integration-response")
    link.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    link.endheaders()
    def send(data):
        link.send(b"%x\\r\\n%b\\r\\n" % (len(data), data))
    metadata = {"statusCode": 203, "headers": {"Content-Type": "text/event-stream"}, "cookies": ["a=1"]}
    send(json.dumps(metadata).encode())
    send(bytes(8) + b"first ")
    if "gate" in asked:
        socket.create_connection(("127.0.0.1", int(asked["gate"]))).recv(1)
    if "exit" in asked:
        os._exit(3)
    send(b"last")
    link.send(b"0\\r\\n\\r\\n")
    link.getresponse().read()
"""


@pytest.fixture(scope="module")
def streaming(make: Any) -> str:
    function = make({"bootstrap": STREAMING}, Runtime="provided.al2023", Handler="any")
    made = function.lambda_.create_function_url_config(
        FunctionName=function.name, AuthType="NONE", InvokeMode="RESPONSE_STREAM"
    )
    allow_everybody(function.lambda_, function.name)
    return str(made["FunctionUrl"])


def test_a_streaming_url_answers_before_the_function_is_done(streaming: str) -> None:
    """The first piece is there while the function still waits for somebody to open the gate."""
    with socket.create_server(("127.0.0.1", 0)) as gate:
        with urllib.request.urlopen(f"{streaming}?gate={gate.getsockname()[1]}", timeout=30) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (203, "text/event-stream")
            assert (answer.headers["set-cookie"], answer.read(6)) == ("a=1", b"first ")
            with gate.accept()[0] as function:
                function.sendall(b"x")
            assert answer.read() == b"last"


def test_a_stream_that_fails_is_broken_off(streaming: str) -> None:
    with pytest.raises(http.client.IncompleteRead):
        call(f"{streaming}?exit=1")


def test_a_url_that_streams_passes_on_what_a_function_that_does_not_returns(make: Any) -> None:
    """And a failure before the first byte is a 502."""
    function = make(ECHO)
    made = function.lambda_.create_function_url_config(
        FunctionName=function.name, AuthType="NONE", InvokeMode="RESPONSE_STREAM"
    )
    allow_everybody(function.lambda_, function.name)
    got = call(made["FunctionUrl"])
    assert (got.status, got.json["statusCode"]) == (200, 201)
    assert call(f"{made['FunctionUrl']}raise").status == 502


def _host(cloud: Any, url: str) -> str:
    url_id = url.rstrip("/").rpartition("/")[2]
    return f"{url_id}.lambda-url.{cloud.region}.localhost:{cloud.endpoint.rpartition(':')[2]}"
