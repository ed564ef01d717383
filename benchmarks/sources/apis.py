"""Speed of function URLs, HTTP APIs and REST APIs beside boto3's Invoke of the same function.

Run: ``python benchmarks/sources/apis.py``. Callers keep their connections, as browsers and SDKs do.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).parent.parent))
from figures import median, p95, show
from invoke import TRUST, client, create

from labkit import cloud

HANDLER = "def handler(event, context): return {'statusCode': 200, 'body': 'hello'}\n"
ROUNDS, PER_ROUND, THREADS, MANY = 8, 50, 8, 800

Call = Callable[[], None]
connections = threading.local()


def get(url: str) -> Call:
    """One GET on this thread's connection."""
    parts = urlparse(url)

    def call() -> None:
        if getattr(connections, "to", None) != parts.netloc:
            connections.to, connections.http = parts.netloc, http.client.HTTPConnection(parts.netloc)
        connections.http.request("GET", parts.path)
        answer = connections.http.getresponse()
        if (answer.status, answer.read()) != (200, b"hello"):
            raise RuntimeError(f"{url} answered {answer.status}")

    return call


def addresses(make: Callable[[str], Any], name: str, endpoint: str) -> dict[str, str]:
    """One of each kind for the function, open to everybody."""
    lambda_ = make("lambda")
    arn = lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    statements: list[dict[str, Any]] = [
        {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"},
        {"Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": True},
        {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"},
    ]
    for number, statement in enumerate(statements):
        lambda_.add_permission(FunctionName=name, StatementId=f"s{number}", **statement)
    url = lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    quick = make("apigatewayv2").create_api(Name="bench", ProtocolType="HTTP", Target=arn)
    rest = make("apigateway")
    api_id = rest.create_rest_api(name="bench")["id"]
    root = rest.get_resources(restApiId=api_id)["items"][0]["id"]
    at = {"restApiId": api_id, "resourceId": root, "httpMethod": "GET"}
    rest.put_method(**at, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    rest.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    rest.create_deployment(restApiId=api_id, stageName="dev")
    return {
        "function URL": url,
        "HTTP API": quick["ApiEndpoint"] + "/",
        "REST API": f"{endpoint}/_aws/execute-api/{api_id}/dev/",
    }


def latency(what: str, call: Call, floor: Call) -> None:
    for _ in range(20):
        call(), floor()
    calls, floors = [], []
    for _ in range(ROUNDS):
        for measured, kept in ((floor, floors), (call, calls)):
            for _ in range(PER_ROUND):
                begin = time.perf_counter()
                measured()
                kept.append(time.perf_counter() - begin)
    show(f"{what}, median", median(calls) * 1e3, median(floors) * 1e3, "ms", "<= 2.0")
    show(f"{what}, p95", p95(calls) * 1e3, p95(floors) * 1e3, "ms", "<= 2.0")


def throughput(what: str, call: Call, floor: Call) -> None:
    def rate(measured: Call) -> float:
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: measured(), range(10 * THREADS)))
            begin = time.perf_counter()
            list(pool.map(lambda _: measured(), range(MANY)))
            return MANY / (time.perf_counter() - begin)

    rates = [(rate(floor), rate(call)) for _ in range(3)]
    floors, calls = median([one for one, _ in rates]), median([other for _, other in rates])
    show(f"{what}, {THREADS} threads", calls, floors, "/s", ">= 0.5", higher_is_better=True)


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        key = (here.access_key_id, here.secret_access_key)

        def make(service: str) -> Any:
            return client(here.endpoint, key, service)

        iam, lambda_ = make("iam"), make("lambda")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        iam.attach_role_policy(RoleName="bench", PolicyArn=policy)
        name = create(lambda_, role, HANDLER)

        def invoke() -> None:
            lambda_.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()

        for what, url in addresses(make, name, here.endpoint).items():
            latency(what, get(url), invoke)
            throughput(what, get(url), invoke)


if __name__ == "__main__":
    main()
