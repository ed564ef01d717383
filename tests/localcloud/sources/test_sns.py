"""SNS, end to end: functions and queues as subscribers, filters, permissions, FIFO, dead letters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from push_world import RECORDER, Queue, advance, permit, seen, seen_by, unique, until

SNS = "sns.amazonaws.com"


@pytest.fixture(scope="module")
def sns(cloud: Any) -> Any:
    return cloud.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name=unique("topic"))["TopicArn"])


def subscribe(sns: Any, topic: str, target: Any, **attributes: str) -> str:
    """Subscribes a function or a queue with the permission that it needs."""
    if isinstance(target, Queue):
        target.allow(SNS, topic)
        protocol, endpoint = "sqs", target.arn
    else:
        permit(target, SNS, topic)
        found = target.lambda_.get_function_configuration(FunctionName=target.name)
        protocol, endpoint = "lambda", found["FunctionArn"]
    return str(
        sns.subscribe(
            TopicArn=topic,
            Protocol=protocol,
            Endpoint=endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
    )


def texts(queue: Queue, count: int) -> list[str]:
    """The messages in the envelopes that a queue got."""
    return [json.loads(message["Body"])["Message"] for message in queue.messages(count)]


def test_a_function_gets_the_event_of_a_notification(make: Any, sns: Any, topic: str) -> None:
    """Every field of AWS's event; a binary attribute comes as base64; no subject is null."""
    function = make(RECORDER)
    subscription = subscribe(sns, topic, function)
    sent = sns.publish(
        TopicArn=topic,
        Message="hello",
        Subject="greeting",
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "a"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    sns.publish(TopicArn=topic, Message="bare")
    first, second = sorted(
        seen_by(function, 2), key=lambda event: event["Records"][0]["Sns"]["Message"] == "bare"
    )
    (record,) = first["Records"]
    assert {name: record[name] for name in ("EventSource", "EventVersion", "EventSubscriptionArn")} == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
    }
    notification = record["Sns"]
    expected = "Type MessageId TopicArn Subject Message Timestamp SignatureVersion Signature SigningCertUrl"
    assert list(notification) == [*expected.split(), "UnsubscribeUrl", "MessageAttributes"]
    assert notification["MessageId"] == sent["MessageId"]
    assert (notification["Subject"], notification["Message"]) == ("greeting", "hello")
    assert notification["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "a"},
        "raw": {"Type": "Binary", "Value": "AAE="},
    }
    bare = second["Records"][0]["Sns"]
    assert (bare["Subject"], bare["MessageAttributes"]) == (None, {})


def test_a_function_that_fails_is_tried_again(make: Any, cloud: Any, sns: Any, topic: str) -> None:
    """The notification is an asynchronous invocation: two retries, on the lesson clock."""
    function = make(RECORDER)
    subscribe(sns, topic, function)
    sns.publish(TopicArn=topic, Message="FAIL")
    seen_by(function, 1)
    advance(cloud, 200)
    assert len(seen_by(function, 3)) == 3


def test_a_queue_gets_an_envelope_or_the_raw_message(cloud: Any, sns: Any, topic: str) -> None:
    """Raw messages keep their attributes; an envelope has them inside."""
    wrapped, raw = Queue(cloud), Queue(cloud)
    subscription = subscribe(sns, topic, wrapped)
    subscribe(sns, topic, raw, RawMessageDelivery="true")
    sns.publish(
        TopicArn=topic,
        Message="hello",
        Subject="s",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}},
    )
    envelope = json.loads(wrapped.messages()[0]["Body"])
    expected = "Type MessageId TopicArn Subject Message Timestamp SignatureVersion Signature SigningCertURL"
    assert list(envelope) == [*expected.split(), "UnsubscribeURL", "MessageAttributes"]
    assert envelope["MessageAttributes"] == {"n": {"Type": "Number", "Value": "7"}}
    assert subscription in envelope["UnsubscribeURL"]
    message = raw.messages()[0]
    assert message["Body"] == "hello"
    assert message["MessageAttributes"] == {"n": {"StringValue": "7", "DataType": "Number"}}


def test_each_protocol_may_have_a_text_of_its_own(make: Any, cloud: Any, sns: Any, topic: str) -> None:
    """MessageStructure json; without a default entry nothing is published."""
    function, queue = make(RECORDER), Queue(cloud)
    subscribe(sns, topic, function)
    subscribe(sns, topic, queue)
    bodies = json.dumps({"default": "for all", "lambda": "for functions"})
    sns.publish(TopicArn=topic, Message=bodies, MessageStructure="json")
    assert texts(queue, 1) == ["for all"]
    assert seen_by(function)[0]["Records"][0]["Sns"]["Message"] == "for functions"
    with pytest.raises(ClientError, match="No default entry in JSON message body"):
        sns.publish(TopicArn=topic, Message='{"sqs": "x"}', MessageStructure="json")


ORDER = {
    "price": {"DataType": "Number", "StringValue": "20"},
    "shop": {"DataType": "String", "StringValue": "a"},
}


@pytest.mark.parametrize(
    ("policy", "scope", "fits"),
    [
        ({"shop": ["a", "b"]}, "MessageAttributes", True),
        ({"shop": [{"anything-but": ["a"]}]}, "MessageAttributes", False),
        ({"price": [{"numeric": [">", 10, "<=", 20]}]}, "MessageAttributes", True),
        ({"colour": ["red", {"exists": False}]}, "MessageAttributes", True),
        ({"shop": [{"prefix": "b"}]}, "MessageAttributes", False),
        ({"item": {"name": [{"suffix": "one"}]}}, "MessageBody", True),
        ({"item": {"count": [{"numeric": ["<", 3]}]}}, "MessageBody", False),
    ],
)
def test_a_filter_policy_chooses(
    cloud: Any, sns: Any, topic: str, policy: dict[str, Any], scope: str, fits: bool
) -> None:
    """On attributes and on the body; an unfiltered message after it shows that it was not only late."""
    filtered, everything = Queue(cloud), Queue(cloud)
    subscribe(sns, topic, filtered, FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
    subscribe(sns, topic, everything)
    body = json.dumps({"item": {"name": "the one", "count": 5}})
    sns.publish(TopicArn=topic, Message=body, MessageAttributes=ORDER)
    texts(everything, 1)
    if fits:
        assert texts(filtered, 1) == [body]
    else:
        assert filtered.attribute("ApproximateNumberOfMessages") == "0"


def test_a_batch_says_of_each_entry_how_it_went(cloud: Any, sns: Any, topic: str) -> None:
    """One wrong entry does not hold up the others."""
    queue = Queue(cloud)
    subscribe(sns, topic, queue)
    answer = sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[
            {"Id": "a", "Message": "one"},
            {"Id": "b", "Message": "{}", "MessageStructure": "json"},
            {"Id": "c", "Message": "two"},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "c"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("b", "InvalidParameter")]
    assert sorted(texts(queue, 2)) == ["one", "two"]


def test_a_fifo_topic_keeps_the_order_and_drops_doubles(cloud: Any, sns: Any) -> None:
    """To a FIFO queue; the same deduplication id counts again after five minutes."""
    made = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name=unique("t") + ".fifo", Attributes=made)["TopicArn"]
    queue = Queue(cloud, unique("q") + ".fifo", FifoQueue="true")
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    wanted = [f"message {number}" for number in range(20)]
    numbers = [
        sns.publish(TopicArn=topic, Message=text, MessageGroupId="g")["SequenceNumber"] for text in wanted
    ]
    assert numbers == sorted(numbers)
    first = sns.publish(TopicArn=topic, Message=wanted[0], MessageGroupId="g")
    assert first["SequenceNumber"] == numbers[0]
    received = queue.messages(20)
    assert [message["Body"] for message in received] == wanted
    assert received[0]["Attributes"]["MessageGroupId"] == "g"
    advance(cloud, 301)
    sns.publish(TopicArn=topic, Message=wanted[0], MessageGroupId="g")
    assert queue.messages()[0]["Body"] == wanted[0]
    with pytest.raises(ClientError, match="FIFO topics deliver to SQS"):
        sns.subscribe(
            TopicArn=topic, Protocol="lambda", Endpoint="arn:aws:lambda:us-east-1:123456789012:function:f"
        )


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(
    make: Any, cloud: Any, sns: Any, topic: str
) -> None:
    """Not permitted, or gone: at once, in the form that a queue gets; the metric counts it."""
    function, letters = make(RECORDER), Queue(cloud)
    letters.allow(SNS, topic)
    redrive = json.dumps({"deadLetterTargetArn": letters.arn})
    closed = Queue(cloud)
    subscribe(sns, topic, closed, RedrivePolicy=redrive)
    closed.sqs.set_queue_attributes(QueueUrl=closed.url, Attributes={"Policy": ""})
    subscribe(sns, topic, function, RedrivePolicy=redrive)
    function.lambda_.delete_function(FunctionName=function.name)
    make._made.remove(function.name)
    sns.publish(TopicArn=topic, Message="lost?")
    assert texts(letters, 2) == ["lost?", "lost?"]
    statistics = cloud.client("cloudwatch").list_metrics(Namespace="AWS/SNS")["Metrics"]
    name = topic.rpartition(":")[2]
    counted = {one["MetricName"] for one in statistics if one["Dimensions"][0]["Value"] == name}
    assert {"NumberOfNotificationsFailed", "NumberOfNotificationsRedrivenToDlq"} <= counted


def test_without_permission_nobody_is_told(make: Any, cloud: Any, sns: Any, topic: str) -> None:
    """A queue whose policy names another topic and a function without a statement hear nothing."""
    function, closed, opened = make(RECORDER), Queue(cloud), Queue(cloud)
    closed.allow(SNS, topic + "-other")
    found = function.lambda_.get_function_configuration(FunctionName=function.name)["FunctionArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=closed.arn)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=found)
    subscribe(sns, topic, opened)
    sns.publish(TopicArn=topic, Message="m")
    texts(opened, 1)
    function.invoke("direct")
    assert seen_by(function) == ["direct"]
    assert closed.attribute("ApproximateNumberOfMessages") == "0"


def test_a_function_is_told_through_its_alias(make: Any, sns: Any, topic: str) -> None:
    """The permission hangs on the alias then, as on AWS."""
    function = make(RECORDER)
    lambda_ = function.lambda_
    version = lambda_.publish_version(FunctionName=function.name)["Version"]
    alias = lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)["AliasArn"]
    lambda_.add_permission(
        FunctionName=function.name,
        Qualifier="live",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal=SNS,
        SourceArn=topic,
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=alias)
    sns.publish(TopicArn=topic, Message="m")
    assert seen_by(function)[0]["Records"][0]["Sns"]["Message"] == "m"


def test_an_address_stays_pending(sns: Any, topic: str) -> None:
    """As on AWS until somebody follows the link in the mail; no mail leaves this machine."""
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    assert answer["SubscriptionArn"] == "pending confirmation"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "0")
    sns.publish(TopicArn=topic, Message="m")


QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "attributes", "message"),
    [
        ("carrier-pigeon", "x", {}, "does not support this protocol string"),
        ("sms", "+491701234567", {}, "not supported by the local cloud"),
        ("https", "https://example.com", {}, "not supported by the local cloud"),
        ("lambda", "arn:aws:lambda:us-east-1:123456789012:f", {}, "Lambda endpoint ARN"),
        ("sqs", "q", {}, "SQS endpoint ARN"),
        ("sqs", QUEUE, {"FilterPolicy": "no json"}, "failed to parse JSON"),
        ("sqs", QUEUE, {"FilterPolicy": '{"a": {"b": ["c"]}}'}, "does not support nested filter policy"),
        (
            "sqs",
            QUEUE,
            {"FilterPolicy": '{"a": [{"sounds-like": "b"}]}'},
            "Unrecognized match type sounds-like",
        ),
        (
            "sqs",
            QUEUE,
            {"RedrivePolicy": '{"deadLetterTargetArn": "x"}'},
            "deadLetterTargetArn is an invalid arn",
        ),
        ("sqs", QUEUE, {"DeliveryPolicy": "{}"}, "DeliveryPolicy"),
        ("sqs", QUEUE, {"Colour": "red"}, "AttributeName"),
    ],
)
def test_a_wrong_subscription_is_refused_as_a_whole(
    sns: Any, topic: str, protocol: str, endpoint: str, attributes: dict[str, str], message: str
) -> None:
    """With InvalidParameter; nothing half-made stays behind."""
    with pytest.raises(ClientError, match=message) as refused:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_what_would_have_no_effect_is_refused(sns: Any, topic: str) -> None:
    """Text messages, feedback roles, a topic that is not there, a policy that is none."""
    with pytest.raises(ClientError, match="no text message leaves this machine"):
        sns.publish(PhoneNumber="+491701234567", Message="m")
    with pytest.raises(ClientError, match="Topic does not exist"):
        sns.publish(TopicArn=topic + "x", Message="m")
    for call, options in (
        (sns.confirm_subscription, {"TopicArn": topic, "Token": "t"}),
        (sns.create_platform_application, {"Name": "n", "Platform": "GCM", "Attributes": {}}),
        (sns.create_topic, {"Name": "t", "DataProtectionPolicy": "{}"}),
    ):
        with pytest.raises(ClientError, match="not supported by the local cloud"):
            call(**options)
    for name, value in (
        ("LambdaSuccessFeedbackRoleArn", "arn:aws:iam::123456789012:role/r"),
        ("Policy", "{"),
    ):
        with pytest.raises(ClientError, match="Invalid parameter"):
            sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)


def test_all_events_are_accounted_for(make: Any, cloud: Any, sns: Any, topic: str) -> None:
    """Of 50 messages to a handler that fails at every tenth, each is handled or a dead letter."""
    function, letters = make(RECORDER), Queue(cloud)
    function.allow("sqs:SendMessage", letters.arn)
    subscribe(sns, topic, function)
    function.update(DeadLetterConfig={"TargetArn": letters.arn})
    names = [f"{number} FAIL" if number % 10 == 0 else str(number) for number in range(50)]
    for start in range(0, 50, 10):
        sns.publish_batch(
            TopicArn=topic,
            PublishBatchRequestEntries=[
                {"Id": str(number), "Message": names[number]} for number in range(start, start + 10)
            ],
        )

    def handled() -> set[str]:
        return {event["Records"][0]["Sns"]["Message"] for event in seen(function)}

    until(lambda: handled() == set(names))
    advance(cloud, 200)
    given_up = {json.loads(one["Body"])["Records"][0]["Sns"]["Message"] for one in letters.messages(5)}
    assert given_up == {name for name in names if "FAIL" in name}
