"""Answers to the exercises of phase 01 that are in the cloud: limits, two runtimes, a chain."""

from __future__ import annotations

from tests.wrong_answers.world import World, allow, policy, right, wrong

FULL = {"Environment": {"Variables": {"NOTES": "x" * 4_050}}}
MOST = {"Timeout": 900, "MemorySize": 10_240}
ECHO = "def handler(event, context):\n    return event\n"
NOTHING = "def handler(event, context):\n    pass\n"
SHELL = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp) event=$(mktemp)
while true; do
    curl -sS -D "$head" -o "$event" "$api/next"
    id=$(grep -i '^lambda-runtime-aws-request-id:' "$head" | cut -d' ' -f2 | tr -d '\\r')
    curl -sS -o /dev/null --data-binary "@$event" "$api/$id/response"
done
"""
LINKS = (("index", ""), ("thumbnail", "index"), ("upload", "thumbnail"))
CHAIN = """
import json, os, time, boto3

lambda_ = boto3.client("lambda")
following = os.environ.get("NEXT")

def handler(event, context):
    time.sleep(event["work_s"])
    if following:
        lambda_.invoke(FunctionName=following, InvocationType="Event", Payload=json.dumps(event))
"""
WAITING = CHAIN.replace('"Event"', '"RequestResponse"')
CUT = CHAIN.replace("if following:", "if not following:")
THROUGH_QUEUE = """
import json, os, time, boto3

sqs = boto3.client("sqs")

def handler(event, context):
    for one in [json.loads(record["body"]) for record in event["Records"]] if "Records" in event else [event]:
        time.sleep(one["work_s"])
        if "QUEUE" in os.environ:
            sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(one))
"""


def extremes(world: World, **settings: object) -> str:
    return world.function("extremes", NOTHING, world.role(), **settings)


@wrong("01.3", "no such function", "there is no function case")
def _(world: World) -> None:
    pass


@wrong("01.3", "nothing was changed", "3 s: the default")
def _(world: World) -> None:
    extremes(world)


@wrong("01.3", "five minutes", "a quarter of an hour, in seconds")
def _(world: World) -> None:
    extremes(world, Timeout=300)


@wrong("01.3", "the memory of old texts", "until December 2020")
def _(world: World) -> None:
    extremes(world, Timeout=900, MemorySize=3008)


@wrong("01.3", "some memory", "512 MB, and more is possible")
def _(world: World) -> None:
    extremes(world, Timeout=900, MemorySize=512)


@wrong("01.3", "no variables", "has no variables")
def _(world: World) -> None:
    extremes(world, **MOST)


@right("01.3", "as the solution has it", "variables of 4,062 bytes")
def _(world: World) -> None:
    world.configure(extremes(world), **MOST, **FULL)


@right("01.3", "many variables, in letters that take two bytes, under another name")
def _(world: World) -> None:
    variables = {f"NOTE_{number}": "ü" * 495 for number in range(4)}
    world.configure(
        world.function("my-extremes", NOTHING, world.role()), **MOST, Environment={"Variables": variables}
    )


def echoes(world: World, python: str = ECHO, shell: str | dict[str, str] = SHELL) -> tuple[str, ...]:
    role = world.role()
    files = {"bootstrap": shell} if isinstance(shell, str) else shell
    custom = {"Runtime": "provided.al2023", "Handler": "none"}
    return (
        world.function("echo-python", python, role),
        world.function("echo-shell", executable(files), role, **custom),
    )


def executable(files: dict[str, str]) -> bytes:
    from labkit.checks.functions import zipped

    return zipped({name: content.encode() for name, content in files.items()})


def start_cold(world: World, names: tuple[str, ...], times: int = 3) -> None:
    for number in range(times):
        for name in names:
            world.configure(name, MemorySize=128 + number)
            world.invoke(name, {})


@wrong("01.4", "nothing was deployed", "there is no function")
def _(world: World) -> None:
    pass


@wrong("01.4", "Python alone", "there is no function case.*echo-shell")
def _(world: World) -> None:
    world.function("echo-python", ECHO, world.role())


@wrong("01.4", "the script as a Python function", "has the runtime python3.13")
def _(world: World) -> None:
    world.function("echo-shell", ECHO, world.role())
    world.lab.client("lambda").update_function_configuration(
        FunctionName=world.name("echo-shell"), Description="no shell"
    )


@wrong("01.4", "Python answers nothing", "answered None")
def _(world: World) -> None:
    echoes(world, python=NOTHING)


@wrong("01.4", "the script says something of its own", "answered 'Your turn'")
def _(world: World) -> None:
    echoes(world, shell=SHELL.replace('"@$event"', "'\"Your turn\"'"))


@wrong("01.4", "the script has another name", "a file that is called bootstrap")
def _(world: World) -> None:
    echoes(world, shell={"runtime.sh": SHELL})


@wrong("01.4", "the script answers once", "in a loop that never ends")
def _(world: World) -> None:
    echoes(world, shell="#!/bin/sh\nexit 0\n")


@wrong("01.4", "deployed, started once", "was started cold 1 times")
def _(world: World) -> None:
    echoes(world)


@right("01.4", "both, with three cold starts each", r"\(provided.al2023\) starts in \d+ ms on average")
def _(world: World) -> None:
    start_cold(world, echoes(world))


def chain(world: World, codes: dict[str, str] | None = None, allowed: bool = True) -> None:
    policies = [policy(allow("lambda:InvokeFunction", "*"))] if allowed else []
    role = world.role(*policies)
    for name, following in LINKS:
        code = (codes or {}).get(name, CHAIN)
        environment = {"NEXT": world.name(following)} if following else {}
        world.function(name, code, role, environment, Timeout=20)


@wrong("01.6", "nothing was deployed", "there is no function")
def _(world: World) -> None:
    pass


@wrong("01.6", "everybody waits", "invoke has a parameter InvocationType")
def _(world: World) -> None:
    chain(world, dict.fromkeys(("upload", "thumbnail", "index"), WAITING))


@wrong("01.6", "the second one still waits", "does not wait, but case.*thumbnail does")
def _(world: World) -> None:
    chain(world, {"thumbnail": WAITING})


@wrong("01.6", "nothing is handed over", "thumbnail was not called")
def _(world: World) -> None:
    chain(world, {"upload": CUT})


@wrong("01.6", "without the event", "thumbnail was called and ended after .* ms: it did not get the event")
def _(world: World) -> None:
    chain(
        world,
        dict.fromkeys(("upload", "thumbnail", "index"), CHAIN.replace(", Payload=json.dumps(event)", "")),
    )


@wrong("01.6", "the event as it is", "Payload is text: json.dumps\\(event\\)")
def _(world: World) -> None:
    chain(world, {"upload": CHAIN.replace("json.dumps(event)", "event")})


@wrong("01.6", "the role may not call", "allow lambda:InvokeFunction")
def _(world: World) -> None:
    chain(world, allowed=False)


@right("01.6", "as the solution has it", "none waited")
def _(world: World) -> None:
    chain(world)


@right("01.6", "through queues", "none waited")
def _(world: World) -> None:
    sqs = world.client("sqs")
    may = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    role = world.role(policy(allow(may, "*")))
    queues = {}
    for name, following in LINKS:
        environment = {"QUEUE": queues[following]} if following else {}
        function = world.function(name, THROUGH_QUEUE, role, environment, Timeout=20)
        queues[name] = sqs.create_queue(QueueName=world.name(name), Attributes={"VisibilityTimeout": "120"})[
            "QueueUrl"
        ]
        attributes = sqs.get_queue_attributes(QueueUrl=queues[name], AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        world.client("lambda").create_event_source_mapping(
            FunctionName=function, EventSourceArn=attributes["QueueArn"]
        )
