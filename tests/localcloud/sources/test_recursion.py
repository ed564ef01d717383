"""Loops are stopped after sixteen invocations, whichever way they take, unless the function allows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from push_world import Queue, advance, permit, seen, unique, until

# Sends on what it gets, in the way that its environment names; prints the trace header that it was given.
LOOP = """
import json, os, boto3
def handler(event, context):
    print("EVENT " + json.dumps(os.environ["_X_AMZN_TRACE_ID"]))
    how, where = os.environ["HOW"], os.environ["WHERE"]
    if how == "lambda":
        boto3.client("lambda").invoke(FunctionName=where, InvocationType="Event", Payload=b"{}")
    elif how == "sync":
        answer = boto3.client("lambda").invoke(FunctionName=where, Payload=b"{}")
        return json.load(answer["Payload"])
    elif how == "sns":
        boto3.client("sns").publish(TopicArn=where, Message="again")
    elif how == "s3":
        boto3.client("s3").put_object(Bucket=where, Key=context.aws_request_id, Body=b"")
    elif how == "sqs":
        boto3.client("sqs").send_message(QueueUrl=where, MessageBody="again")
"""
TIMES = 16


@pytest.fixture
def loop(make: Any) -> Any:
    empty = {"Variables": {"HOW": "", "WHERE": ""}}
    function = make(LOOP, Timeout=60, MemorySize=1769, Environment=empty)
    function.allow("*")
    return function


def turn(function: Any, how: str, where: str) -> None:
    function.update(Environment={"Variables": {"HOW": how, "WHERE": where}})


def dropped(cloud: Any, function: Any) -> float:
    """RecursiveInvocationsDropped of a function."""
    import datetime

    now = datetime.datetime.now(datetime.UTC)
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="RecursiveInvocationsDropped",
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(days=30),  # other tests move the lesson clock
        Period=86400,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_a_function_that_invokes_itself_is_stopped(loop: Any, cloud: Any) -> None:
    """Sixteen invocations; the next event goes to the dead-letter queue; the header tells the count."""
    letters = Queue(cloud)
    loop.update(DeadLetterConfig={"TargetArn": letters.arn})
    turn(loop, "lambda", loop.name)
    loop.invoke({}, InvocationType="Event")
    (letter,) = letters.messages()
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "400"
    assert "recursive loop" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]
    until(lambda: len(seen(loop)) >= TIMES)
    headers = sorted(seen(loop), key=lambda header: int(header.rpartition(":")[2]))
    assert [header.partition("Lineage=")[2].split(":")[::2] for header in headers] == [
        [str(number + 1), str(number)] for number in range(TIMES)
    ]
    assert len({header.partition(";")[0] for header in headers}) == 1  # one trace
    assert dropped(cloud, loop) == 1


def test_a_synchronous_caller_gets_an_exception(loop: Any) -> None:
    """The innermost call fails with RecursiveInvocationException, and so do all around it."""
    turn(loop, "sync", loop.name)
    answer = loop.invoke({})
    assert "FunctionError" not in answer
    text = json.dumps(answer["Payload"])
    assert answer["Payload"]["errorType"] == "RecursiveInvocationException"
    assert "recursive loop" in text


def test_a_loop_through_a_topic_is_stopped(loop: Any, cloud: Any) -> None:
    """SNS hands the header on."""
    topic = cloud.client("sns").create_topic(Name=unique("t"))["TopicArn"]
    permit(loop, "sns.amazonaws.com", topic)
    arn = loop.lambda_.get_function_configuration(FunctionName=loop.name)["FunctionArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    turn(loop, "sns", topic)
    loop.invoke({})
    until(lambda: dropped(cloud, loop))
    until(lambda: len(seen(loop)) >= TIMES)
    assert len(seen(loop)) == TIMES


def test_a_loop_through_a_bucket_is_stopped(loop: Any, cloud: Any) -> None:
    """S3 hands the header on."""
    s3, bucket = cloud.client("s3"), unique("loop")
    s3.create_bucket(Bucket=bucket)
    permit(loop, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}")
    arn = loop.lambda_.get_function_configuration(FunctionName=loop.name)["FunctionArn"]
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    turn(loop, "s3", bucket)
    s3.put_object(Bucket=bucket, Key="first", Body=b"")
    until(lambda: dropped(cloud, loop))
    until(lambda: len(seen(loop)) >= TIMES)
    assert len(s3.list_objects_v2(Bucket=bucket)["Contents"]) == TIMES + 1


def test_a_loop_through_a_queue_ends_in_its_dead_letter_queue(loop: Any, cloud: Any) -> None:
    """The message comes back until the redrive policy has enough of it, as on AWS."""
    letters = Queue(cloud)
    redrive = json.dumps({"deadLetterTargetArn": letters.arn, "maxReceiveCount": "2"})
    queue = Queue(cloud, VisibilityTimeout="60", RedrivePolicy=redrive)
    turn(loop, "sqs", queue.url)
    mapping = loop.lambda_.create_event_source_mapping(
        FunctionName=loop.name, EventSourceArn=queue.arn, BatchSize=1
    )["UUID"]
    until(lambda: loop.lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Enabled")
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="first")
    until(lambda: dropped(cloud, loop))
    advance(cloud, 61)
    advance(cloud, 61)
    assert letters.messages()[0]["Body"] == "again"
    assert len(seen(loop)) == TIMES
    loop.lambda_.delete_event_source_mapping(UUID=mapping)


def test_a_function_that_allows_it_goes_on(loop: Any, cloud: Any) -> None:
    """PutFunctionRecursionConfig Allow; Terminate stops it again."""
    loop.lambda_.put_function_recursion_config(FunctionName=loop.name, RecursiveLoop="Allow")
    turn(loop, "lambda", loop.name)
    loop.invoke({}, InvocationType="Event")
    until(lambda: len(seen(loop)) > TIMES + 4)
    loop.lambda_.put_function_recursion_config(FunctionName=loop.name, RecursiveLoop="Terminate")
    until(lambda: dropped(cloud, loop) == 1)


def test_destinations_that_go_in_circles_are_stopped(make: Any, cloud: Any) -> None:
    """A function whose results go to another one and come back."""
    one, other = (
        make(LOOP, Environment={"Variables": {"HOW": "", "WHERE": ""}}),
        make("def handler(e, c): return 1"),
    )
    for function, target in ((one, other), (other, one)):
        function.allow("lambda:InvokeFunction")
        arn = target.lambda_.get_function_configuration(FunctionName=target.name)["FunctionArn"]
        function.lambda_.put_function_event_invoke_config(
            FunctionName=function.name, DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
    one.invoke({}, InvocationType="Event")
    until(lambda: dropped(cloud, one) + dropped(cloud, other) == 1)
