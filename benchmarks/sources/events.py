"""EventBridge: from PutEvents to the handler, and how many events a second; beside a call of the handler.

Run: ``python benchmarks/sources/events.py``. The floor writes the event to the same local cloud with plain
boto3 (a message in a queue), reads it back and calls the handler as a Python function.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import median, p95, show
from invoke import TRUST, client, create

from labkit import cloud

EVENTS, SINGLE, BATCH, THREADS = 500, 60, 10, 4
HANDLER = """
import json, time
def handler(event, context):
    print("TOOK", json.dumps(time.time() - event["detail"]["sent"]) if "detail" in event else 0)
"""
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


class Bench:
    """A rule that matches, its function, and the clients of both sides."""

    def __init__(self, endpoint: str, key: tuple[str, str]) -> None:
        self.events, self.lambda_, self.logs, self.sqs, iam = (
            client(endpoint, key, service) for service in ("events", "lambda", "logs", "sqs", "iam")
        )
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.attach_role_policy(RoleName="bench", PolicyArn=BASIC)
        self.function = create(self.lambda_, role, HANDLER)
        arn = self.lambda_.get_function(FunctionName=self.function)["Configuration"]["FunctionArn"]
        rule = self.events.put_rule(Name="bench", EventPattern='{"source": ["bench"]}')["RuleArn"]
        self.lambda_.add_permission(
            FunctionName=self.function,
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=rule,
        )
        self.events.put_targets(Rule="bench", Targets=[{"Id": "1", "Arn": arn}])
        self.lambda_.invoke(FunctionName=self.function, Payload=b"{}")  # the cold start
        self.url = self.sqs.create_queue(QueueName="bench")["QueueUrl"]

    def put(self, count: int = 1) -> None:
        detail = json.dumps({"sent": time.time()})
        entry = {"Source": "bench", "DetailType": "bench", "Detail": detail}
        self.events.put_events(Entries=[entry] * count)

    def took(self) -> list[float]:
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.function}", filterPattern="TOOK"
        )
        found = [json.loads(event["message"][5:]) for page in pages for event in page["events"]]
        return [took for took in found if took]

    def wait_for(self, total: int) -> list[float]:
        while len(took := self.took()) < total:
            time.sleep(0.02)
        return took

    def floor(self, count: int = 1) -> list[float]:
        """Writes, reads back, and calls the handler."""
        body = json.dumps({"sent": time.time()})
        entries = [{"Id": str(place), "MessageBody": body} for place in range(count)]
        self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        took: list[float] = []
        while len(took) < count:
            answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=count)
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                took.append(time.time() - json.loads(message["Body"])["sent"])
        return took


def rate(work: Callable[[], Any], done: Callable[[], Any]) -> float:
    """Events a second, in batches from several threads."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for result in [pool.submit(work) for _ in range(EVENTS // BATCH)]:
            result.result()
    done()
    return EVENTS / (time.perf_counter() - begin)


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        bench = Bench(here.endpoint, (here.access_key_id, here.secret_access_key))
        floor = [took for _ in range(SINGLE) for took in bench.floor()]
        for _ in range(SINGLE):
            bench.put()
            time.sleep(0.02)
        ours = bench.wait_for(SINGLE)
        show("EventBridge: event to handler, median", median(ours) * 1e3, median(floor) * 1e3, "ms", "<= 2")
        show("EventBridge: event to handler, p95", p95(ours) * 1e3, p95(floor) * 1e3, "ms", "<= 2")
        slow = rate(lambda: bench.floor(BATCH), lambda: None)
        fast = rate(lambda: bench.put(BATCH), lambda: bench.wait_for(SINGLE + EVENTS))
        show(f"EventBridge: {EVENTS} events", fast, slow, "/s", ">= 0.5", higher_is_better=True)


if __name__ == "__main__":
    main()
