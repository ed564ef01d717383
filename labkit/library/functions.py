"""The photo library's functions of phase 03, each with a role that allows what it does and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labkit import deploy
from labkit.deploy import allow
from labkit.library import code
from labkit.library.parts import TABLE, table_arn
from labkit.session import Lab

READ_STREAM = [
    f"dynamodb:{one}" for one in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
]
READ_QUEUE = [f"sqs:{one}" for one in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]


def thumbnail(lab: Lab, source: str | Path | None = None) -> str:
    """``thumbnail``: reads ``originals/`` of the bucket ``uploads``, writes ``thumbnails/``; its ARN.

    Args:
        source: a folder with its code; by default the finished one.
    """
    objects = f"arn:aws:s3:::{deploy.bucket(lab, 'uploads')}"
    may = (
        allow("s3:GetObject", f"{objects}/originals/*"),
        allow("s3:PutObject", f"{objects}/thumbnails/*"),
        allow("dynamodb:UpdateItem", table_arn(lab)),
    )
    named = {"TABLE_NAME": lab.name(TABLE)}
    return _deploy(lab, "thumbnail", may, source, environment=named, memory_mb=512, timeout_s=30)


def count_ratings(lab: Lab) -> str:
    """``count-ratings``: reads the stream of ``photos``, keeps the table ``statistics``; its ARN."""
    statistics = deploy.table(lab, "statistics", "statistic")
    may = allow(READ_STREAM, table_stream(lab)), allow("dynamodb:UpdateItem", statistics)
    named = {"STATISTICS_TABLE": lab.name("statistics")}
    return _deploy(lab, "count-ratings", may, environment=named, timeout_s=10)


def work_orders(lab: Lab, source: str | Path | None = None) -> str:
    """``work-orders``: reads the queue ``orders``, keeps the table ``orders``; its ARN.

    Args:
        source: a folder with its code; by default the finished one.
    """
    queue = deploy.queue(lab, "orders")[1]
    may = allow(READ_QUEUE, queue), allow("dynamodb:PutItem", deploy.table(lab, "orders", "order_id"))
    return _deploy(
        lab, "work-orders", may, source, environment={"ORDERS_TABLE": lab.name("orders")}, timeout_s=10
    )


def clean_up(lab: Lab) -> str:
    """``clean-up``: empties the trash of the table ``photos``; its ARN."""
    may = allow(["dynamodb:Scan", "dynamodb:DeleteItem"], table_arn(lab))
    return _deploy(lab, "clean-up", (may,), environment={"TABLE_NAME": lab.name(TABLE)}, timeout_s=30)


def table_stream(lab: Lab) -> str:
    """The ARN of the stream of the table ``photos``, with new and old images; switched on if it is not."""
    dynamodb, name = lab.client("dynamodb"), lab.name(TABLE)
    table = dynamodb.describe_table(TableName=name)["Table"]
    if not table.get("StreamSpecification", {}).get("StreamEnabled"):
        wanted = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        dynamodb.update_table(TableName=name, StreamSpecification=wanted)
        lab.wait("dynamodb", "table_exists", TableName=name)
        table = dynamodb.describe_table(TableName=name)["Table"]
    return str(table["LatestStreamArn"])


def _deploy(
    lab: Lab,
    name: str,
    may: tuple[dict[str, Any], ...],
    source: str | Path | None = None,
    **settings: Any,
) -> str:
    role = deploy.role(lab, f"{name}-role", deploy.BASIC_EXECUTION, *may)
    folder = source or code.folder(name.replace("-", "_"))
    return str(deploy.function(lab, name, folder, role=role, **settings)["FunctionArn"])
