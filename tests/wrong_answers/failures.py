"""Answers to exercises 05.1 and 05.2: a dead-letter queue and an on-failure destination."""

from __future__ import annotations

from typing import Any

from tests.wrong_answers.monitor_world import FAILS, order_prints, queue, send, with_table
from tests.wrong_answers.world import World, allow, right, wrong

RULES = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 3600}


def with_queue(world: World, base: str, action: str = "sqs:SendMessage", on: str = "") -> tuple[str, str]:
    """A failing function whose role may send to a queue: its name, and the queue's ARN."""
    _, arn = queue(world, base)
    return order_prints(world, FAILS, allow(action, on or arn)), arn


def events(world: World, name: str, **settings: Any) -> None:
    world.client("lambda").put_function_event_invoke_config(FunctionName=name, **settings)


def to(arn: str, kind: str = "OnFailure") -> dict[str, Any]:
    return {"DestinationConfig": {kind: {"Destination": arn}}}


@wrong("05.1", "nothing is configured", "has no dead-letter queue")
def _(world: World) -> None:
    order_prints(world, FAILS)


@wrong("05.1", "the role may do everything with every queue", r"allows sqs:\* on \*")
def _(world: World) -> None:
    name, arn = with_queue(world, "dead-letters", "sqs:*", "*")
    world.configure(name, DeadLetterConfig={"TargetArn": arn})


@wrong("05.1", "nothing has failed yet", "is set, and empty")
def _(world: World) -> None:
    name, arn = with_queue(world, "dead-letters")
    world.configure(name, DeadLetterConfig={"TargetArn": arn})


@wrong("05.1", "a letter written by hand", "none of them from Lambda")
def _(world: World) -> None:
    name, arn = with_queue(world, "dead-letters")
    world.configure(name, DeadLetterConfig={"TargetArn": arn})
    sqs = world.client("sqs")
    url = sqs.get_queue_url(QueueName=world.name("dead-letters"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"order_id": "poison"}')


@wrong("05.1", "the permission is taken away again", "may not do sqs:SendMessage")
def _(world: World) -> None:
    name, arn = with_queue(world, "dead-letters")
    world.configure(name, DeadLetterConfig={"TargetArn": arn})
    world.client("iam").delete_role_policy(RoleName=world.name("order-prints-role"), PolicyName="own-0")


@right("05.1", "as the solution has it", "has 1 dead letters; the last one failed with: nobody can print")
def _(world: World) -> None:
    name, arn = with_queue(world, "dead-letters")
    world.configure(name, DeadLetterConfig={"TargetArn": arn})
    send(world, name)


@right("05.1", "a topic in place of the queue, and another function name", "tells the topic")
def _(world: World) -> None:
    topic = world.client("sns").create_topic(Name=world.name("dead"))["TopicArn"]
    name = order_prints(world, FAILS, allow("sns:Publish", topic))
    world.configure(name, DeadLetterConfig={"TargetArn": topic})


@wrong("05.2", "a dead-letter queue only", "has no settings for asynchronous invocations")
def _(world: World) -> None:
    name, arn = with_queue(world, "dead-letters")
    world.configure(name, DeadLetterConfig={"TargetArn": arn})


@wrong("05.2", "the destination hears of successes", "it hears of what went well")
def _(world: World) -> None:
    name, arn = with_queue(world, "failed-orders")
    events(world, name, **RULES, **to(arn, "OnSuccess"))


@wrong("05.2", "retries and age are left out", "2 retries and an age of 21600 s")
def _(world: World) -> None:
    name, arn = with_queue(world, "failed-orders")
    events(world, name, **to(arn))


@wrong("05.2", "rules without a destination", "has no destination")
def _(world: World) -> None:
    events(world, with_queue(world, "failed-orders")[0], **RULES)


@wrong("05.2", "set for a version only", "only 1 has such a setting")
def _(world: World) -> None:
    name, arn = with_queue(world, "failed-orders")
    world.client("lambda").publish_version(FunctionName=name)
    events(world, name, Qualifier="1", **RULES, **to(arn))


@wrong("05.2", "nothing has failed yet", "has no record of")
def _(world: World) -> None:
    _, arn = queue(world, "failed-orders")
    name = with_table(world, FAILS, allow("sqs:SendMessage", arn))
    events(world, name, **RULES, **to(arn))


@right("05.2", "as the solution has it", "RetriesExhausted after 2 attempts, nobody can print this")
def _(world: World) -> None:
    name, arn = with_queue(world, "failed-orders")
    events(world, name, **RULES, **to(arn))
    send(world, name, minutes=2)


@right("05.2", "a topic as the destination", "one retry, at most an hour")
def _(world: World) -> None:
    topic = world.client("sns").create_topic(Name=world.name("failures"))["TopicArn"]
    name = order_prints(world, FAILS, allow("sns:Publish", topic))
    events(world, name, **RULES, **to(topic))
