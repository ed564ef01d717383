"""Against a running cloud: a real function, cold and warm, priced, throttled, traced to its environments."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from labkit import measure
from labkit.measure import Status

HANDLER = """\
import time

def handler(event, context):
    time.sleep(event.get("sleep_s", 0))
    if event.get("fail"):
        raise ValueError("no such order")
    return event
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
NAME = "measured"


@pytest.fixture(scope="module")
def client(cloud: Any) -> Iterator[Any]:
    """A Lambda client of a cloud that has the function."""
    iam, lambda_ = cloud.client("iam"), cloud.client("lambda", config=Config(max_pool_connections=20))
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=NAME, PolicyArn=MANAGED)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", HANDLER)
    _until_the_role_works(
        lambda: lambda_.create_function(
            FunctionName=NAME,
            Runtime="python3.11",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
            MemorySize=256,
            Timeout=10,
            Environment={"Variables": {"TABLE": "orders"}},
        )
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=NAME)
    yield lambda_
    lambda_.delete_function(FunctionName=NAME)
    iam.detach_role_policy(RoleName=NAME, PolicyArn=MANAGED)
    iam.delete_role(RoleName=NAME)


def _until_the_role_works(create: Any) -> None:
    """A new role cannot be assumed for some seconds."""
    for attempt in range(60):
        try:
            create()
            return
        except ClientError as error:
            if "cannot be assumed" not in str(error) or attempt == 59:
                raise


def test_warm_calls_follow_a_cold_one(client: Any) -> None:
    """Times fit into each other: init and handler within what the caller waited."""
    measure.cold_starts(client, NAME, 1, {})  # its restored configuration makes the next call cold as well
    m = measure.invoke(client, NAME, {}, times=6)
    assert [row.cold for row in m] == [True] + [False] * 5
    for row in m:
        assert row.duration_ms is not None and row.duration_ms + (row.init_ms or 0) < row.latency_ms
        assert row.billed_ms is not None and row.billed_ms >= row.duration_ms + (row.init_ms or 0)
    assert m.values("memory_mb") == [256] * 6
    assert float(m.cost()) == pytest.approx(sum(m.values("cost_usd")))


def test_forced_cold_starts_leave_no_trace(client: Any) -> None:
    """Every call is cold, each in an environment of its own, and the configuration is as before."""
    m = measure.cold_starts(client, NAME, 3, {})
    assert [row.cold for row in m] == [True] * 3
    variables = client.get_function_configuration(FunctionName=NAME)["Environment"]["Variables"]
    assert variables == {"TABLE": "orders"}


def test_errors_are_rows(client: Any) -> None:
    """The function's own exception, and what it cost all the same."""
    m = measure.invoke(client, NAME, payloads=[{}, {"fail": True}], times=4)
    assert [row.status for row in m] == [Status.OK, Status.ERROR] * 2
    assert m[1].error == "ValueError: no such order"
    assert len(m.values("cost_usd")) == 4


def test_throttles_are_rows(client: Any) -> None:
    """Three callers where one may run: the others are turned away, and nobody retries behind our back."""
    client.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    try:
        m = measure.invoke(client, NAME, {"sleep_s": 0.2}, times=9, clients=3)
    finally:
        client.delete_function_concurrency(FunctionName=NAME)
    assert {row.status for row in m} == {Status.OK, Status.THROTTLED}
    throttled = next(row for row in m if row.status is Status.THROTTLED)
    assert (
        throttled.error is not None and "ReservedFunctionConcurrentInvocationLimitExceeded" in throttled.error
    )


def test_environments_are_found_in_the_logs(cloud: Any, client: Any) -> None:
    """Two callers at once need two environments; each call is traced to the one that answered it."""
    m = measure.invoke(client, NAME, {"sleep_s": 0.1}, times=6, clients=2)
    found = measure.with_environments(cloud.client("logs"), m)
    streams = {row.environment for row in found}
    assert None not in streams
    assert len(streams) == 2


def test_an_open_loop_meets_its_rate(client: Any) -> None:
    """Every call goes when it is due and never before; how late this machine was stands beside it."""
    m = measure.invoke_at(client, NAME, 20, 1, {"sleep_s": 0.1})
    assert len(m.ok) == 20
    due_s = sorted(row.started_s - row.late_ms / 1000 for row in m)
    assert due_s == pytest.approx([number / 20 for number in range(20)], abs=0.001)
