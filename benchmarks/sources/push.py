"""Speed of push sources: S3 and SNS to a function, beside bare boto3 and threads that call the handler.

Run: ``python benchmarks/sources/push.py``. Latency: from before the request to the handler's first line.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
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

EVENTS, ONE_BY_ONE, THREADS = 1000, 200, 8
# Says when it ran, for which object or message.
HANDLER = """\
import time
def handler(event, context):
    record = event["Records"][0]
    name = record["s3"]["object"]["key"] if "s3" in record else record["Sns"]["Message"]
    print("AT", name, time.time())
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
Send = Callable[[str], Any]


class Account:
    """Clients of a cloud, and functions in it."""

    def __init__(self, here: cloud.Cloud) -> None:
        self._here = here
        trust = json.dumps(TRUST)
        iam = self.client("iam")
        self.role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        iam.attach_role_policy(RoleName="bench", PolicyArn=basic)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._here.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._here.access_key_id,
            aws_secret_access_key=self._here.secret_access_key,
            config=Config(max_pool_connections=64),
        )

    def function(self, name: str, principal: str, source: str) -> str:
        """A function that a source may invoke; returns its ARN."""
        lambda_ = self.client("lambda")
        arn = lambda_.create_function(
            FunctionName=name,
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Handler="app.handler",
            Role=self.role,
            MemorySize=1769,
            Code={"ZipFile": deploy.package({"app.py": HANDLER})},
        )["FunctionArn"]
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
        lambda_.add_permission(
            FunctionName=name,
            StatementId="s",
            Action="lambda:InvokeFunction",
            Principal=principal,
            SourceArn=source,
        )
        return str(arn)

    def handled(self, name: str) -> int:
        """How often a function has run."""
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        points = self.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Invocations",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=now - day,
            EndTime=now + day,
            Period=86400,
            Statistics=["Sum"],
        )["Datapoints"]
        return int(sum(point["Sum"] for point in points))

    def times(self, name: str) -> dict[str, float]:
        """When a function ran for each name, in seconds since the epoch."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern="AT")
        lines = [event["message"].split() for page in found for event in page["events"]]
        return {words[1]: float(words[2]) for words in lines if words[0] == "AT"}


def measure(account: Account, source: str, name: str, send: Send, bare: Send) -> None:
    """Both figures of one source; ``bare`` does the same request where nobody listens."""
    namespace: dict[str, Any] = {"print": lambda *words: None}
    exec(HANDLER, namespace)  # noqa: S102 - the floor runs the very same handler

    def floor_one(key: str) -> float:
        begin = time.perf_counter()
        bare(key)
        namespace["handler"]({"Records": [{"s3": {"object": {"key": key}}}]}, None)
        return time.perf_counter() - begin

    send("warm-up")
    wait(account, name, 1)
    floors, begun = [], {}
    for number in range(ONE_BY_ONE):
        floors.append(floor_one(f"f{number}"))
        begun[f"one{number}"] = time.time()
        send(f"one{number}")
        time.sleep(0.005)
    wait(account, name, 1 + ONE_BY_ONE)
    ran = account.times(name)
    latencies = [ran[key] - at for key, at in begun.items()]
    show(f"{source} to handler, median", median(latencies) * 1e3, median(floors) * 1e3, "ms", "<= 2.0")
    show(f"{source} to handler, p95", p95(latencies) * 1e3, p95(floors) * 1e3, "ms", "<= 2.0")
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        begin = time.perf_counter()
        list(pool.map(floor_one, [f"g{number}" for number in range(EVENTS)]))
        floor = EVENTS / (time.perf_counter() - begin)
        begin = time.perf_counter()
        list(pool.map(send, [f"many{number}" for number in range(EVENTS)]))
        wait(account, name, 1 + ONE_BY_ONE + EVENTS)
        ours = EVENTS / (time.perf_counter() - begin)
    show(f"{source} to handler, {EVENTS} events", ours, floor, "/s", ">= 0.5", higher_is_better=True)


def wait(account: Account, name: str, count: int) -> None:
    while account.handled(name) < count:
        time.sleep(0.02)


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        account = Account(cloud.start(workspace))
        stack.callback(cloud.stop, workspace)
        s3, sns = account.client("s3"), account.client("sns")
        for bucket in ("heard", "unheard"):
            s3.create_bucket(Bucket=bucket)
        arn = account.function("of-s3", "s3.amazonaws.com", "arn:aws:s3:::heard")
        told = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket="heard", NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
        )
        measure(
            account,
            "S3",
            "of-s3",
            lambda key: s3.put_object(Bucket="heard", Key=key, Body=b"x"),
            lambda key: s3.put_object(Bucket="unheard", Key=key, Body=b"x"),
        )
        topics = [sns.create_topic(Name=name)["TopicArn"] for name in ("heard", "unheard")]
        arn = account.function("of-sns", "sns.amazonaws.com", topics[0])
        sns.subscribe(TopicArn=topics[0], Protocol="lambda", Endpoint=arn)
        measure(
            account,
            "SNS",
            "of-sns",
            lambda key: sns.publish(TopicArn=topics[0], Message=key),
            lambda key: sns.publish(TopicArn=topics[1], Message=key),
        )


if __name__ == "__main__":
    main()
