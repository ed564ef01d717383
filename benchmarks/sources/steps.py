"""Speed of Step Functions: a state machine of one Lambda task, beside boto3's Invoke of the same function.

Run: ``python benchmarks/sources/steps.py``. An execution is two calls, its start and the task's own
Invoke with the role; so its floor is two invocations.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).parent.parent))
from figures import median, p95, show

from labkit import cloud, deploy

ROUNDS, PER_ROUND, THREADS, MANY = 6, 30, 8, 400
HANDLER = "def handler(event, context): return event\n"
Call = Callable[[], Any]


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        config = Config(inject_host_prefix=False, max_pool_connections=THREADS)

        def make(service: str) -> Any:
            return boto3.client(
                service,
                endpoint_url=here.endpoint,
                region_name="us-east-1",
                aws_access_key_id=here.access_key_id,
                aws_secret_access_key=here.secret_access_key,
                config=config,
            )

        iam, lambda_, steps = make("iam"), make("lambda"), make("stepfunctions")
        runs = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
        calls = iam.create_role(RoleName="calls", AssumeRolePolicyDocument=trust("states.amazonaws.com"))
        let = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [let]})
        iam.put_role_policy(RoleName="calls", PolicyName="invoke", PolicyDocument=policy)
        function = lambda_.create_function(
            FunctionName="bench", Runtime="python3.13", Handler="app.handler", MemorySize=1769,
            Role=runs["Role"]["Arn"], Code={"ZipFile": deploy.package({"app.py": HANDLER})},
        )["FunctionArn"]  # fmt: skip
        lambda_.get_waiter("function_active_v2").wait(FunctionName="bench", WaiterConfig={"Delay": 1})
        task = {"Type": "Task", "Resource": function, "End": True}
        definition = json.dumps({"StartAt": "Call", "States": {"Call": task}})
        role = calls["Role"]["Arn"]
        express = steps.create_state_machine(name="e", definition=definition, roleArn=role, type="EXPRESS")
        arn = express["stateMachineArn"]

        def invoke() -> None:
            lambda_.invoke(FunctionName="bench", Payload=b"{}")["Payload"].read()

        def twice() -> None:
            invoke(), invoke()

        def execute() -> None:
            told = steps.start_sync_execution(stateMachineArn=arn, input="{}")
            if told["status"] != "SUCCEEDED":
                raise RuntimeError(told)

        latency(execute, twice)
        throughput(execute, twice)


def latency(call: Call, floor: Call) -> None:
    for _ in range(20):
        call(), floor()
    calls: list[float] = []
    floors: list[float] = []
    for _ in range(ROUNDS):
        for measured, kept in ((floor, floors), (call, calls)):
            for _ in range(PER_ROUND):
                begin = time.perf_counter()
                measured()
                kept.append(time.perf_counter() - begin)
    show("one Lambda task, median", median(calls) * 1e3, median(floors) * 1e3, "ms", "<= 2.0")
    show("one Lambda task, p95", p95(calls) * 1e3, p95(floors) * 1e3, "ms", "<= 2.0")


def throughput(call: Call, floor: Call) -> None:
    def rate(measured: Call) -> float:
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: measured(), range(10 * THREADS)))
            begin = time.perf_counter()
            list(pool.map(lambda _: measured(), range(MANY)))
            return MANY / (time.perf_counter() - begin)

    rates = [(rate(floor), rate(call)) for _ in range(3)]
    floors, calls = median([one for one, _ in rates]), median([other for _, other in rates])
    show(f"one Lambda task, {THREADS} threads", calls, floors, "/s", ">= 0.5", higher_is_better=True)


if __name__ == "__main__":
    main()
