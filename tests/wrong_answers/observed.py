"""Answers to exercises 05.5, 05.6 and 05.8: logs, a metric, traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit import deploy
from labkit.library import powertools
from tests.wrong_answers.monitor_world import order_prints, with_table
from tests.wrong_answers.world import LOGS, World, allow, right, wrong

ORDER = {"order_id": "o-1", "photo_id": "lighthouse", "copies": 4}
JSON = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
FIELDS = 'extra={"order_id": event["order_id"]}'
SAYS = f"import logging\n\ndef handler(event, context):\n    logging.getLogger().info('order', {FIELDS})\n"
IN_TEXT = SAYS.replace(f"'order', {FIELDS}", "f'order {event[\"order_id\"]}'")
PRINTS = (
    "import json\n\ndef handler(event, context):\n    print(json.dumps({'order_id': event['order_id']}))\n"
)
# The line that Powertools' Logger writes without inject_lambda_context.
WITHOUT_CONTEXT = PRINTS.replace("{'order_id'", "{'level': 'INFO', 'location': 'handler:9', 'order_id'")
SILENT = "def handler(event, context):\n    pass\n"


def logging(world: World, code: str, days: int | None = 14, **levels: str) -> str:
    """``order-prints`` with JSON logs that are kept for so many days."""
    name = with_table(world, code, LoggingConfig={**JSON, **levels})
    world.invoke(name, ORDER)
    if days:
        world.client("logs").put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=days)
    return name


@wrong("05.5", "text, as it was", "the log format of .* is Text")
def _(world: World) -> None:
    with_table(world, SAYS)


@wrong("05.5", "kept for ever", "keeps everything for ever")
def _(world: World) -> None:
    logging(world, SAYS, days=None)


@wrong("05.5", "kept for a year", "forgets after 365 days")
def _(world: World) -> None:
    logging(world, SAYS, days=365)


@wrong("05.5", "the level throws the lines away", "lines at INFO are thrown away")
def _(world: World) -> None:
    logging(world, SAYS, ApplicationLogLevel="ERROR")


@wrong("05.5", "the id is in the message", "is in the text, not in a field of its own")
def _(world: World) -> None:
    logging(world, IN_TEXT)


@wrong("05.5", "the whole order in one field", "somewhere within the field order")
def _(world: World) -> None:
    logging(world, SAYS.replace(FIELDS, 'extra={"order": event}'))


@wrong("05.5", "a field that logging uses itself", "name that key of extra otherwise")
def _(world: World) -> None:
    logging(world, SAYS.replace(FIELDS, 'extra={"name": event["order_id"]}'))


@wrong("05.5", "Powertools without the context", "@log.inject_lambda_context")
def _(world: World) -> None:
    logging(world, WITHOUT_CONTEXT)


@wrong("05.5", "JSON that is printed", "without level or request id")
def _(world: World) -> None:
    logging(world, PRINTS)


@wrong("05.5", "nothing is logged", "leaves no line with its id")
def _(world: World) -> None:
    logging(world, SILENT)


@right("05.5", "as the solution has it", "logs JSON with .*order_id.* forgets after 14 days")
def _(world: World) -> None:
    logging(world, SAYS)


@right("05.5", "DEBUG, quiet system logs, three days", "forgets after 3 days")
def _(world: World) -> None:
    logging(world, SAYS, days=3, ApplicationLogLevel="DEBUG", SystemLogLevel="WARN")


EMBEDDED = """
import json
import time

def handler(event, context):
    metric = {"Name": "Prints", "Unit": "Count"}
    about = {"Namespace": "PhotoLibrary", "Dimensions": [["service"]], "Metrics": [metric]}
    head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}
    known = {"service": context.function_name, "order_id": event["order_id"], "Prints": event["copies"]}
    print(json.dumps({"_aws": head, **known}))
"""
CALLS = """
import boto3

cloudwatch = boto3.client("cloudwatch")

def handler(event, context):
    data = {"MetricName": "Prints", "Value": event["copies"]}
    cloudwatch.put_metric_data(Namespace="PhotoLibrary", MetricData=[data])
"""
POWERTOOLS = """
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

metrics = Metrics(namespace="PhotoLibrary", service="prints")

@metrics.log_metrics
def handler(event, context):
    metrics.add_metric(name="Prints", unit=MetricUnit.Count, value=event["copies"])
"""


def counting(world: World, code: str, *statements: Mapping[str, Any], **more: Any) -> None:
    """``order-prints`` after an order for four copies."""
    world.invoke(order_prints(world, code, *statements, **more), ORDER)


@wrong("05.6", "no metric at all", "the log of .* has no metrics")
def _(world: World) -> None:
    counting(world, SILENT)


@wrong("05.6", "the layer is forgotten", "there is no module aws_lambda_powertools")
def _(world: World) -> None:
    counting(world, POWERTOOLS)


@wrong("05.6", "sent by a call", "may call PutMetricData")
def _(world: World) -> None:
    counting(world, CALLS, allow("cloudwatch:PutMetricData", "*"), Timeout=10)


@wrong("05.6", "another namespace", "writes Photos/Prints")
def _(world: World) -> None:
    counting(world, EMBEDDED.replace("PhotoLibrary", "Photos"))


@wrong("05.6", "a metric for each order", "has the dimension order_id")
def _(world: World) -> None:
    counting(world, EMBEDDED.replace('[["service"]]', '[["service", "order_id"]]'))


@wrong("05.6", "orders are counted", "that counts orders")
def _(world: World) -> None:
    counting(world, EMBEDDED.replace('event["copies"]', "1"))


@wrong("05.6", "seconds for milliseconds", "CloudWatch has no such metric")
def _(world: World) -> None:
    counting(world, EMBEDDED.replace("time.time() * 1000", "time.time()"))


@right("05.6", "with Powertools, as the solution has it", "PhotoLibrary/Prints counts .* prints by service")
def _(world: World) -> None:
    layer = deploy.layer(world.lab, "powertools", powertools())
    counting(world, POWERTOOLS, Layers=[layer], MemorySize=256, Timeout=10)


@right("05.6", "the format written by hand", "counts 4 prints by service")
def _(world: World) -> None:
    counting(world, EMBEDDED)


WRITE = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
ACTIVE = {"TracingConfig": {"Mode": "Active"}}
# What an SDK for tracing does in the end: a datagram with the part of the trace that the handler is.
SUBSEGMENT = """
import json
import os
import socket
import time

def handler(event, context):
    root, parent = (part.split("=")[1] for part in os.environ["_X_AMZN_TRACE_ID"].split(";")[:2])
    now, about = time.time(), {"id": os.urandom(8).hex(), "trace_id": root, "parent_id": parent}
    part = {"name": "printing", "type": "subsegment", "start_time": now, "end_time": now + 0.01, **about}
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.sendto(b'{"format": "json", "version": 1}\\n' + json.dumps(part).encode(), (host, int(port)))
"""


@wrong("05.8", "not switched on", "the tracing mode of .* is PassThrough")
def _(world: World) -> None:
    order_prints(world, SUBSEGMENT)


@wrong("05.8", "no order since then", "X-Ray has no trace")
def _(world: World) -> None:
    order_prints(world, SUBSEGMENT, attach=(LOGS, WRITE), **ACTIVE)


@wrong("05.8", "nothing in the code takes part", "with Lambda's own parts only")
def _(world: World) -> None:
    world.invoke(order_prints(world, SILENT, attach=(LOGS, WRITE), **ACTIVE), ORDER)


@wrong("05.8", "the permission is taken away again", "may not write traces")
def _(world: World) -> None:
    order_prints(world, SUBSEGMENT, attach=(LOGS, WRITE), **ACTIVE)
    world.client("iam").detach_role_policy(RoleName=world.name("order-prints-role"), PolicyArn=WRITE)


@right("05.8", "subsegments without any SDK", "show printing")
def _(world: World) -> None:
    world.invoke(order_prints(world, SUBSEGMENT, attach=(LOGS, WRITE), **ACTIVE), ORDER)


@right("05.8", "with an inline policy instead of AWS's", "show printing")
def _(world: World) -> None:
    writes = allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")
    world.invoke(order_prints(world, SUBSEGMENT, writes, **ACTIVE), ORDER)
