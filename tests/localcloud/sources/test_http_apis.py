"""HTTP APIs end to end: made with boto3, called with plain HTTP."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from api_calls import call, signed_call
from botocore.exceptions import ClientError

ECHO = """
    import json, time
    def handler(event, context):
        if "answer" in (event.get("queryStringParameters") or {}):
            return json.loads(event["queryStringParameters"]["answer"])
        if (event.get("rawPath") or event.get("path")).endswith("/raise"): raise ValueError("no")
        if (event.get("rawPath") or event.get("path")).endswith("/sleep"): time.sleep(1.5)
        return {"statusCode": 200, "body": json.dumps(event)}
"""


FORMAT_1 = {
    *("version", "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters"),
    *("multiValueQueryStringParameters", "requestContext", "pathParameters", "stageVariables", "body"),
    "isBase64Encoded",
}


@pytest.fixture(scope="module")
def api(cloud: Any) -> Any:
    return cloud.client("apigatewayv2")


@pytest.fixture(scope="module")
def echo(make: Any) -> Any:
    """A function that API Gateway may invoke, whatever the API."""
    function = make(ECHO)
    allow_gateway(function)
    return function


def allow_gateway(function: Any, source_arn: str | None = None) -> None:
    source = {"SourceArn": source_arn} if source_arn else {}
    function.lambda_.add_permission(
        FunctionName=function.name,
        StatementId=f"s{uuid.uuid4().hex[:8]}",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        **source,
    )


def arn(cloud: Any, function: Any) -> str:
    return f"arn:aws:lambda:{cloud.region}:{cloud.account_id}:function:{function.name}"


def made(
    cloud: Any, api: Any, function: Any, *routes: str, version: str = "2.0", **more: Any
) -> tuple[str, str]:
    """An API with one integration, these routes and an automatic $default stage: its id and address."""
    created = api.create_api(Name="pets", ProtocolType="HTTP", **more)
    api_id = created["ApiId"]
    integration = api.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=arn(cloud, function),
        PayloadFormatVersion=version,
    )["IntegrationId"]
    for key in routes:
        api.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integration}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return api_id, created["ApiEndpoint"]


def test_quick_create_serves_at_once_what_the_endpoint_says(cloud: Any, api: Any, echo: Any) -> None:
    """Key by key what AWS's guide has for payload format 2.0."""
    created = api.create_api(Name="quick", ProtocolType="HTTP", Target=arn(cloud, echo))
    api_id, url = created["ApiId"], created["ApiEndpoint"]
    got = call(
        f"{url}/my%20path/x?a=1&a=2&b=%26", "POST", b"hello", Content_Type="text/plain", Cookie="c=1; d=2",
        User_Agent="tests",
    )  # fmt: skip
    event = got.json
    context = event["requestContext"]
    assert {key: event[key] for key in event if key not in ("headers", "requestContext")} == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my path/x",
        "rawQueryString": "a=1&a=2&b=%26",
        "cookies": ["c=1", "d=2"],
        "queryStringParameters": {"a": "1,2", "b": "&"},
        "body": "hello",
        "isBase64Encoded": False,
    }
    port = cloud.endpoint.rpartition(":")[2]
    assert {key: context[key] for key in context if key not in ("requestId", "time", "timeEpoch")} == {
        "accountId": cloud.account_id,
        "apiId": api_id,
        "domainName": f"{api_id}.execute-api.localhost:{port}",
        "domainPrefix": api_id,
        "http": {
            "method": "POST",
            "path": "/my path/x",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "tests",
        },
        "routeKey": "$default",
        "stage": "$default",
    }
    assert context["requestId"] == got.headers["Apigw-Requestid"]
    assert event["headers"]["x-amzn-trace-id"].startswith("Root=1-")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_event_in_format_1_is_that_of_rest_apis(cloud: Any, api: Any, echo: Any) -> None:
    api_id, url = made(cloud, api, echo, "GET /pets/{id}", version="1.0")
    event = call(f"{url}/pets/7%20a?a=1&a=2", X_Mine="yes").json
    assert set(event) == FORMAT_1
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/pets/{id}", "/pets/7 a")
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["pathParameters"] == {"id": "7 a"}
    assert (event["body"], event["isBase64Encoded"], event["stageVariables"]) == (None, False, None)
    assert event["multiValueHeaders"]["X-Mine"] == ["yes"]
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["apiId"] == api_id


@pytest.mark.parametrize(
    ("request_line", "route", "variables"),
    [
        ("GET /pets/dog/1", "GET /pets/dog/1", None),
        ("GET /pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET /pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST /test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("PUT /pets", "ANY /pets", None),
        ("DELETE /pets", "DELETE /pets", None),
        ("GET /", "$default", None),
    ],
)
def test_the_most_specific_route_answers(
    cloud: Any, api: Any, echo: Any, many_routes: str, request_line: str, route: str, variables: Any
) -> None:
    """The table of AWS's guide, and ANY beside a method."""
    method, path = request_line.split()
    event = call(f"{many_routes}{path}", method).json
    assert (event["routeKey"], event.get("pathParameters")) == (route, variables)


@pytest.fixture(scope="module")
def many_routes(cloud: Any, api: Any, echo: Any) -> str:
    keys = (
        "GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "ANY /pets",
        "DELETE /pets", "$default",
    )  # fmt: skip
    return made(cloud, api, echo, *keys)[1]


def test_what_no_route_fits_is_not_found(cloud: Any, api: Any, echo: Any) -> None:
    _, url = made(cloud, api, echo, "GET /pets")
    for path, method in (("/pets", "POST"), ("/", "GET"), ("/pets/1", "GET")):
        got = call(f"{url}{path}", method)
        assert (got.status, got.text) == (404, '{"message":"Not Found"}')


def test_a_named_stage_has_its_prefix_and_its_variables(cloud: Any, api: Any, echo: Any) -> None:
    """And it serves nothing until something is deployed to it."""
    api_id, url = made(cloud, api, echo, "GET /pets")
    api.create_stage(ApiId=api_id, StageName="dev", StageVariables={"color": "blue"})
    assert call(f"{url}/dev/pets").status == 404
    first = api.create_deployment(ApiId=api_id, StageName="dev")["DeploymentId"]
    event = call(f"{url}/dev/pets").json
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/dev/pets", "/dev/pets")
    assert (event["requestContext"]["stage"], event["stageVariables"]) == ("dev", {"color": "blue"})
    target = api.get_routes(ApiId=api_id)["Items"][0]["Target"]
    api.create_route(ApiId=api_id, RouteKey="GET /more", Target=target)
    assert (call(f"{url}/more").status, call(f"{url}/dev/more").status) == (200, 404)
    second = api.create_deployment(ApiId=api_id)["DeploymentId"]
    api.update_stage(ApiId=api_id, StageName="dev", DeploymentId=second, StageVariables={"color": "red"})
    assert call(f"{url}/dev/more").json["stageVariables"] == {"color": "red"}
    assert api.get_stage(ApiId=api_id, StageName="dev")["DeploymentId"] == second
    api.delete_deployment(ApiId=api_id, DeploymentId=first)
    with pytest.raises(api.exceptions.BadRequestException, match="Active stages"):
        api.delete_deployment(ApiId=api_id, DeploymentId=second)


def test_a_stage_variable_names_the_function(cloud: Any, api: Any, echo: Any) -> None:
    api_id = api.create_api(Name="variable", ProtocolType="HTTP")["ApiId"]
    uri = arn(cloud, echo).replace(echo.name, "${stageVariables.target}")
    integration = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    api.create_route(ApiId=api_id, RouteKey="GET /", Target=f"integrations/{integration}")
    api.create_stage(
        ApiId=api_id, StageName="$default", AutoDeploy=True, StageVariables={"target": echo.name}
    )
    assert call(api.get_api(ApiId=api_id)["ApiEndpoint"] + "/").status == 200


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ('"text"', 200, "text"),
        ('{"a": 1}', 200, '{"a": 1}'),
        ('{"statusCode": 302, "headers": {"Location": "/x"}}', 302, ""),
        ('{"statusCode": 200, "body": {"a": 1}}', 500, '{"message":"Internal Server Error"}'),
        ('{"statusCode": 0}', 500, '{"message":"Internal Server Error"}'),
    ],
)
def test_answers_in_format_2_are_inferred(many_routes: str, answer: str, status: int, body: str) -> None:
    got = call(f"{many_routes}/pets?answer={answer.replace(' ', '%20')}")
    assert (got.status, got.text) == (status, body)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ('{"statusCode": 201, "multiValueHeaders": {"X-A": ["1", "2"]}, "body": ""}', 201),
        ('{"a": 1}', 500),
        ('"text"', 500),
    ],
)
def test_answers_in_format_1_are_not(cloud: Any, api: Any, echo: Any, answer: str, status: int) -> None:
    _, url = made(cloud, api, echo, "GET /", version="1.0")
    got = call(f"{url}/?answer={answer.replace(' ', '%20')}")
    assert got.status == status
    assert got.headers.get_all("X-A") == (["1", "2"] if status == 201 else None)


def test_failures_are_told_as_aws_tells_them(cloud: Any, api: Any, make: Any, echo: Any) -> None:
    """A handler that fails is a 500; one that takes too long, or has no room, a 503."""
    api_id, url = made(cloud, api, echo, "ANY /{proxy+}")
    got = call(f"{url}/raise")
    assert (got.status, got.text) == (500, '{"message":"Internal Server Error"}')
    integration = api.get_integrations(ApiId=api_id)["Items"][0]["IntegrationId"]
    api.update_integration(ApiId=api_id, IntegrationId=integration, TimeoutInMillis=500)
    got = call(f"{url}/sleep")
    assert (got.status, got.text) == (503, '{"message":"Service Unavailable"}')
    full = make(ECHO)
    allow_gateway(full)
    full.lambda_.put_function_concurrency(FunctionName=full.name, ReservedConcurrentExecutions=0)
    assert call(f"{made(cloud, api, full, 'GET /')[1]}/").status == 503
    assert call(f"{url}/big", "POST", b"x" * 6_400_000, Content_Type="text/plain").status == 413


@pytest.mark.parametrize(
    ("pattern", "status"),
    [
        ("{api}/*/*/pets/{{id}}", 200),
        ("{api}/$default/GET/pets/*", 200),
        ("{api}/*/POST/*", 500),
        (None, 500),
    ],
)
def test_the_function_must_let_the_route_invoke_it(
    cloud: Any, api: Any, make: Any, pattern: str | None, status: int
) -> None:
    function = make(ECHO)
    api_id, url = made(cloud, api, function, "GET /pets/{id}")
    if pattern is not None:
        source = f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{pattern.format(api=api_id)}"
        allow_gateway(function, source)
    got = call(f"{url}/pets/7")
    assert got.status == status
    if status == 500:
        assert got.text == '{"message":"Internal Server Error"}'


def test_a_route_may_ask_for_a_signature(cloud: Any, api: Any, echo: Any) -> None:
    api_id, url = made(cloud, api, echo, "GET /")
    route = api.get_routes(ApiId=api_id)["Items"][0]["RouteId"]
    api.update_route(ApiId=api_id, RouteId=route, AuthorizationType="AWS_IAM")
    assert (call(f"{url}/").status, call(f"{url}/").text) == (403, '{"message":"Forbidden"}')
    credentials = cloud.session().get_credentials()
    event = signed_call(credentials, "execute-api", cloud.region, f"{url}/").json
    assert event["requestContext"]["authorizer"]["iam"]["userArn"].endswith(":user/learner")


def test_cors_belongs_to_the_api(cloud: Any, api: Any, echo: Any) -> None:
    """Preflights need no route; what the function says of CORS gives way."""
    cors = {
        "AllowOrigins": ["https://app.example"],
        "AllowMethods": ["GET"],
        "AllowHeaders": ["x-mine"],
        "MaxAge": 5,
    }
    api_id, url = made(cloud, api, echo, "GET /", CorsConfiguration=cors)
    ask = {"Access_Control_Request_Method": "GET"}
    got = call(f"{url}/", "OPTIONS", Origin="https://app.example", **ask)
    assert (got.status, got.headers["access-control-allow-methods"]) == (204, "GET")
    assert got.headers["access-control-max-age"] == "5"
    refused = call(f"{url}/", "OPTIONS", Origin="https://evil.example", **ask)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (204, None)
    answer = json.dumps(
        {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}, separators=(",", ":")
    )
    got = call(f"{url}/?answer={answer}", Origin="https://app.example")
    assert got.headers.get_all("access-control-allow-origin") == ["https://app.example"]
    api.delete_cors_configuration(ApiId=api_id)
    assert call(f"{url}/", "OPTIONS", Origin="https://app.example", **ask).status == 404


def test_a_deleted_or_disabled_api_answers_no_more(cloud: Any, api: Any, echo: Any) -> None:
    api_id, url = made(cloud, api, echo, "GET /")
    api.update_api(ApiId=api_id, DisableExecuteApiEndpoint=True)
    assert call(f"{url}/").status == 404
    api.update_api(ApiId=api_id, DisableExecuteApiEndpoint=False)
    assert call(f"{url}/").status == 200
    api.delete_api(ApiId=api_id)
    assert (call(f"{url}/").status, call(f"{url}/").text) == (403, '{"message":"Forbidden"}')


def test_a_deleted_function_is_a_500(cloud: Any, api: Any, make: Any) -> None:
    function = make(ECHO)
    allow_gateway(function)
    _, url = made(cloud, api, function, "GET /")
    assert call(f"{url}/").status == 200
    make.delete(function)
    assert call(f"{url}/").status == 500


def test_a_request_becomes_a_message_without_a_function(cloud: Any, api: Any) -> None:
    queue = cloud.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    api_id = api.create_api(Name="jobs", ProtocolType="HTTP")["ApiId"]
    role = gateway_role(cloud, "sqs:SendMessage")
    parameters = {"QueueUrl": queue, "MessageBody": "$request.body.job", "DelaySeconds": "0"}
    integration = api.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="SQS-SendMessage",
        PayloadFormatVersion="1.0",
        CredentialsArn=role,
        RequestParameters=parameters,
    )["IntegrationId"]
    api.create_route(ApiId=api_id, RouteKey="POST /jobs", Target=f"integrations/{integration}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    url = api.get_api(ApiId=api_id)["ApiEndpoint"]
    got = call(f"{url}/jobs", "POST", b'{"job": "a & b"}', Content_Type="application/json")
    assert (got.status, "<MessageId>" in got.text) == (200, True)
    message = cloud.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"][0]
    assert message["Body"] == "a & b"
    with pytest.raises(api.exceptions.BadRequestException, match=r"request\.foo"):
        api.update_integration(
            ApiId=api_id,
            IntegrationId=integration,
            RequestParameters={**parameters, "MessageBody": "$request.foo"},
        )


def gateway_role(cloud: Any, action: str) -> str:
    """A role that API Gateway may assume and that may do one thing."""
    iam, name = cloud.client("iam"), f"r-{uuid.uuid4().hex[:8]}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    allow = {"Effect": "Allow", "Action": action, "Resource": "*"}
    trusted, allowed = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (trust, allow))
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowed)
    return str(arn)


def test_a_role_stands_in_for_the_functions_policy(cloud: Any, api: Any, make: Any) -> None:
    function = make(ECHO)
    role = gateway_role(cloud, "lambda:InvokeFunction")
    quick = api.create_api(
        Name="role", ProtocolType="HTTP", Target=arn(cloud, function), CredentialsArn=role, RouteKey="GET /x"
    )
    assert call(f"{quick['ApiEndpoint']}/x").status == 200


def test_an_update_changes_what_quick_create_made(cloud: Any, api: Any, echo: Any, make: Any) -> None:
    """Another route key, another function; what is left out stays as it is."""
    quick = api.create_api(
        Name="wrong", ProtocolType="HTTP", Target=arn(cloud, echo), RouteKey="GET /pets/{id}"
    )
    which, url = {"ApiId": quick["ApiId"]}, quick["ApiEndpoint"]
    api.update_api(**which, RouteKey="GET /cats/{name}")
    assert call(f"{url}/pets/1").status == 404
    assert call(f"{url}/cats/1").json["pathParameters"] == {"name": "1"}
    other = make("def handler(event, context): return 'the other one'")
    allow_gateway(other)
    api.update_api(**which, Target=arn(cloud, other))
    assert call(f"{url}/cats/1").body == b"the other one"
    [route] = api.get_routes(**which)["Items"]
    with pytest.raises(api.exceptions.BadRequestException, match="is not the ARN of a function"):
        api.update_api(**which, Target="nobody")
    with pytest.raises(api.exceptions.BadRequestException, match="integrations/<id>"):
        api.create_route(**which, RouteKey="GET /dogs", Target=route["Target"].partition("/")[2])
    api.create_route(**which, RouteKey="GET /dogs", Target=route["Target"])
    with pytest.raises(api.exceptions.ConflictException):
        api.update_api(**which, RouteKey="GET /dogs")
    api.delete_route(**which, RouteId=route["RouteId"])
    with pytest.raises(api.exceptions.BadRequestException, match="no route that was made by quick create"):
        api.update_api(**which, RouteKey="GET /birds")


@pytest.mark.parametrize(
    ("operation", "params", "named"),
    [
        ("create_api", {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$x"}, "WEBSOCKET"),
        ("create_route", {"RouteKey": "GET /x", "AuthorizationType": "JWT", "AuthorizerId": "a"}, "JWT"),
        ("create_route", {"RouteKey": "GET x"}, "route key"),
        ("create_route", {"RouteKey": "GET /y", "Target": "integrations/none"}, "integrations/none"),
        ("create_integration", {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "http://x"}, "HTTP_PROXY"),
        ("create_integration", {"IntegrationType": "AWS_PROXY", "IntegrationUri": "no"}, "function ARN"),
        ("create_integration", {"IntegrationType": "AWS_PROXY", "ConnectionType": "VPC_LINK"}, "VPC_LINK"),
        ("create_stage", {"StageName": "s", "DefaultRouteSettings": {"ThrottlingRateLimit": 1}}, "DefaultR"),
        ("create_stage", {"StageName": "s", "AccessLogSettings": {"Format": "x"}}, "AccessLogSettings"),
        ("create_authorizer", {"AuthorizerType": "JWT", "IdentitySource": ["x"]}, "CreateAuthorizer"),
    ],
)  # fmt: skip
def test_what_would_have_no_effect_is_refused_by_name(
    api: Any, plain_api: str, operation: str, params: dict[str, Any], named: str
) -> None:
    needs_name = {"Name": "x"} if operation in ("create_api", "create_authorizer") else {}
    known = {} if operation == "create_api" else {"ApiId": plain_api}
    with pytest.raises(api.exceptions.BadRequestException, match=named):
        getattr(api, operation)(**known, **needs_name, **params)


@pytest.fixture(scope="module")
def plain_api(api: Any) -> str:
    return str(api.create_api(Name="plain", ProtocolType="HTTP")["ApiId"])


def test_what_is_not_there_is_not_found(api: Any, plain_api: str) -> None:
    for operation, params in (
        ("get_api", {"ApiId": "nothere"}),
        ("delete_api", {"ApiId": "nothere"}),
        ("create_route", {"ApiId": "nothere", "RouteKey": "$default"}),
        ("delete_stage", {"ApiId": plain_api, "StageName": "none"}),
        ("get_deployment", {"ApiId": plain_api, "DeploymentId": "none"}),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(api, operation)(**params)
        assert refused.value.response["Error"]["Code"] == "NotFoundException", operation


def test_two_routes_of_one_key_conflict(api: Any, plain_api: str) -> None:
    api.create_route(ApiId=plain_api, RouteKey="GET /twice")
    with pytest.raises(api.exceptions.ConflictException, match="GET /twice"):
        api.create_route(ApiId=plain_api, RouteKey="GET /twice")


def test_cloudwatch_counts_requests_and_errors(cloud: Any, api: Any, echo: Any) -> None:
    api_id, url = made(cloud, api, echo, "GET /", "GET /raise")
    for path in ("/", "/raise", "/nothing"):
        call(f"{url}{path}")
    metrics = cloud.client("cloudwatch")

    def total(name: str) -> float:
        now = time.time()
        points = metrics.get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=name,
            Dimensions=[{"Name": "ApiId", "Value": api_id}],
            StartTime=now - 600,
            EndTime=now + 600,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    assert (total("Count"), total("4xx"), total("5xx")) == (3, 1, 1)
    assert total("Latency") >= total("IntegrationLatency")
