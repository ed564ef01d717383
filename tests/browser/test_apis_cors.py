"""A page of another origin calls URLs and APIs: only where CORS is configured, and never the AWS API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.localcloud.conftest import Function, Functions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HANDLER = """
    def handler(event, context):
        return {"statusCode": 200, "body": "reached"}
"""
POST = """url => fetch(url, {method: "POST", headers: {"content-type": "application/json"}, body: "{}"})
    .then(answer => answer.text(), () => "blocked")"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>a page of another origin</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """A page whose origin is not the local cloud's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened = browser.new_page()
    opened.goto(f"http://127.0.0.1:{server.server_port}/")
    yield opened
    opened.close()
    server.shutdown()


@pytest.fixture(scope="module")
def function(cloud: Any) -> Iterator[Function]:
    """A function that anybody may call by its URL, and API Gateway in any way."""
    made = Functions(cloud)
    function = made(HANDLER)
    statements: list[dict[str, Any]] = [
        {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"},
        {"Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": True},
        {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"},
    ]
    for number, statement in enumerate(statements):
        function.lambda_.add_permission(FunctionName=function.name, StatementId=f"s{number}", **statement)
    yield function
    made.close()


def origin(page: Any) -> str:
    return str(page.evaluate("location.origin"))


def test_a_function_url_lets_in_the_origins_of_its_configuration(page: Any, function: Function) -> None:
    lambda_ = function.lambda_
    cors = {"AllowOrigins": [origin(page)], "AllowMethods": ["POST"], "AllowHeaders": ["content-type"]}
    url = lambda_.create_function_url_config(FunctionName=function.name, AuthType="NONE", Cors=cors)[
        "FunctionUrl"
    ]
    assert page.evaluate(POST, url) == "reached"
    lambda_.update_function_url_config(
        FunctionName=function.name, Cors={**cors, "AllowOrigins": ["https://else.example"]}
    )
    assert page.evaluate(POST, url) == "blocked"


def test_an_http_api_does_too_by_path_and_by_host(cloud: Any, page: Any, function: Function) -> None:
    api = cloud.client("apigatewayv2")
    target = function.lambda_.get_function(FunctionName=function.name)["Configuration"]["FunctionArn"]
    made = api.create_api(Name="cors", ProtocolType="HTTP", Target=target)
    by_host = f"http://{made['ApiId']}.execute-api.localhost:{cloud.endpoint.rpartition(':')[2]}/"
    assert page.evaluate(POST, made["ApiEndpoint"]) == "blocked"
    cors = {"AllowOrigins": [origin(page)], "AllowMethods": ["POST"], "AllowHeaders": ["content-type"]}
    api.update_api(ApiId=made["ApiId"], CorsConfiguration=cors)
    assert page.evaluate(POST, made["ApiEndpoint"]) == "reached"
    assert page.evaluate(POST, by_host) == "reached"


def test_no_page_reaches_the_aws_api(cloud: Any, page: Any) -> None:
    """Neither its answers nor, unsigned, its effects."""
    queue = cloud.client("sqs").create_queue(QueueName="cors-target")["QueueUrl"]
    send = """([url, body]) => fetch(url, {method: "POST", mode: "no-cors", body,
        headers: {"content-type": "application/x-www-form-urlencoded"}}).then(() => "sent")"""
    assert page.evaluate(send, [queue, "Action=SendMessage&MessageBody=evil"]) == "sent"
    assert page.evaluate(POST, cloud.endpoint) == "blocked"
    waiting = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert json.loads(waiting["ApproximateNumberOfMessages"]) == 0
