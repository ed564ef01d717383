"""EventBridge rules on patterns: what reaches which target, who permits it, what becomes of what fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from event_world import (
    NOTES,
    Queue,
    advance,
    arn_of,
    client,
    document,
    metric,
    name,
    permit,
    queue,
    received,
    role,
)

EVENTS = "events.amazonaws.com"


class Rules:
    """Rules of one test, each on a source of its own."""

    def __init__(self, cloud: Any) -> None:
        self.cloud, self.events = cloud, client(cloud, "events")
        self._made: list[tuple[str, str]] = []

    def __call__(
        self, *targets: dict[str, Any], bus: str = "default", **pattern: Any
    ) -> tuple[str, str, str]:
        """(name, ARN, source) of a new rule with these targets."""
        rule = name("rule")
        asked = {"source": [rule], **pattern}
        arn = self.events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(asked))["RuleArn"]
        self._made.append((rule, bus))
        if targets:
            self.put(rule, *targets, bus=bus)
        return rule, arn, rule

    def put(self, rule: str, *targets: dict[str, Any], bus: str = "default") -> None:
        numbered = [{"Id": str(place), **target} for place, target in enumerate(targets, 1)]
        answer = self.events.put_targets(Rule=rule, EventBusName=bus, Targets=numbered)
        assert answer["FailedEntryCount"] == 0

    def send(self, source: str, detail: Any = None, **more: Any) -> str:
        entry = {"Source": source, "DetailType": "test", "Detail": json.dumps(detail or {}), **more}
        [answer] = self.events.put_events(Entries=[entry])["Entries"]
        return str(answer["EventId"])


@pytest.fixture
def rules(cloud: Any) -> Iterator[Rules]:
    yield Rules(cloud)


@pytest.fixture(scope="module")
def function(make: Any) -> Any:
    return make(NOTES)


def test_a_matching_event_reaches_the_function_as_aws_shapes_it(rules: Rules, function: Any) -> None:
    """The envelope, in AWS's order; only what matches; only with the permission of the rule."""
    rule, arn, source = rules({"Arn": arn_of(function)}, detail={"amount": [{"numeric": [">", 10]}]})
    permit(function, EVENTS, arn)
    before = len(received(function))
    rules.send(source, {"amount": 10})
    sent = rules.send(source, {"amount": 11, "text": "é"}, Resources=["arn:x"], Time=1_700_000_000)
    [event] = received(function)[before:]
    assert list(event.items()) == [
        ("version", "0"),
        ("id", sent),
        ("detail-type", "test"),
        ("source", source),
        ("account", rules.cloud.account_id),
        ("time", "2023-11-14T22:13:20Z"),
        ("region", rules.cloud.region),
        ("resources", ["arn:x"]),
        ("detail", {"amount": 11, "text": "é"}),
    ]
    counted = {
        each: metric(rules.cloud, "AWS/Events", each, RuleName=rule)
        for each in ("MatchedEvents", "TriggeredRules", "Invocations", "FailedInvocations")
    }
    assert counted == {"MatchedEvents": 1, "TriggeredRules": 1, "Invocations": 1, "FailedInvocations": 0}


def test_without_permission_the_event_goes_to_the_dead_letter_queue(rules: Rules, function: Any) -> None:
    """At once: trying again is no use. The letter says why."""
    letters = queue(rules.cloud, EVENTS)
    target = {"Arn": arn_of(function), "DeadLetterConfig": {"Arn": letters.arn}}
    rule, arn, source = rules(target)
    before = len(received(function))
    rules.send(source, {"a": 1})
    [letter] = letters.messages()
    assert json.loads(letter["Body"])["detail"] == {"a": 1}
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE").startswith(f"User: {EVENTS} is not authorized to perform: lambda:")
    assert attributes == {
        "RULE_ARN": arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": "AccessDeniedException",
        "RETRY_ATTEMPTS": "0",
    }
    assert received(function)[before:] == []
    assert metric(rules.cloud, "AWS/Events", "FailedInvocations", RuleName=rule) == 1
    assert metric(rules.cloud, "AWS/Events", "InvocationsSentToDlq", RuleName=rule) == 1


def test_a_deleted_function_and_a_closed_dead_letter_queue_are_counted(rules: Rules, make: Any) -> None:
    """Nothing raises; the metrics tell."""
    gone = make(NOTES)
    target = {"Arn": arn_of(gone), "DeadLetterConfig": {"Arn": queue(rules.cloud, None).arn}}
    rule, arn, source = rules(target)
    permit(gone, EVENTS, arn)
    gone.lambda_.delete_function(FunctionName=gone.name)
    rules.send(source)
    assert metric(rules.cloud, "AWS/Events", "FailedInvocations", RuleName=rule) == 1
    assert metric(rules.cloud, "AWS/Events", "InvocationsFailedToBeSentToDlq", RuleName=rule) == 1


def test_a_failing_handler_is_tried_again_by_lambda(rules: Rules, make: Any) -> None:
    """EventBridge has delivered when Lambda has taken the event; its two retries are Lambda's."""
    failing = make("def handler(event, context):\n    print('GOT 1')\n    raise ValueError('no')\n")
    rule, arn, source = rules({"Arn": arn_of(failing)})
    permit(failing, EVENTS, arn)
    rules.send(source)
    advance(rules.cloud, 200)
    assert len(received(failing)) == 3
    assert metric(rules.cloud, "AWS/Events", "Invocations", RuleName=rule) == 1


def _fifo(rules: Rules) -> tuple[Queue, dict[str, Any]]:
    to = queue(rules.cloud, EVENTS, fifo=True)
    return to, {"Arn": to.arn, "SqsParameters": {"MessageGroupId": "g"}}


def _topic(rules: Rules) -> tuple[Queue, dict[str, Any]]:
    sns, to = client(rules.cloud, "sns"), queue(rules.cloud, "sns.amazonaws.com")
    arn = sns.create_topic(Name=name("topic"))["TopicArn"]
    policy = document({"Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": arn})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=to.arn, Attributes={"RawMessageDelivery": "true"})
    return to, {"Arn": arn}


def _bus(rules: Rules) -> tuple[Queue, dict[str, Any]]:
    to, bus = queue(rules.cloud, EVENTS), name("bus")
    arn = rules.events.create_event_bus(Name=bus)["EventBusArn"]
    rules.events.put_rule(Name="all", EventBusName=bus, EventPattern='{"account": [{"prefix": ""}]}')
    rules.put("all", {"Arn": to.arn}, bus=bus)
    return to, {"Arn": arn, "RoleArn": role(rules.cloud, EVENTS, ("events:PutEvents", arn))}


@pytest.mark.parametrize("kind", [_fifo, _topic, _bus])
def test_other_targets_receive_the_event(rules: Rules, kind: Any) -> None:
    """Through the target's own policy, or the role that the target names."""
    to, target = kind(rules)
    _, _, source = rules(target)
    sent = rules.send(source, {"a": 1})
    [event] = to.bodies()
    assert (event["id"], event["source"], event["detail"]) == (sent, source, {"a": 1})


def test_a_log_group_receives_the_event_when_the_resource_policy_lets_it(rules: Rules) -> None:
    """As one log event; without the policy it fails."""
    logs, group = client(rules.cloud, "logs"), name("/aws/events/x")
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{rules.cloud.region}:{rules.cloud.account_id}:log-group:{group}"
    rule, _, source = rules({"Arn": arn})
    rules.send(source, {"n": 1})
    assert metric(rules.cloud, "AWS/Events", "FailedInvocations", RuleName=rule) == 1
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    policy = document({"Principal": {"Service": EVENTS}, "Action": actions, "Resource": f"{arn}:*"})
    logs.put_resource_policy(policyName=group.replace("/", "-"), policyDocument=policy)
    rules.send(source, {"n": 2})
    advance(rules.cloud)
    [event] = logs.filter_log_events(logGroupName=group)["events"]
    assert json.loads(event["message"])["detail"] == {"n": 2}


def test_a_stream_receives_the_event_with_the_targets_role(rules: Rules) -> None:
    """The partition key is the event's id, or what the path names."""
    kinesis, stream = client(rules.cloud, "kinesis"), name("stream")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    arn = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    target = {"Arn": arn, "RoleArn": role(rules.cloud, EVENTS, ("kinesis:PutRecord", arn))}
    _, _, source = rules({**target, "KinesisParameters": {"PartitionKeyPath": "$.detail.who"}})
    rules.send(source, {"who": "me"})
    advance(rules.cloud)
    begin = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    place = kinesis.get_shard_iterator(StreamName=stream, **begin)["ShardIterator"]
    [record] = kinesis.get_records(ShardIterator=place)["Records"]
    assert record["PartitionKey"] == "me" and json.loads(record["Data"])["source"] == source


def test_a_role_that_may_not_is_a_failed_invocation(rules: Rules) -> None:
    """A role that EventBridge may assume but that allows nothing."""
    _, target = _bus(rules)
    rule, _, source = rules({**target, "RoleArn": role(rules.cloud, EVENTS)})
    rules.send(source)
    assert metric(rules.cloud, "AWS/Events", "FailedInvocations", RuleName=rule) == 1


def test_targets_may_receive_a_part_a_constant_or_a_text_made_of_the_event(rules: Rules) -> None:
    """Input, InputPath, InputTransformer, on one rule."""
    queues = [queue(rules.cloud, EVENTS) for _ in range(3)]
    inputs: list[dict[str, Any]] = [
        {"Input": '{"k": [1]}'},
        {"InputPath": "$.detail"},
        {
            "InputTransformer": {
                "InputPathsMap": {"who": "$.detail.who"},
                "InputTemplate": '"<who> on <aws.events.rule-name>"',
            }
        },
    ]
    rule, _, source = rules(*({"Arn": to.arn, **given} for to, given in zip(queues, inputs, strict=True)))
    rules.send(source, {"who": "Ann"})
    assert [to.bodies() for to in queues] == [[{"k": [1]}], [{"who": "Ann"}], [f"Ann on {rule}"]]


def test_disabled_changed_removed_and_deleted_rules_do_nothing(rules: Rules) -> None:
    """Each takes effect for the next event."""
    to = queue(rules.cloud, EVENTS)
    rule, _, source = rules({"Arn": to.arn})
    rules.events.disable_rule(Name=rule)
    rules.send(source, {"n": 1})
    rules.events.enable_rule(Name=rule)
    rules.send(source, {"n": 2})
    rules.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source], "detail": {"n": [4]}}))
    rules.send(source, {"n": 3})
    rules.send(source, {"n": 4})
    assert [event["detail"]["n"] for event in to.bodies()] == [2, 4]
    with pytest.raises(ClientError, match="Rule can't be deleted since it has targets"):
        rules.events.delete_rule(Name=rule)
    rules.events.remove_targets(Rule=rule, Ids=["1"])
    rules.send(source, {"n": 4})
    rules.events.delete_rule(Name=rule)
    rules.send(source, {"n": 4})
    assert to.messages() == []


def test_entries_are_refused_one_by_one(rules: Rules) -> None:
    """The others are taken; what names no bus that exists is lost, as on AWS."""
    good = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    entries: list[dict[str, Any]] = [
        good,
        {**good, "Source": ""},
        {**good, "Detail": "{"},
        {**good, "Detail": "[]"},
        {**good, "Source": "aws.s3"},
        {**good, "EventBusName": "no-such-bus"},
    ]
    answer = rules.events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 4
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None, "InvalidArgument", "MalformedDetail", "MalformedDetail", "NotAuthorizedForSource", None,
    ]  # fmt: skip
    with pytest.raises(ClientError, match="Total size of the entries in the request is over the limit"):
        rules.events.put_events(Entries=[{**good, "Detail": json.dumps({"x": "y" * 1_048_576})}])
    with pytest.raises(ClientError, match="Member must have length less than or equal to 10"):
        rules.events.put_events(Entries=[good] * 11)


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
PATTERN, INVALID, ANY = "InvalidEventPatternException", "ValidationException", '{"a": ["b"]}'
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/b"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "nonsense"}, "nonsense is not valid. Reason: Provided Arn is not in correct format"),
        ({"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/c"}, "is not supported by the local cloud"),
        ({"Arn": FUNCTION.replace("us-east-1", "eu-west-1")}, "not in the Region of the rule"),
        ({"Arn": MACHINE}, f"RoleArn is required for target {MACHINE}"),
        ({"Arn": QUEUE + ".fifo"}, r"Parameter\(s\) SqsParameters must be specified for target: 1"),
        ({"Arn": FUNCTION, "SqsParameters": {"MessageGroupId": "g"}}, "SqsParameters not valid"),
        ({"Arn": FUNCTION, "Input": "{"}, "JSON syntax error in input for target 1"),
        ({"Arn": FUNCTION, "Input": "{}", "InputPath": "$.detail"}, "Only one of Input, InputPath"),
        ({"Arn": FUNCTION, "InputPath": "detail"}, "Invalid InputPath for target 1"),
        ({"Arn": FUNCTION, "InputTransformer": {"InputTemplate": '{"a": <b>}'}}, "placeholder b"),
        ({"Arn": FUNCTION, "InputTransformer": {"InputTemplate": '{"a" 1}'}}, "Invalid InputTemplate"),
        ({"Arn": BUS, "Input": "{}"}, "The input of the target 1 is not supported"),
        ({"Arn": FUNCTION, "RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185"),
        ({"Arn": FUNCTION, "DeadLetterConfig": {"Arn": FUNCTION}}, "must be a standard SQS queue"),
        ({"Arn": FUNCTION, "HttpParameters": {"PathParameterValues": ["x"]}}, "HttpParameters is not"),
    ],
)
def test_a_bad_target_is_refused_and_nothing_is_kept(
    rules: Rules, target: dict[str, Any], message: str
) -> None:
    """ValidationException, by name."""
    rule, _, _ = rules()
    with pytest.raises(ClientError, match=message) as refusal:
        rules.put(rule, {"Arn": QUEUE}, target | {"Id": "1"})
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert rules.events.list_targets_by_rule(Rule=rule)["Targets"] == []


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"EventPattern": "{"}, PATTERN, "is not valid. Reason: Invalid JSON"),
        ({"EventPattern": '{"source": "x"}'}, PATTERN, "must be an object or an array"),
        ({"EventPattern": '{"source": []}'}, PATTERN, "Empty arrays"),
        ({"EventPattern": '{"a": [{"sufix": "x"}]}'}, PATTERN, "Unrecognized match type sufix"),
        ({}, INVALID, "EventPattern or ScheduleExpression must be specified"),
        ({"ScheduleExpression": "rate(1 minutes)"}, INVALID, "Parameter ScheduleExpression is not valid."),
        ({"ScheduleExpression": "cron(0 20 * * * *)"}, INVALID, "Parameter ScheduleExpression is not valid."),
        (
            {"ScheduleExpression": "rate(1 day)", "EventBusName": "no"},
            INVALID,
            "only on the default event bus",
        ),
        ({"EventPattern": ANY, "EventBusName": "no"}, "ResourceNotFoundException", "bus no does not exist"),
        ({"EventPattern": ANY, "Name": "a/b"}, INVALID, "regular expression pattern"),
        ({"EventPattern": ANY, "State": "ON"}, INVALID, "enum value set"),
    ],
)
def test_a_bad_rule_is_refused(rules: Rules, options: dict[str, Any], code: str, message: str) -> None:
    """With AWS's names; the rule is not made."""
    rule = options.pop("Name", name("bad"))
    with pytest.raises(ClientError, match=message) as refusal:
        rules.events.put_rule(Name=rule, **options)
    assert refusal.value.response["Error"]["Code"] == code
    assert rule not in [made["Name"] for made in rules.events.list_rules()["Rules"]]


def test_what_would_have_no_effect_is_refused_by_name(rules: Rules) -> None:
    """API destinations, partner sources, keys of buses."""
    with pytest.raises(ClientError, match="CreateConnection is not supported by the local cloud"):
        rules.events.create_connection(Name="c", AuthorizationType="BASIC", AuthParameters={})
    with pytest.raises(ClientError, match="KmsKeyIdentifier of CreateEventBus is not supported"):
        rules.events.create_event_bus(Name=name("bus"), KmsKeyIdentifier="k")
    rule, _, _ = rules()
    with pytest.raises(ClientError) as refusal:
        rules.put(rule, *({"Arn": QUEUE} for _ in range(6)))
    assert refusal.value.response["Error"]["Code"] == "LimitExceededException"


def test_a_pattern_can_be_tried(rules: Rules) -> None:
    """TestEventPattern answers; an event that is none and a pattern that is none are refused."""
    texts = dict.fromkeys(("id", "account", "source", "time", "region", "detail-type"), "x")
    event = {**texts, "resources": [], "detail": {"a": {"b": "xyz"}}}

    def test(pattern: Any, given: Any = event) -> bool:
        answer = rules.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(given))
        return bool(answer["Result"])

    assert test({"detail": {"a": {"b": [{"prefix": "xy"}]}}})
    assert not test({"detail": {"a": {"b": [{"anything-but": {"suffix": "z"}}]}}})
    with pytest.raises(ClientError, match="Parameter Event is not valid"):
        test({"source": ["s"]}, {"source": "s"})
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        test({"source": "s"})


def test_an_archive_keeps_events_and_a_replay_sends_them_again(rules: Rules) -> None:
    """Those that match, of the asked time, with the replay's name; they are not kept twice."""
    bus, archive, to = name("bus"), name("archive"), queue(rules.cloud, EVENTS)
    arn = rules.events.create_event_bus(Name=bus)["EventBusArn"]
    _, _, source = rules({"Arn": to.arn}, bus=bus)
    pattern = json.dumps({"detail": {"keep": [True]}})
    rules.events.create_archive(ArchiveName=archive, EventSourceArn=arn, EventPattern=pattern)
    for detail in ({"keep": True, "n": 1}, {"keep": False, "n": 2}):
        rules.send(source, detail, EventBusName=bus)
    assert len(to.messages()) == 2
    described = rules.events.describe_archive(ArchiveName=archive)
    now = advance(rules.cloud)
    rules.events.start_replay(
        ReplayName="again",
        EventSourceArn=described["ArchiveArn"],
        EventStartTime=now.timestamp() - 3600,
        EventEndTime=now.timestamp() + 3600,
        Destination={"Arn": arn},
    )
    [event] = to.bodies()
    assert (event["detail"]["n"], event["replay-name"]) == (1, "again")
    assert rules.events.describe_replay(ReplayName="again")["State"] == "COMPLETED"
    assert rules.events.describe_archive(ArchiveName=archive)["EventCount"] == 1
