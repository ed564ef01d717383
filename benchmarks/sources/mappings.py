"""Event source mappings: from event to handler, and how many a second; beside loops of boto3.

Run: ``python benchmarks/sources/mappings.py``. The floor reads the same local cloud with plain boto3, five
threads for the queue and one for each shard, and calls the handler as a Python function.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import median, p95, show
from invoke import TRUST, client, create

from labkit import cloud

EVENTS, SINGLE, THREADS, BATCH = 1000, 60, 5, 10
HANDLER = """
import base64, json, time
def handler(event, context):
    now = time.time()
    texts = [r["body"] if "body" in r else base64.b64decode(r["kinesis"]["data"]) for r in event["Records"]]
    print("TOOK", json.dumps([now - json.loads(text) for text in texts]))
"""
ROLES = ("AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaKinesisExecutionRole")
Handle = Callable[[list[float]], None]


class Bench:
    """A cloud with one function, and the clients of both sides."""

    def __init__(self, endpoint: str, key: tuple[str, str]) -> None:
        self.lambda_, self.sqs, self.kinesis, self.logs, iam = (
            client(endpoint, key, service) for service in ("lambda", "sqs", "kinesis", "logs", "iam")
        )
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for policy in ROLES:
            iam.attach_role_policy(
                RoleName="bench", PolicyArn=f"arn:aws:iam::aws:policy/service-role/{policy}"
            )
        self.function = create(self.lambda_, role, HANDLER)
        self.lambda_.invoke(FunctionName=self.function, Payload=b'{"Records": []}')
        self.count = 0

    def mapping(self, arn: str, **settings: Any) -> str:
        made = self.lambda_.create_event_source_mapping(
            FunctionName=self.function, EventSourceArn=arn, BatchSize=BATCH, **settings
        )
        return str(made["UUID"])

    def took(self) -> list[float]:
        """Seconds from event to handler, of all events that the function has had so far."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.function}"
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        return [took for line in lines if line.startswith("TOOK") for took in json.loads(line[5:])]

    def wait_for(self, total: int) -> None:
        while len(self.took()) < total:
            time.sleep(0.05)

    def queue(self) -> tuple[str, str]:
        self.count += 1
        url = self.sqs.create_queue(QueueName=f"bench-{self.count}")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return url, str(attributes["QueueArn"])

    def stream(self) -> tuple[str, str]:
        self.count += 1
        name = f"bench-{self.count}"
        self.kinesis.create_stream(StreamName=name, ShardCount=1)
        described = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return name, str(described["StreamARN"])

    def send(self, url: str) -> None:
        self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(time.time()))

    def put(self, name: str) -> None:
        self.kinesis.put_record(StreamName=name, PartitionKey="k", Data=json.dumps(time.time()).encode())

    def fill_queue(self, url: str) -> None:
        for _ in range(EVENTS // 10):
            entries = [{"Id": str(n), "MessageBody": json.dumps(time.time())} for n in range(10)]
            self.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def fill_stream(self, name: str) -> None:
        for _ in range(EVENTS // 100):
            records = [{"PartitionKey": "k", "Data": json.dumps(time.time()).encode()} for _ in range(100)]
            self.kinesis.put_records(StreamName=name, Records=records)

    def read_queue(self, url: str, handle: Handle, stop: threading.Event, wait_s: int) -> None:
        """The floor's loop over a queue."""
        while not stop.is_set():
            messages = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=wait_s
            ).get("Messages", [])
            if messages:
                handle([json.loads(message["Body"]) for message in messages])
                entries = [
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(messages)
                ]
                self.sqs.delete_message_batch(QueueUrl=url, Entries=entries)

    def read_stream(self, name: str, handle: Handle, stop: threading.Event) -> None:
        """The floor's loop over a shard."""
        iterator = self.kinesis.get_shard_iterator(
            StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while not stop.is_set():
            answer = self.kinesis.get_records(ShardIterator=iterator, Limit=BATCH)
            iterator = answer["NextShardIterator"]
            if answer["Records"]:
                handle([json.loads(record["Data"]) for record in answer["Records"]])
            else:
                time.sleep(0.01)


def floor_took(read: Callable[[Handle, threading.Event], None], send: Callable[[], None]) -> list[float]:
    """Seconds from event to handler of the floor, one event at a time."""
    took: list[float] = []
    stop = threading.Event()

    def handle(sent: list[float]) -> None:
        took.extend(time.time() - moment for moment in sent)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read, handle, stop)
        for number in range(SINGLE):
            send()
            while len(took) <= number:
                time.sleep(0.001)
        stop.set()
        reading.result()
    return took


def floor_rate(read: Callable[[Handle, threading.Event], None], threads: int) -> float:
    """Events a second of the floor, out of a full source."""
    done: list[float] = []
    stop = threading.Event()

    def handle(sent: list[float]) -> None:
        done.extend(sent)
        if len(done) >= EVENTS:
            stop.set()

    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for reading in [pool.submit(read, handle, stop) for _ in range(threads)]:
            reading.result()
    return EVENTS / (time.perf_counter() - begin)


def latency(bench: Bench, what: str, send: Callable[[], None], floor: list[float]) -> None:
    before = len(bench.took())
    for _ in range(SINGLE):
        send()
        time.sleep(0.02)
    bench.wait_for(before + SINGLE)
    ours = bench.took()[before:]
    show(f"{what}: event to handler, median", median(ours) * 1e3, median(floor) * 1e3, "ms", "<= 2")
    show(f"{what}: event to handler, p95", p95(ours) * 1e3, p95(floor) * 1e3, "ms", "<= 2")


def rate(bench: Bench, what: str, arn: str, floor: float, **settings: Any) -> None:
    before = len(bench.took())
    begin = time.perf_counter()
    uuid = bench.mapping(arn, **settings)
    bench.wait_for(before + EVENTS)
    ours = EVENTS / (time.perf_counter() - begin)
    bench.lambda_.delete_event_source_mapping(UUID=uuid)
    show(f"{what}: {EVENTS} in batches of {BATCH}", ours, floor, "/s", ">= 0.5", higher_is_better=True)


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        bench = Bench(here.endpoint, (here.access_key_id, here.secret_access_key))

        url, _ = bench.queue()
        floor = floor_took(
            lambda handle, stop: bench.read_queue(url, handle, stop, 1), lambda: bench.send(url)
        )
        url, arn = bench.queue()
        bench.mapping(arn)
        bench.send(url)  # the cold start
        bench.wait_for(1)
        latency(bench, "queue", lambda: bench.send(url), floor)

        name, _ = bench.stream()
        floor = floor_took(
            lambda handle, stop: bench.read_stream(name, handle, stop), lambda: bench.put(name)
        )
        name, arn = bench.stream()
        bench.mapping(arn, StartingPosition="LATEST")
        latency(bench, "stream", lambda: bench.put(name), floor)

        url, _ = bench.queue()
        bench.fill_queue(url)
        reached = floor_rate(lambda handle, stop: bench.read_queue(url, handle, stop, 0), THREADS)
        url, arn = bench.queue()
        bench.fill_queue(url)
        rate(bench, "queue", arn, reached)

        name, _ = bench.stream()
        bench.fill_stream(name)
        reached = floor_rate(lambda handle, stop: bench.read_stream(name, handle, stop), 1)
        name, arn = bench.stream()
        bench.fill_stream(name)
        rate(bench, "stream", arn, reached, StartingPosition="TRIM_HORIZON")


if __name__ == "__main__":
    main()
