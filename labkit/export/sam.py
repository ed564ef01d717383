"""The export: what the ledger lists, read kind by kind, written as a SAM template with its code."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from labkit.errors import LabError
from labkit.export import functions, interfaces, messages, stores
from labkit.export.shape import Shape
from labkit.ledger import Entry
from labkit.session import Lab

TEMPLATE = "template.yaml"
FOLDERS = ("src", "layers")
Reader = Callable[[Shape, Any, Mapping[str, Any]], None]
READERS: dict[str, Reader] = {
    "iam.role": stores.role,
    "dynamodb.table": stores.table,
    "ssm.parameter": stores.parameter,
    "sqs.queue": messages.queue,
    "sns.topic": messages.topic,
    "lambda.layer-version": functions.layer,
    "lambda.function": functions.function,
    "stepfunctions.state-machine": interfaces.state_machine,
    "s3.bucket": stores.bucket,
    "apigatewayv2.api": interfaces.http_api,
    "events.rule": messages.rule,
    "scheduler.schedule": messages.schedule,
    "cloudwatch.alarm": interfaces.alarm,
    "logs.group": interfaces.log_group,
}
# Read along with what they belong to.
ALONG = (
    "iam.role-policy",
    "iam.role-attachment",
    "lambda.version",
    "lambda.alias",
    "lambda.permission",
    "lambda.url",
    "lambda.reserved-concurrency",
    "lambda.event-invoke-config",
    "lambda.event-source-mapping",
    "events.targets",
    "sns.subscription",
)


@dataclass(frozen=True, repr=False)
class Export:
    """What was written.

    Attributes:
        template: the path of the template.
        types: how many resources of each type.
        files: how many files of code.
        left_out: what is no part of the template, and why.
    """

    template: Path
    types: Mapping[str, int]
    files: int
    left_out: tuple[str, ...]

    def __repr__(self) -> str:
        count = sum(self.types.values())
        lines = [f"{self.template}: {count} resources, {self.files} files of code beside it"]
        lines += [f"  {number:3} {type}" for type, number in sorted(self.types.items())]
        lines += [f"  left out: {one}" for one in self.left_out]
        return "\n".join(lines)


def sam(lab: Lab, folder: str | Path) -> Export:
    """Writes what a lab has built as a SAM template, with the code of its functions and layers beside it.

    Only reads the cloud. Data (items, objects, messages) is no part of it; names begin with the parameter
    ``Prefix``. What cannot be told in a template is listed.

    Args:
        folder: gets ``template.yaml``, ``src/`` and ``layers/``; these are replaced if they are there.

    Raises:
        LabError: the lab has nothing, or the folder holds something else.
    """
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise LabError(f"{place} is a file. Name a folder.")
    if place.exists() and any(place.iterdir()) and not (place / TEMPLATE).exists():
        raise LabError(f"{place} holds something else. Name an empty folder, or one of an earlier export.")
    shape = _read(lab)
    if not shape.resources:
        raise LabError(f"The lab {lab.notebook} has nothing that could be exported. Build something first.")
    _write(place, shape)
    types = Counter(one.type for one in shape.resources.values())
    return Export(place / TEMPLATE, types, len(shape.files), tuple(shape.left_out))


def _read(lab: Lab) -> Shape:
    shape = Shape(lab.prefix, lab.region, lab.account_id)
    entries = _unique(lab.ledger.live())
    for kind, read in READERS.items():
        for entry in (one for one in entries if one.kind == kind and one.region in (lab.region, "")):
            service = kind.partition(".")[0]
            try:
                read(shape, lab.client(service), entry.ids)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 404):
                    raise
                shape.left_out.append(f"{entry.label}: {error}")
    shape.left_out += [f"{one.label}: not exported" for one in entries if one.kind not in (*READERS, *ALONG)]
    _order(shape)
    return shape


def _unique(entries: Any) -> list[Entry]:
    seen: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.live:
            seen.setdefault((entry.kind, repr(sorted(entry.ids.items(), key=str))), entry)
    return list(seen.values())


def _order(shape: Shape) -> None:
    """A bucket waits for the permissions of S3: it asks, when it is made, whether it may call."""
    permissions = [
        logical
        for logical, one in shape.resources.items()
        if one.type == "AWS::Lambda::Permission" and one.properties["Principal"] == "s3.amazonaws.com"
    ]
    for one in shape.resources.values():
        if one.type == "AWS::S3::Bucket" and "NotificationConfiguration" in one.properties:
            one.depends_on += permissions


def _write(place: Path, shape: Shape) -> None:
    import yaml

    for folder in FOLDERS:
        shutil.rmtree(place / folder, ignore_errors=True)
    for path, content in shape.files.items():
        target = place / path
        if place.resolve() not in target.resolve().parents:
            raise LabError(f"A package has the path {path}, which leads out of {place}. Mend the package.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    place.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(shape.template(), sort_keys=False, width=110, allow_unicode=True)
    (place / TEMPLATE).write_text(text)
