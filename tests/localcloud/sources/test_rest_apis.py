"""REST APIs end to end: made with boto3, called with plain HTTP."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from api_calls import call, signed_call
from botocore.exceptions import ClientError

ECHO = """
    import json, time
    def handler(event, context):
        if "answer" in (event.get("queryStringParameters") or {}):
            return json.loads(event["queryStringParameters"]["answer"])
        if event["path"].endswith("/raise"): raise ValueError("no")
        if event["path"].endswith("/sleep"): time.sleep(1.5)
        return {"statusCode": 200, "headers": {"X-Made": "by the function"}, "body": json.dumps(event)}
"""
FAILED = '{"message":"Internal server error"}'


@pytest.fixture(scope="module")
def api(cloud: Any) -> Any:
    return cloud.client("apigateway")


def allow_gateway(function: Any, source_arn: str | None = None) -> None:
    source = {"SourceArn": source_arn} if source_arn else {}
    function.lambda_.add_permission(
        FunctionName=function.name,
        StatementId=f"s{uuid.uuid4().hex[:8]}",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        **source,
    )


@pytest.fixture(scope="module")
def echo(make: Any) -> Any:
    """A function that API Gateway may invoke, whatever the API."""
    function = make(ECHO)
    allow_gateway(function)
    return function


@dataclass
class Rest:
    """A REST API being built."""

    cloud: Any
    client: Any
    id: str

    def url(self, stage: str = "dev") -> str:
        return f"{self.cloud.endpoint}/_aws/execute-api/{self.id}/{stage}"

    def resource(self, path: str) -> str:
        """The id of the resource at a path, made with all above it when it is missing."""
        known = {each["path"]: each["id"] for each in self.client.get_resources(restApiId=self.id)["items"]}
        if path not in known:
            above, _, part = path.rpartition("/")
            parent = self.resource(above or "/")
            made = self.client.create_resource(restApiId=self.id, parentId=parent, pathPart=part)
            known[path] = made["id"]
        return str(known[path])

    def at(self, path: str, verb: str) -> dict[str, str]:
        return {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": verb}

    def method(self, path: str, verb: str, function: Any, **more: Any) -> None:
        """A method that calls a function."""
        settings = {name: more.pop(name) for name in ("authorizationType", "operationName") if name in more}
        self.client.put_method(**self.at(path, verb), **{"authorizationType": "NONE", **settings})
        arn = f"arn:aws:lambda:{self.cloud.region}:{self.cloud.account_id}:function:{function.name}"
        self.client.put_integration(
            **self.at(path, verb),
            type="AWS_PROXY",
            integrationHttpMethod=more.pop("integrationHttpMethod", "POST"),
            uri=f"arn:aws:apigateway:{self.cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
            **more,
        )

    def deploy(self, stage: str = "dev", **more: Any) -> str:
        return str(self.client.create_deployment(restApiId=self.id, stageName=stage, **more)["id"])


@pytest.fixture
def rest(cloud: Any, api: Any) -> Rest:
    return new(cloud, api)


def new(cloud: Any, api: Any, **more: Any) -> Rest:
    return Rest(cloud, api, api.create_rest_api(name=f"pets-{uuid.uuid4().hex[:6]}", **more)["id"])


@pytest.fixture(scope="module")
def pets(cloud: Any, api: Any, echo: Any) -> Rest:
    made = new(cloud, api)
    made.method("/pets/{id}", "GET", echo, operationName="GetPet")
    made.method("/pets/dog", "GET", echo)
    made.method("/pets", "ANY", echo)
    made.method("/pets", "DELETE", echo)
    made.method("/files/{proxy+}", "ANY", echo)
    made.deploy(variables={"color": "blue"})
    return made


def test_the_event_is_payload_format_1(cloud: Any, pets: Rest) -> None:
    """Key by key what AWS's guide and `sam local generate-event apigateway aws-proxy` have."""
    got = call(
        f"{pets.url()}/pets/7%20a?a=1&a=2&b=%26", X_Mine="yes", User_Agent="tests", Content_Type="text/plain"
    )
    event = got.json
    context = event.pop("requestContext")
    headers, many = event.pop("headers"), event.pop("multiValueHeaders")
    assert event == {
        "resource": "/pets/{id}",
        "path": "/pets/7%20a",
        "httpMethod": "GET",
        "queryStringParameters": {"a": "2", "b": "&"},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": ["&"]},
        "pathParameters": {"id": "7%20a"},
        "stageVariables": {"color": "blue"},
        "body": None,
        "isBase64Encoded": False,
    }
    assert headers["X-Mine"] == "yes" and many["X-Mine"] == ["yes"]
    assert headers["X-Forwarded-For"] == "127.0.0.1" and headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert abs(context.pop("requestTimeEpoch") / 1000 - time.time()) < 60
    assert time.strptime(context.pop("requestTime"), "%d/%b/%Y:%H:%M:%S +0000")
    assert context.pop("requestId") == got.headers["x-amzn-RequestId"]
    assert context.pop("extendedRequestId") == got.headers["x-amz-apigw-id"]
    assert context == {
        "resourceId": pets.resource("/pets/{id}"),
        "resourcePath": "/pets/{id}",
        "httpMethod": "GET",
        "path": "/dev/pets/7%20a",
        "accountId": cloud.account_id,
        "protocol": "HTTP/1.1",
        "stage": "dev",
        "domainPrefix": pets.id,
        "domainName": f"{pets.id}.execute-api.localhost:{cloud.endpoint.rpartition(':')[2]}",
        "apiId": pets.id,
        "deploymentId": context["deploymentId"],
        "operationName": "GetPet",
        "identity": {
            **dict.fromkeys(
                (
                    "cognitoIdentityPoolId",
                    "accountId",
                    "cognitoIdentityId",
                    "caller",
                    "principalOrgId",
                    "accessKey",
                )
            ),
            **dict.fromkeys(
                ("cognitoAuthenticationType", "cognitoAuthenticationProvider", "userArn", "user")
            ),
            "sourceIp": "127.0.0.1",
            "userAgent": "tests",
        },
    }


@pytest.mark.parametrize(
    ("request_line", "resource", "variables"),
    [
        ("GET /pets/dog", "/pets/dog", None),
        ("GET /pets/7", "/pets/{id}", {"id": "7"}),
        ("GET /pets/7/", "/pets/{id}", {"id": "7"}),
        ("PUT /pets", "/pets", None),
        ("DELETE /pets", "/pets", None),
        ("POST /files/a/b.txt", "/files/{proxy+}", {"proxy": "a/b.txt"}),
    ],
)
def test_the_most_specific_resource_answers(
    pets: Rest, request_line: str, resource: str, variables: dict[str, str] | None
) -> None:
    method, path = request_line.split()
    event = call(f"{pets.url()}{path}", method).json
    assert (event["resource"], event["pathParameters"]) == (resource, variables)


def test_unknown_paths_and_methods_miss_a_token_and_unknown_stages_are_forbidden(pets: Rest) -> None:
    for path, method in (("/nothing", "GET"), ("/pets/dog", "POST"), ("/", "GET"), ("/files", "GET")):
        got = call(f"{pets.url()}{path}", method)
        assert (got.status, got.text) == (403, '{"message":"Missing Authentication Token"}')
        assert got.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert (call(f"{pets.url('prod')}/pets").status, call(f"{pets.url('prod')}/pets").text) == (
        403,
        '{"message":"Forbidden"}',
    )


def test_a_stage_serves_its_deployment_until_the_next(rest: Rest, echo: Any) -> None:
    """Changes wait for a deployment; a stage can go back to an older one and keeps its variables."""
    rest.method("/a", "GET", echo)
    first = rest.deploy(variables={"n": "1"})
    rest.method("/b", "GET", echo)
    assert (call(f"{rest.url()}/a").status, call(f"{rest.url()}/b").status) == (200, 403)
    second = rest.deploy()
    assert call(f"{rest.url()}/b").json["stageVariables"] == {"n": "1"}
    patches = [{"op": "replace", "path": "/deploymentId", "value": first}]
    rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=patches)
    assert call(f"{rest.url()}/b").status == 403
    with pytest.raises(rest.client.exceptions.BadRequestException, match="Active stages"):
        rest.client.delete_deployment(restApiId=rest.id, deploymentId=first)
    rest.client.delete_deployment(restApiId=rest.id, deploymentId=second)
    rest.client.create_stage(restApiId=rest.id, stageName="prod", deploymentId=first, variables={"n": "2"})
    assert call(f"{rest.url('prod')}/a").json["stageVariables"] == {"n": "2"}
    rest.client.delete_stage(restApiId=rest.id, stageName="prod")
    assert call(f"{rest.url('prod')}/a").status == 403


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ('{"statusCode": 201, "body": "made"}', 201, "made"),
        ('{"statusCode": "404"}', 404, ""),
        ("{}", 200, ""),
        ('{"statusCode": 200, "body": {"a": 1}}', 502, FAILED),
        ('{"statusCode": 200, "message": "unknown member"}', 502, FAILED),
        ('"text"', 502, FAILED),
        ("null", 502, FAILED),
    ],
)
def test_the_functions_answer_is_taken_to_the_letter(pets: Rest, answer: str, status: int, body: str) -> None:
    got = call(f"{pets.url()}/pets?answer={answer.replace(' ', '%20')}")
    assert (got.status, got.text, got.headers["Content-Type"]) == (status, body, "application/json")


def test_several_values_of_a_header_and_reserved_headers(pets: Rest) -> None:
    answer = json.dumps(
        {
            "statusCode": 200,
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            "headers": {"Server": "mine"},
        },
        separators=(",", ":"),
    )
    got = call(f"{pets.url()}/pets?answer={answer}")
    assert got.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert got.headers["x-amzn-Remapped-Server"] == "mine"


def test_failures_are_told_as_aws_tells_them(rest: Rest, make: Any, echo: Any) -> None:
    full = make(ECHO)
    allow_gateway(full)
    full.lambda_.put_function_concurrency(FunctionName=full.name, ReservedConcurrentExecutions=0)
    rest.method("/raise", "GET", echo)
    rest.method("/sleep", "GET", echo, timeoutInMillis=500)
    rest.method("/full", "GET", full)
    rest.method("/get", "GET", echo, integrationHttpMethod="GET")
    rest.method("/big", "POST", echo)
    rest.deploy()
    got = {path: call(f"{rest.url()}/{path}") for path in ("raise", "sleep", "full", "get")}
    assert {path: (each.status, each.text) for path, each in got.items()} == {
        "raise": (502, FAILED),
        "sleep": (504, '{"message":"Endpoint request timed out"}'),
        "full": (500, FAILED),
        "get": (500, FAILED),
    }
    big = call(f"{rest.url()}/big", "POST", b"x" * 6_400_000)
    assert (big.status, big.text) == (413, '{"message":"Request Too Long"}')
    assert call(f"{rest.url()}/big", "POST", b"x" * 10_500_000).status == 413


@pytest.mark.parametrize(
    ("pattern", "status"),
    [("{api}/*/GET/pets/*", 200), ("{api}/dev/GET/pets/{{id}}", 200), ("{api}/*/POST/*", 500), (None, 500)],
)
def test_the_function_must_let_the_method_invoke_it(
    cloud: Any, rest: Rest, make: Any, pattern: str | None, status: int
) -> None:
    function = make(ECHO)
    rest.method("/pets/{id}", "GET", function)
    rest.deploy()
    if pattern is not None:
        source = f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{pattern.format(api=rest.id)}"
        allow_gateway(function, source)
    got = call(f"{rest.url()}/pets/7")
    assert got.status == status
    if status == 500:
        assert got.text == FAILED


def test_binary_media_types_decide_what_is_base64(cloud: Any, api: Any, echo: Any) -> None:
    rest = new(cloud, api, binaryMediaTypes=["image/png"])
    rest.method("/", "POST", echo)
    rest.deploy()
    picture = b"\x89PNG\xff"
    event = call(f"{rest.url()}/", "POST", picture, Content_Type="image/png").json
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, picture)
    event = call(f"{rest.url()}/", "POST", b"text", Content_Type="text/plain").json
    assert (event["isBase64Encoded"], event["body"]) == (False, "text")
    encoded = base64.b64encode(picture).decode()
    answer = json.dumps({"statusCode": 200, "body": encoded, "isBase64Encoded": True}, separators=(",", ":"))
    url = f"{rest.url()}/?answer={answer.replace('+', '%2B')}"
    assert call(url, "POST", Accept="image/png, */*").body == picture
    assert call(url, "POST", Accept="text/html").text == encoded
    patches = [{"op": "add", "path": "/binaryMediaTypes/*~1*"}]
    assert "*/*" in api.update_rest_api(restApiId=rest.id, patchOperations=patches)["binaryMediaTypes"]
    rest.deploy()
    assert call(url, "POST", Accept="text/html").body == picture


def mock_cors(rest: Rest, path: str) -> None:
    """What the console's "Enable CORS" makes."""
    at = rest.at(path, "OPTIONS")
    names = {"Headers": "'Content-Type'", "Methods": "'OPTIONS,POST'", "Origin": "'*'"}
    places = {f"method.response.header.Access-Control-Allow-{name}": value for name, value in names.items()}
    rest.client.put_method(**at, authorizationType="NONE")
    rest.client.put_integration(
        **at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    rest.client.put_method_response(
        **at, statusCode="200", responseParameters=dict.fromkeys(places, False),
        responseModels={"application/json": "Empty"},
    )  # fmt: skip
    rest.client.put_integration_response(
        **at, statusCode="200", responseParameters=places, responseTemplates={"application/json": ""}
    )


def test_a_mock_integration_answers_preflights(rest: Rest, echo: Any) -> None:
    rest.method("/pets", "POST", echo)
    mock_cors(rest, "/pets")
    rest.deploy()
    got = call(
        f"{rest.url()}/pets", "OPTIONS", Origin="https://app.example", Access_Control_Request_Method="POST"
    )
    assert (got.status, got.body) == (200, b"")
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert got.headers["Access-Control-Allow-Methods"] == "OPTIONS,POST"
    assert call(f"{rest.url()}/pets", "OPTIONS", Content_Type="text/xml").status == 500


MESSAGE_ID = '{"id": "$input.path(\'$.SendMessageResponse.SendMessageResult.MessageId\')"}'


def test_an_integration_shows_what_aws_fills_in(rest: Rest, echo: Any) -> None:
    rest.method("/a", "GET", echo)
    shown = rest.client.get_integration(**rest.at("/a", "GET"))
    assert (shown["passthroughBehavior"], shown["timeoutInMillis"]) == ("WHEN_NO_MATCH", 29000)
    assert (shown["httpMethod"], shown["cacheNamespace"]) == ("POST", rest.resource("/a"))


def queue_api(rest: Rest, cloud: Any, *, allowed: bool = True, **integration: Any) -> str:
    """POST /jobs puts its body into a queue: the queue's URL."""
    url = cloud.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    name = url.rpartition("/")[2]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam = cloud.client("iam")
    role = iam.create_role(
        RoleName=f"r-{uuid.uuid4().hex[:8]}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    send = {"Effect": "Allow" if allowed else "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    iam.put_role_policy(
        RoleName=role["RoleName"],
        PolicyName="send",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [send]}),
    )
    at = rest.at("/jobs", "POST")
    rest.client.put_method(**at, authorizationType="NONE")
    defaults = {
        "uri": f"arn:aws:apigateway:{cloud.region}:sqs:path/{cloud.account_id}/{name}",
        "requestParameters": {
            "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"
        },
        "requestTemplates": {
            "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
        },
    }
    settings = {key: value for key, value in (defaults | integration).items() if value is not None}
    rest.client.put_integration(
        **at, type="AWS", integrationHttpMethod="POST", credentials=role["Arn"], **settings
    )
    for status, pattern in (("202", None), ("400", "4\\d{2}")):
        rest.client.put_method_response(**at, statusCode=status)
        chosen = {"selectionPattern": pattern} if pattern else {}
        template = "$input.body" if pattern else MESSAGE_ID
        rest.client.put_integration_response(
            **at, statusCode=status, responseTemplates={"application/json": template}, **chosen
        )
    rest.deploy()
    return str(url)


BY_ACTION = {
    "requestTemplates": None,
    "requestParameters": {
        "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'",
        "integration.request.querystring.QueueUrl": "method.request.header.X-Queue",
        "integration.request.querystring.MessageBody": "method.request.body",
    },
}


@pytest.mark.parametrize("form", ["path", "action"])
def test_a_request_becomes_a_message_without_a_function(cloud: Any, rest: Rest, form: str) -> None:
    """The asynchronous API: the caller gets an id at once, the queue has the body."""
    action = f"arn:aws:apigateway:{cloud.region}:sqs:action/SendMessage"
    url = queue_api(rest, cloud, **({"uri": action, **BY_ACTION} if form == "action" else {}))
    job = '{"job": "sums & more", "n": 1}'
    got = call(f"{rest.url()}/jobs", "POST", job.encode(), Content_Type="application/json", X_Queue=url)
    assert got.status == 202, got.text
    message = cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"][0]
    assert (message["Body"], message["MessageId"]) == (job, got.json["id"])


def test_the_role_must_be_allowed_to_send(cloud: Any, rest: Rest) -> None:
    queue_api(rest, cloud, allowed=False)
    got = call(f"{rest.url()}/jobs", "POST", b"{}", Content_Type="application/json")
    assert (got.status, "AccessDenied" in got.text) == (400, True)


def test_a_method_may_ask_for_a_signature(cloud: Any, rest: Rest, echo: Any) -> None:
    rest.method("/", "GET", echo, authorizationType="AWS_IAM")
    rest.deploy()
    got = call(f"{rest.url()}/")
    assert (got.status, got.text) == (403, '{"message":"Missing Authentication Token"}')
    credentials = cloud.session().get_credentials()
    event = signed_call(credentials, "execute-api", cloud.region, f"{rest.url()}/").json
    identity = event["requestContext"]["identity"]
    assert (identity["accessKey"], identity["accountId"]) == (credentials.access_key, cloud.account_id)


def test_a_method_can_be_tried_before_it_is_deployed(rest: Rest, echo: Any) -> None:
    rest.method("/pets/{id}", "POST", echo)
    tried = rest.client.test_invoke_method(
        **rest.at("/pets/{id}", "POST"),
        pathWithQueryString="/pets/7?a=1",
        body="hello",
        headers={"X-Mine": "yes"},
    )
    event = json.loads(tried["body"])
    assert (tried["status"], tried["headers"]["X-Made"]) == (200, "by the function")
    assert (event["pathParameters"], event["body"], event["headers"]["X-Mine"]) == (
        {"id": "7"},
        "hello",
        "yes",
    )
    assert event["requestContext"]["stage"] == "test-invoke-stage"
    assert "Method completed with status: 200" in tried["log"]


def test_a_deleted_or_disabled_api_is_forbidden(rest: Rest, echo: Any) -> None:
    rest.method("/", "GET", echo)
    rest.deploy()
    for disabled, status in (("true", 403), ("false", 200)):
        patches = [{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": disabled}]
        rest.client.update_rest_api(restApiId=rest.id, patchOperations=patches)
        assert call(f"{rest.url()}/").status == status
    rest.client.delete_rest_api(restApiId=rest.id)
    assert (call(f"{rest.url()}/").status, call(f"{rest.url()}/").text) == (403, '{"message":"Forbidden"}')


HEADER = "integration.request.header.A"


def test_an_api_of_a_stack_answers_until_it_is_deleted(cloud: Any, api: Any, echo: Any) -> None:
    arn = f"arn:aws:lambda:{cloud.region}:{cloud.account_id}:function:{echo.name}"
    uri = f"arn:aws:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    root = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    integration = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri}
    method = {
        "RestApiId": {"Ref": "Api"},
        "ResourceId": root,
        "HttpMethod": "GET",
        "AuthorizationType": "NONE",
    }
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "stacked"}},
        "Get": {"Type": "AWS::ApiGateway::Method", "Properties": {**method, "Integration": integration}},
        "Deployed": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": "Get",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "dev"},
        },
    }
    template = json.dumps({"Resources": resources})
    stacks, stack = cloud.client("cloudformation"), f"s-{uuid.uuid4().hex[:8]}"
    stacks.create_stack(StackName=stack, TemplateBody=template)
    stacks.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 0.2})
    made = next(each["id"] for each in api.get_rest_apis()["items"] if each["name"] == "stacked")
    assert call(f"{Rest(cloud, api, made).url()}/").status == 200
    api.delete_rest_api(restApiId=made)
    assert call(f"{Rest(cloud, api, made).url()}/").status == 403


SQS = "arn:aws:apigateway:us-east-1:sqs:path/123456789012/q"
SEND = {
    "type": "AWS",
    "integrationHttpMethod": "POST",
    "uri": SQS,
    "credentials": "arn:aws:iam::123456789012:role/r",
}


@pytest.mark.parametrize(
    ("operation", "params", "named"),
    [
        ("put_method", {"httpMethod": "PUT", "authorizationType": "CUSTOM"}, "CUSTOM"),
        ("put_method", {"httpMethod": "PUT", "authorizationType": "NONE", "apiKeyRequired": True}, "apiKey"),
        ("put_method", {"httpMethod": "FETCH", "authorizationType": "NONE"}, "HttpMethod"),
        ("put_integration", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET"}, "HTTP_PROXY"),
        ("put_integration", {"type": "AWS_PROXY", "integrationHttpMethod": "GET"}, "function ARN"),
        ("put_integration", {**SEND, "uri": "arn:aws:apigateway:us-east-1:s3:path/b"}, "Amazon SQS"),
        ("put_integration", {**SEND, "requestTemplates": {"application/json": "#set($a = 1)$a"}}, "#set"),
        ("put_integration", {**SEND, "requestTemplates": {"application/json": "$input.foo"}}, "input.foo"),
        ("put_integration", {**SEND, "requestParameters": {HEADER: "context.x"}}, "context.x"),
        ("put_integration", {"type": "MOCK", "timeoutInMillis": 30000}, "29000"),
        ("put_integration", {"type": "MOCK", "cacheNamespace": "x"}, "cacheNamespace"),
        ("create_stage", {"stageName": "s", "deploymentId": "d", "tracingEnabled": True}, "tracingEnabled"),
        ("create_deployment", {"canarySettings": {"percentTraffic": 1.0}}, "canarySettings"),
        ("create_rest_api", {"name": "x", "endpointConfiguration": {"types": ["PRIVATE"]}}, "PRIVATE"),
        ("create_rest_api", {"name": "x", "policy": "{}"}, "policy"),
        ("create_authorizer", {"name": "a", "type": "TOKEN"}, "CreateAuthorizer"),
        ("create_request_validator", {"name": "v"}, "CreateRequestValidator"),
        ("update_rest_api", {"patchOperations": [{"op": "replace", "path": "/policy"}]}, "/policy"),
        ("update_stage", {"stageName": "s", "patchOperations": [
            {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "1"}]}, "reserved concurrency"),
    ],
)  # fmt: skip
def test_what_would_have_no_effect_is_refused_by_name(
    api: Any, refusing: Rest, operation: str, params: dict[str, Any], named: str
) -> None:
    known = refusing.at("/x", "GET") if operation.startswith("put") else {"restApiId": refusing.id}
    known = {} if operation == "create_rest_api" else known
    with pytest.raises(api.exceptions.BadRequestException, match=named):
        getattr(api, operation)(**{**known, **params})


@pytest.fixture(scope="module")
def refusing(cloud: Any, api: Any) -> Rest:
    made = new(cloud, api)
    api.put_method(**made.at("/x", "GET"), authorizationType="NONE")
    return made


def test_usage_plans_and_keys_are_refused(api: Any) -> None:
    for operation in (api.create_usage_plan, api.create_api_key):
        with pytest.raises(api.exceptions.BadRequestException, match="reserved concurrency"):
            operation(name="x")


def test_resources_keep_their_rules(api: Any, rest: Rest) -> None:
    rest.resource("/a/{id}")
    rest.resource("/g/{proxy+}")
    tries = (
        ("/a", "{other}", api.exceptions.BadRequestException, "sibling"),
        ("/a", "{id}", api.exceptions.ConflictException, "already has this name"),
        ("/g/{proxy+}", "x", api.exceptions.BadRequestException, "greedy"),
    )
    for parent, part, refusal, told in tries:
        with pytest.raises(refusal, match=told):
            api.create_resource(restApiId=rest.id, parentId=rest.resource(parent), pathPart=part)
    api.delete_resource(restApiId=rest.id, resourceId=rest.resource("/a"))
    assert {each["path"] for each in api.get_resources(restApiId=rest.id)["items"]} == {
        "/",
        "/g",
        "/g/{proxy+}",
    }


def test_what_is_not_there_is_not_found(api: Any, rest: Rest) -> None:
    at = rest.at("/", "GET")
    for operation, params in (
        ("get_rest_api", {"restApiId": "nothere"}),
        ("delete_rest_api", {"restApiId": "nothere"}),
        ("get_method", at),
        ("put_integration", {**at, "type": "MOCK"}),
        ("get_integration", at),
        ("get_deployment", {"restApiId": rest.id, "deploymentId": "none"}),
        ("create_stage", {"restApiId": rest.id, "stageName": "s", "deploymentId": "none"}),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(api, operation)(**params)
        assert refused.value.response["Error"]["Code"] == "NotFoundException", operation


def test_lists_come_in_pages(api: Any, rest: Rest) -> None:
    for name in "abc":
        rest.resource(f"/{name}")
    pages = api.get_paginator("get_resources").paginate(restApiId=rest.id, PaginationConfig={"PageSize": 3})
    assert [len(page["items"]) for page in pages] == [3, 1]


def test_cloudwatch_counts_requests_and_errors(cloud: Any, api: Any, rest: Rest, echo: Any) -> None:
    rest.method("/a", "GET", echo)
    rest.method("/raise", "GET", echo)
    rest.deploy()
    for path in ("/a", "/raise", "/nothing"):
        call(f"{rest.url()}{path}")
    name = api.get_rest_api(restApiId=rest.id)["name"]

    def total(metric: str) -> float:
        now = time.time()
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=metric,
            Dimensions=[{"Name": "ApiName", "Value": name}, {"Name": "Stage", "Value": "dev"}],
            StartTime=now - 600,
            EndTime=now + 600,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    assert (total("Count"), total("4XXError"), total("5XXError")) == (3, 1, 1)
