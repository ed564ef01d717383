"""Event source mappings of queues, through boto3 against the running cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poll_world import RECORDER, SQS_ROLE, Mapped, seen, seen_by
from push_world import Queue, advance, unique, until

from tests.localcloud.conftest import BASIC, Functions

BOTH = (BASIC, SQS_ROLE)
REPORTER = """
import json, time
def handler(event, context):
    print("EVENT " + json.dumps([time.time_ns(), event]))
    bad = [r["messageId"] for r in event["Records"] if "FAIL" in r["body"]]
    answer = {"batchItemFailures": [{"itemIdentifier": i} for i in bad]}
    if any("NONSENSE" in r["body"] for r in event["Records"]):
        answer = {"batchItemFailures": [{"itemIdentifier": "who knows"}]}
    return answer
"""


def bodies(function: Any) -> list[list[str]]:
    """The bodies of each batch that a recorder was invoked with."""
    return [[record["body"] for record in event["Records"]] for event in seen(function)]


def left(queue: Queue) -> int:
    return int(queue.attribute("ApproximateNumberOfMessages")) + int(
        queue.attribute("ApproximateNumberOfMessagesNotVisible")
    )


def test_messages_arrive_with_all_their_attributes_and_are_deleted(make: Functions, cloud: Any) -> None:
    """The event of AWS: names, types and order; a message that was processed is gone."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud)
    Mapped(function, queue.arn)
    sent = queue.sqs.send_message(
        QueueUrl=queue.url,
        MessageBody="hello",
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "greeting"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x01\x02"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5-a"}},
    )
    (event,) = seen_by(function)
    (record,) = event["Records"]
    assert list(record)[:5] == ["messageId", "receiptHandle", "body", "attributes", "messageAttributes"]
    assert record["messageId"] == sent["MessageId"] and record["body"] == "hello"
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["eventSource"] == "aws:sqs" and record["awsRegion"] == cloud.region
    assert record["eventSourceARN"] == queue.arn
    attributes = record["attributes"]
    assert attributes["ApproximateReceiveCount"] == "1" and attributes["AWSTraceHeader"] == "Root=1-5-a"
    assert set(attributes) == {
        "ApproximateReceiveCount", "AWSTraceHeader", "SentTimestamp", "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }  # fmt: skip
    assert record["messageAttributes"] == {
        "kind": {
            "stringValue": "greeting", "stringListValues": [], "binaryListValues": [], "dataType": "String"
        },
        "raw": {
            "binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"
        },
    }  # fmt: skip
    until(lambda: left(queue) == 0)


def test_a_window_gathers_a_batch_on_the_lesson_clock(make: Functions, cloud: Any) -> None:
    """Ten thousand may be gathered; the batch goes when the window is over."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud, VisibilityTimeout="600")
    Mapped(function, queue.arn, BatchSize=1000, MaximumBatchingWindowInSeconds=200)
    for number in range(15):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=str(number))
    until(lambda: queue.attribute("ApproximateNumberOfMessagesNotVisible") == "15")
    assert seen(function) == []
    advance(cloud, 201)
    seen_by(function)
    assert sorted(bodies(function)[0], key=int) == [str(number) for number in range(15)]


def test_a_batch_has_no_more_messages_than_its_size(make: Functions, cloud: Any) -> None:
    """A backlog is worked off in batches of at most BatchSize."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud)
    for number in range(7):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=str(number))
    Mapped(function, queue.arn, BatchSize=3)
    until(lambda: sum(map(len, bodies(function))) == 7)
    assert max(map(len, bodies(function))) == 3


def test_a_failed_batch_comes_again_when_it_is_visible_and_ends_in_the_dlq(
    make: Functions, cloud: Any
) -> None:
    """Each attempt waits for the queue's visibility timeout; the redrive policy ends it."""
    function, dead = make(RECORDER, policies=BOTH), Queue(cloud)
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2})
    queue = Queue(cloud, VisibilityTimeout="60", RedrivePolicy=redrive)
    mapping = Mapped(function, queue.arn)
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="FAIL")
    seen_by(function, 1)
    mapping.result("PROBLEM: Function call failed")
    assert left(dead) == 0
    advance(cloud, 61)
    seen_by(function, 2)
    counts = [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in seen(function)]
    assert counts == ["1", "2"]
    until(lambda: mapping.get()["State"] == "Enabled")
    advance(cloud, 61)
    (message,) = dead.messages()
    assert message["Body"] == "FAIL" and len(seen(function)) == 2
    assert left(queue) == 0


def test_only_reported_messages_come_again(make: Functions, cloud: Any) -> None:
    """ReportBatchItemFailures: the others are deleted; an unknown identifier fails the whole batch."""
    function, queue = make(REPORTER, policies=BOTH), Queue(cloud, VisibilityTimeout="60")
    Mapped(function, queue.arn, Enabled=False, FunctionResponseTypes=["ReportBatchItemFailures"]).update(
        Enabled=True
    )
    for body in ("a FAIL", "b", "c"):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)
    until(lambda: left(queue) == 1)
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="d NONSENSE")
    until(lambda: any("d NONSENSE" in batch for batch in bodies(function)))
    assert left(queue) == 2


def test_filters_let_through_what_fits_and_delete_the_rest(make: Functions, cloud: Any) -> None:
    """JSON bodies are matched as JSON; text is kept out by a JSON pattern."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud)
    pattern = json.dumps({"body": {"city": [{"prefix": "To"}], "n": [{"numeric": [">", 3]}]}})
    Mapped(function, queue.arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    for body in ('{"city": "Kyoto", "n": 5}', '{"city": "Tokyo", "n": 1}', "Tokyo", '{"city":"Tokyo","n":5}'):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)
    seen_by(function)
    until(lambda: left(queue) == 0)
    assert bodies(function) == [['{"city":"Tokyo","n":5}']]


def test_fifo_groups_keep_their_order_and_a_failure_holds_its_group(make: Functions, cloud: Any) -> None:
    """What follows a failed message of its group waits for it; other groups go on."""
    function = make(RECORDER, policies=BOTH)
    name = unique("q") + ".fifo"
    queue = Queue(cloud, name, FifoQueue="true", VisibilityTimeout="60", ContentBasedDeduplication="true")
    Mapped(function, queue.arn, BatchSize=1)

    def send(body: str, group: str) -> None:
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body, MessageGroupId=group)

    send("a1 FAIL", "a")
    seen_by(function)
    for number in range(2, 5):
        send(f"a{number}", "a")
        send(f"b{number}", "b")
    seen_by(function, 4)
    assert bodies(function) == [["a1 FAIL"], ["b2"], ["b3"], ["b4"]]
    advance(cloud, 61)
    seen_by(function, 5)
    assert bodies(function)[4:] == [["a1 FAIL"]]
    attributes = seen(function)[0]["Records"][0]["attributes"]
    assert attributes["MessageGroupId"] == "a" and len(attributes["SequenceNumber"]) == 20


def test_a_deduplication_id_counts_for_five_minutes_also_after_deletion(make: Functions, cloud: Any) -> None:
    """The second message of that id is accepted and never delivered; five minutes later it is a new one."""
    function = make(RECORDER, policies=BOTH)
    queue = Queue(cloud, unique("q") + ".fifo", FifoQueue="true")
    Mapped(function, queue.arn)

    def send(body: str) -> None:
        queue.sqs.send_message(
            QueueUrl=queue.url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="d"
        )

    send("first")
    until(lambda: seen(function) and left(queue) == 0)
    send("again")
    assert left(queue) == 0
    advance(cloud, 301)
    send("later")
    seen_by(function, 2)
    assert bodies(function) == [["first"], ["later"]]


def test_a_batch_closes_at_six_megabytes(make: Functions, cloud: Any) -> None:
    """A full event goes at once, whatever the window; it is smaller than an invocation may be."""
    count = "def handler(event, context): print('EVENT', [0, len(event['Records'])])"
    function, queue = make(count, policies=BOTH), Queue(cloud, VisibilityTimeout="600")
    Mapped(function, queue.arn, BatchSize=100, MaximumBatchingWindowInSeconds=300)
    for _ in range(28):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody="x" * 250_000)
    seen_by(function)
    assert seen(function) == [25]


def test_a_throttled_function_gets_the_same_batch_when_there_is_capacity(make: Functions, cloud: Any) -> None:
    """Throttles are retried without a new receive; they are no errors of the function."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud, VisibilityTimeout="300")
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    mapping = Mapped(function, queue.arn)
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="patience")
    mapping.result("Rate Exceeded")
    function.lambda_.delete_function_concurrency(FunctionName=function.name)
    advance(cloud, 10)
    (event,) = seen_by(function)
    assert event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"
    mapping.result("OK")


def test_the_role_is_asked_again_while_the_mapping_runs(make: Functions, cloud: Any) -> None:
    """A permission that is taken away stops the poller, and shows; given back, it goes on."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud)
    mapping, iam = Mapped(function, queue.arn), cloud.client("iam")
    role = function.role_arn.split("/")[-1]
    iam.detach_role_policy(RoleName=role, PolicyArn=SQS_ROLE)
    advance(cloud, 0)

    def denied() -> bool:
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody="for whom?")
        return "sqs:ReceiveMessage" in mapping.get().get("LastProcessingResult", "")

    until(denied)
    before = len(seen(function))
    iam.attach_role_policy(RoleName=role, PolicyArn=SQS_ROLE)
    advance(cloud, 60)
    seen_by(function, before + 1)


def test_disabled_mappings_leave_messages_where_they_are(make: Functions, cloud: Any) -> None:
    """Enabled False stops reading, True goes on; the states follow."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud)
    mapping = Mapped(function, queue.arn)
    assert mapping.update(Enabled=False)["State"] == "Disabling"
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="later")
    assert left(queue) == 1 and mapping.get()["State"] == "Disabled"
    assert mapping.update(Enabled=True)["State"] == "Enabling"
    seen_by(function)
    until(lambda: left(queue) == 0)


def test_deleted_mappings_and_functions_and_queues(make: Functions, cloud: Any) -> None:
    """A deleted mapping reads no more; without function or queue the mapping says so and rests."""
    function, queue = make(RECORDER, policies=BOTH), Queue(cloud)
    Mapped(function, queue.arn).delete()
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="nobody")
    assert left(queue) == 1
    again = Mapped(function, queue.arn)
    seen_by(function)
    queue.sqs.delete_queue(QueueUrl=queue.url)
    again.result("does not exist")
    other = Queue(cloud)
    mapping = Mapped(function, other.arn)
    function.lambda_.delete_function(FunctionName=function.name)
    mapping.result("Function not found")
    make._made.remove(function.name)
    mapping.delete()


def test_concurrency_stays_below_the_maximum(make: Functions, cloud: Any) -> None:
    """MaximumConcurrency 2: never more than two at once, counted by the function's own metric."""
    slow = "import time\ndef handler(event, context):\n    time.sleep(0.2)\n    print('EVENT 0')\n"
    function, queue = make(slow, policies=BOTH), Queue(cloud)
    for number in range(8):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=str(number))
    Mapped(function, queue.arn, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    until(lambda: left(queue) == 0)
    streams = cloud.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{function.name}")
    assert 1 <= len(streams["logStreams"]) <= 2


def test_an_unreadable_queue_is_refused_when_the_mapping_is_made(make: Functions, cloud: Any) -> None:
    """The role, the queue and its visibility timeout are looked at first; nothing is left behind."""
    function, queue = make(RECORDER), Queue(cloud)
    lambda_ = function.lambda_

    def refusal(arn: str, **settings: Any) -> str:
        with pytest.raises(ClientError) as caught:
            lambda_.create_event_source_mapping(FunctionName=function.name, EventSourceArn=arn, **settings)
        return str(caught.value)

    denied = "The function execution role does not have permissions to call ReceiveMessage on SQS"
    assert denied in refusal(queue.arn)
    function.allow("sqs:*")
    assert "AWS.SimpleQueueService.NonExistentQueue" in refusal(queue.arn + "x")
    short = Queue(cloud, VisibilityTimeout="5")
    message = "Queue visibility timeout: 5 seconds is less than Function timeout: 10 seconds"
    assert message in refusal(short.arn)
    assert lambda_.list_event_source_mappings(FunctionName=function.name)["EventSourceMappings"] == []
    first = Mapped(function, queue.arn)
    conflict = refusal(queue.arn)
    assert "ResourceConflictException" in conflict and first.uuid in conflict
