"""Answers to exercises 06.2 to 06.5: the checklist."""

from __future__ import annotations

from typing import Any

from tests.wrong_answers.gallery import alarm
from tests.wrong_answers.world import World, allow, policy, right, wrong

HELLO = 'def handler(event, context):\n    return "hello"\n'
CHAIN = """
import boto3
client = boto3.client("lambda")
def handler(event, context):
    return client.invoke(FunctionName=event["next"], Payload=b"{}")["StatusCode"]
"""
NEARLY = "import time\ndef handler(event, context):\n    time.sleep(1.85)\n"
IN_HANDLER = 'import boto3\ndef handler(event, context):\n    return boto3.client("s3").meta.region_name\n'
SQS = "arn:aws:sqs:us-east-1:123456789012:"


def deployed(world: World, code: str = HELLO, *statements: Any, **more: Any) -> str:
    """One function of the lab; its name."""
    return world.function("hello", code, world.role(*map(policy, statements), base="hello-role"), **more)


def called_by(world: World, name: str, *services: str) -> None:
    """Resource policies for services, as triggers need them."""
    for service in services:
        world.client("lambda").add_permission(
            FunctionName=name,
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
            SourceAccount="123456789012",
        )


@wrong("06.2", "a function waits for another one", r"invokes another function and waits")
def _(world: World) -> None:
    deployed(world, CHAIN)


@wrong("06.2", "nothing calls", "only nobody calls the 1 functions")
def _(world: World) -> None:
    deployed(world)


@wrong("06.2", "a timeout that is nearly reached", "and may run 2 s")
def _(world: World) -> None:
    world.invoke(deployed(world, NEARLY, Timeout=2), {})


@right("06.2", "called by two services", "called by apigateway, s3")
def _(world: World) -> None:
    called_by(world, deployed(world), "s3", "apigateway")


@wrong("06.3", "everything is allowed", r"allows s3:\*")
def _(world: World) -> None:
    deployed(world, HELLO, allow("s3:*", "arn:aws:s3:::photos"))


@wrong("06.3", "others may take the role", "can be assumed by others than Lambda")
def _(world: World) -> None:
    trust = {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
    world.function("hello", HELLO, world.role(base="hello-role", trust=trust))


@wrong("06.3", "a secret", "API_TOKEN looks like a secret")
def _(world: World) -> None:
    deployed(world, environment={"API_TOKEN": "4711-0815"})


@wrong("06.3", "events that fail are lost", "neither an on-failure destination nor a dead-letter queue")
def _(world: World) -> None:
    called_by(world, deployed(world), "s3")


@right("06.3", "a dead-letter queue instead of a destination", "failed events are kept")
def _(world: World) -> None:
    queue = world.client("sqs").create_queue(QueueName=world.name("dead"))["QueueUrl"]
    arn = SQS + queue.rpartition("/")[2]
    name = deployed(world, HELLO, allow("sqs:SendMessage", arn), DeadLetterConfig={"TargetArn": arn})
    called_by(world, name, "s3")


@wrong("06.4", "a client in every call", r"boto3\.client\(…\)")
def _(world: World) -> None:
    deployed(world, IN_HANDLER)


@wrong("06.4", "nothing was measured", "measured at one memory size at most")
def _(world: World) -> None:
    deployed(world)


@wrong("06.4", "another size than those measured", "measured at 128, 256 MB, and has 512")
def _(world: World) -> None:
    world.configure(measured(world), MemorySize=512)


@wrong("06.4", "no layer", "none of 1 functions uses a layer")
def _(world: World) -> None:
    measured(world)


@right("06.4", "measured by hand, with a layer of one's own", "is chosen from 128, 256 MB")
def _(world: World) -> None:
    name = measured(world)
    published = world.client("lambda").publish_layer_version(
        LayerName=world.name("words"), Content={"ZipFile": packaged()}
    )
    world.configure(name, Layers=[published["LayerVersionArn"]])


def measured(world: World) -> str:
    """A function that was called at two sizes, three times each."""
    name = deployed(world)
    world.invoke(name, {}, times=3)
    world.configure(name, MemorySize=256)
    world.invoke(name, {}, times=3)
    return name


def packaged() -> bytes:
    """A layer's zip."""
    from tests.wrong_answers.world import package

    return package({"python/words.py": "hello = 'hello'\n"})


def watched(world: World, *, retention: bool = True, tracing: bool = True, permission: bool = True) -> str:
    """A function with what 06.5 asks for, but for the metric."""
    more: dict[str, Any] = {"TracingConfig": {"Mode": "Active"}} if tracing else {}
    name = deployed(world, HELLO, allow("xray:PutTraceSegments", "*"), **more)
    if not permission:  # Lambda looks at it only when the function is made
        world.client("iam").delete_role_policy(RoleName=world.name("hello-role"), PolicyName="own-0")
    alarm(world, name)
    logs, group = world.client("logs"), f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group)
    if retention:
        logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    return name


def count(world: World, namespace: str) -> None:
    """A metric of one's own."""
    world.client("cloudwatch").put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": "Photos", "Value": 2}]
    )


@wrong("06.5", "no alarm", "no alarm watches the errors of")
def _(world: World) -> None:
    deployed(world)


@wrong("06.5", "logs for ever", "never expires")
def _(world: World) -> None:
    watched(world, retention=False)


@wrong("06.5", "no traces", "no function is traced")
def _(world: World) -> None:
    watched(world, tracing=False)


@wrong("06.5", "traces without permission", "may not xray:PutTraceSegments")
def _(world: World) -> None:
    watched(world, permission=False)


@wrong("06.5", "no metric of one's own", "there is no metric of your own")
def _(world: World) -> None:
    watched(world)


@right("06.5", "with a policy of one's own for traces", "has alarms|have alarms")
def _(world: World) -> None:
    watched(world)
    count(world, f"Photos/{world.name('library')}")
