"""Nothing is lost in a long run: queue, Kinesis stream and table with a function that fails one time in ten.

Run: ``python benchmarks/sources/loss.py [events]``, 5,000 unless told otherwise. Every event has to be
processed, in the dead-letter queue, or named by a record at the on-failure destination. Prints what became
of them and how long it took.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from invoke import TRUST, client, create

from labkit import cloud

POLICIES = (
    "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaKinesisExecutionRole",
    "service-role/AWSLambdaDynamoDBExecutionRole",
    "AmazonS3FullAccess",
)
HANDLER = """
import base64, json, random
def identity(record):
    if "kinesis" in record:
        return base64.b64decode(record["kinesis"]["data"]).decode()
    if "dynamodb" in record:
        return record["dynamodb"]["Keys"]["id"]["S"]
    return record["body"]
def handler(event, context):
    names = [identity(record) for record in event["Records"]]
    if random.random() < 0.1 or any("poison" in name for name in names):
        raise ValueError("one time in ten")
    print("DONE " + json.dumps(names))
"""
STREAM = {
    "BatchSize": 50,
    "StartingPosition": "TRIM_HORIZON",
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 2,
    "ParallelizationFactor": 2,
    "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::lost-batches"}},
}


def names(source: str, count: int) -> list[str]:
    return [f"{source}-{number}{' poison' if number % 97 == 7 else ''}" for number in range(count)]


class Run:
    """One cloud, one function, three sources."""

    def __init__(self, here: Any) -> None:
        self.here = here
        key = (here.access_key_id, here.secret_access_key)
        self.of = lambda service: client(here.endpoint, key, service)
        iam, self.s3 = self.of("iam"), self.of("s3")
        role = iam.create_role(RoleName="loss", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for policy in POLICIES:
            iam.attach_role_policy(RoleName="loss", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        self.s3.create_bucket(Bucket="lost-batches")
        self.lambda_ = self.of("lambda")
        self.function = create(self.lambda_, role, HANDLER)

    def mapped(self, arn: str, **settings: Any) -> None:
        self.lambda_.create_event_source_mapping(FunctionName=self.function, EventSourceArn=arn, **settings)

    def queue(self, sent: list[str]) -> Any:
        """Fills a queue; returns how to read its dead-letter queue."""
        sqs = self.of("sqs")

        def make(name: str, **attributes: str) -> tuple[str, str]:
            url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
            got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
            return url, got["QueueArn"]

        dead, dead_arn = make("dead")
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 4})
        url, arn = make("work", VisibilityTimeout="30", RedrivePolicy=redrive)
        for start in range(0, len(sent), 10):
            entries = [
                {"Id": str(at), "MessageBody": body} for at, body in enumerate(sent[start : start + 10])
            ]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        self.mapped(arn, BatchSize=10)

        def aside() -> set[str]:
            found: set[str] = set()
            while got := sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10).get("Messages"):
                found |= {message["Body"] for message in got}
            return found

        return aside

    def kinesis(self, sent: list[str]) -> None:
        kinesis = self.of("kinesis")
        kinesis.create_stream(StreamName="events", ShardCount=2)
        arn = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["StreamARN"]
        self.mapped(arn, **STREAM)
        for start in range(0, len(sent), 100):
            records = [{"Data": each.encode(), "PartitionKey": each} for each in sent[start : start + 100]]
            kinesis.put_records(StreamName="events", Records=records)

    def table(self, sent: list[str]) -> None:
        dynamodb = self.of("dynamodb")
        made = dynamodb.create_table(
            TableName="items",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )["TableDescription"]
        self.mapped(made["LatestStreamArn"], **STREAM)
        for each in sent:
            dynamodb.put_item(TableName="items", Item={"id": {"S": each}})

    def destination(self) -> set[str]:
        """The events in the records of batches that were given up."""
        found: set[str] = set()
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket="lost-batches"):
            for entry in page.get("Contents", []):
                body = self.s3.get_object(Bucket="lost-batches", Key=entry["Key"])["Body"].read()
                for record in json.loads(json.loads(body)["payload"])["Records"]:
                    if "kinesis" in record:
                        found.add(base64.b64decode(record["kinesis"]["data"]).decode())
                    else:
                        found.add(record["dynamodb"]["Keys"]["id"]["S"])
        return found

    def done(self) -> set[str]:
        pages = (
            self.of("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{self.function}")
        )
        lines = (event["message"] for page in pages for event in page["events"])
        return {name for line in lines if line.startswith("DONE ") for name in json.loads(line[5:])}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        run = Run(here)
        sent = [names(source, count // 3) for source in ("queue", "kinesis", "table")]
        begin = time.perf_counter()
        aside = run.queue(sent[0])
        run.kinesis(sent[1])
        run.table(sent[2])
        for _ in range(20):
            here.call("POST", "/_labkit/clock", {"advance_s": 31})
        took = time.perf_counter() - begin
        everything = {name for names in sent for name in names}
        done, dead, failed = run.done(), aside(), run.destination()
        lost = everything - done - dead - failed
        print(f"{len(everything)} events in {took:.1f} s: {len(done)} processed, {len(dead)} dead letters,")
        print(f"{len(failed)} at the destination, {len(lost)} lost  mark 0 {'MISSED' if lost else 'ok'}")


if __name__ == "__main__":
    main()
