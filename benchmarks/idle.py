"""What a cloud costs that waits: processor time with ten mappings, five schedules, five alarms, or nothing.

Run: ``python benchmarks/idle.py``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from invoke import EMPTY, TRUST, client, create

from labkit import cloud

SECONDS = 20
MARK_PERCENT = 1.0
ROLES = (
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
)


def mappings(of: Any) -> None:
    """Four queues, three tables, three Kinesis streams, each with one event that was processed."""
    iam, lambda_, sqs = of("iam"), of("lambda"), of("sqs")
    role = iam.create_role(RoleName="idle", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    for policy in ROLES:
        iam.attach_role_policy(RoleName="idle", PolicyArn=f"arn:aws:iam::aws:policy/service-role/{policy}")
    function = create(lambda_, role, EMPTY)

    def mapped(arn: str, **settings: Any) -> None:
        lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=arn, **settings)

    for number in range(4):
        url = sqs.create_queue(QueueName=f"idle-{number}")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        mapped(attributes["QueueArn"])
        sqs.send_message(QueueUrl=url, MessageBody="one")
    for number in range(3):
        dynamodb, kinesis = of("dynamodb"), of("kinesis")
        table = dynamodb.create_table(
            TableName=f"idle-{number}",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        mapped(table["LatestStreamArn"], StartingPosition="LATEST")
        dynamodb.put_item(TableName=f"idle-{number}", Item={"id": {"S": "one"}})
        kinesis.create_stream(StreamName=f"idle-{number}", ShardCount=1)
        summary = kinesis.describe_stream_summary(StreamName=f"idle-{number}")["StreamDescriptionSummary"]
        mapped(summary["StreamARN"], StartingPosition="LATEST")
        kinesis.put_record(StreamName=f"idle-{number}", PartitionKey="k", Data=b"one")


def schedules(of: Any) -> None:
    """Three scheduled rules, two schedules, five alarms: they wait on the lesson clock."""
    events, scheduler, iam = of("events"), of("scheduler"), of("iam")
    trust = json.dumps(TRUST).replace("lambda.amazonaws.com", "scheduler.amazonaws.com")
    role = iam.create_role(RoleName="idle-schedules", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    queue = "arn:aws:sqs:us-east-1:123456789012:idle-0"
    for number in range(3):
        events.put_rule(Name=f"idle-{number}", ScheduleExpression="cron(0 3 * * ? *)")
        events.put_targets(Rule=f"idle-{number}", Targets=[{"Id": "1", "Arn": queue}])
    for number in range(2):
        scheduler.create_schedule(
            Name=f"idle-{number}",
            ScheduleExpression="cron(0 3 * * ? *)",
            ScheduleExpressionTimezone="Asia/Tokyo",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": queue, "RoleArn": role},
        )
    for number in range(5):
        of("cloudwatch").put_metric_alarm(
            AlarmName=f"idle-{number}",
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=3,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )


def percent(pid: int) -> float:
    """How much of one core a process uses while nothing happens."""
    process = psutil.Process(pid)
    time.sleep(5)  # what was started has come to rest
    before = process.cpu_times()
    time.sleep(SECONDS)
    after = process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    return max(used_s, 0.0) / SECONDS * 100


def main() -> None:
    with contextlib.ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = cloud.start(workspace)
        stack.callback(cloud.stop, workspace)
        key = (here.access_key_id, here.secret_access_key)
        empty = percent(here.pid)
        mappings(lambda service: client(here.endpoint, key, service))
        schedules(lambda service: client(here.endpoint, key, service))
        busy = percent(here.pid)
        said = "ok" if busy < MARK_PERCENT else "MISSED"
        print(f"{'idle cloud, nothing in it':<52} {empty:>9.2f} % of a core")
        what = "idle cloud, ten mappings, five schedules, five alarms"
        print(f"{what:<52} {busy:>9.2f} % of a core  mark < {MARK_PERCENT} {said}")


if __name__ == "__main__":
    main()
