"""From the text of a template to a plan: decoded, transformed, checked, with the values of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from labkit.localcloud.stacks import capabilities, checks, sam
from labkit.localcloud.stacks.clients import Clients
from labkit.localcloud.stacks.decode import decode
from labkit.localcloud.stacks.errors import format_error, insufficient, invalid, not_here
from labkit.localcloud.stacks.include import NAME as INCLUDE
from labkit.localcloud.stacks.include import Fetch, include, includes
from labkit.localcloud.stacks.model import Plan
from labkit.localcloud.stacks.order import needs, ordered
from labkit.localcloud.stacks.parameters import values
from labkit.localcloud.stacks.scope import Imported, StackScope
from labkit.localcloud.stacks.template import read, transforms

_MACROS = "Macros are not expanded here: expand the template before. AWS::Serverless-2016-10-31 works."


@dataclass(frozen=True)
class Wanted:
    """What a caller asks for, before anything of it is understood."""

    text: str
    parameters: Mapping[str, str]
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    role_arn: str | None = None


def expands(text: str) -> bool:
    """Whether a template has to be transformed before anything can be said of it."""
    document = decode(text)
    return is_sam(document) or includes(document)


def is_sam(document: Mapping[str, Any]) -> bool:
    """Whether a document is a SAM template.

    Raises:
        StackError: ValidationError: it wants another transform.
    """
    named = transforms(document)
    for name in named:
        if name != sam.NAME:
            raise not_here(f"The transform {name}", _MACROS)
    return bool(named)


def check_before(wanted: Wanted, acknowledged: bool) -> None:
    """What AWS refuses in the call itself, before transforms.

    Args:
        acknowledged: the call may transform only when its caller says so.

    Raises:
        StackError: ValidationError, or InsufficientCapabilitiesException.
    """
    if expands(wanted.text):
        if acknowledged and capabilities.EXPAND not in wanted.capabilities:
            raise insufficient(capabilities.EXPAND)
        return
    capabilities.check(read(decode(wanted.text)), wanted.capabilities)


def plan(wanted: Wanted, stack: tuple[str, str, str], clients: Clients, imported: Imported) -> Plan:
    """Works out the plan. Runs in a thread: it asks SSM and IAM.

    Args:
        stack: name, id and Region.

    Raises:
        StackError: ValidationError, or InsufficientCapabilitiesException.
    """
    document = decode(wanted.text)
    transformed = is_sam(document)
    document = include(document, _fetch(clients), wanted.parameters)
    declared = document.get("Parameters") or {}
    if not isinstance(declared, Mapping):
        raise invalid("Template format error: Parameters must be a map.")
    found = values(declared, wanted.parameters, _stored(clients))
    if transformed:
        given = {name: value.value for name, value in found.items()}
        document = sam.translate(document, given, stack[2], clients("iam"))
    template = read(document)
    checks.check(template)
    capabilities.check(template, wanted.capabilities)
    conditions = StackScope(template, found, stack, imported, {}).conditions()
    made = Plan(
        wanted.text,
        template,
        found,
        conditions,
        wanted.tags,
        wanted.capabilities,
        (sam.NAME,) if transformed else (),
        wanted.role_arn,
    )
    _check_conditions(made)
    ordered(made.definitions, conditions)
    return made


def _check_conditions(made: Plan) -> None:
    """What exists must not need what does not."""
    there = made.definitions
    for item in there.values():
        absent = needs(item, made.conditions) & (made.template.resources.keys() - there.keys())
        absent -= set(item.depends_on)
        if absent:
            named = ", ".join(sorted(absent))
            told = f"Unresolved resource dependencies [{named}] in the Resources block of the template"
            raise format_error(told)


def _fetch(clients: Clients) -> Fetch:
    def fetch(bucket: str, key: str) -> str:
        try:
            answer = clients("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            told = error.response["Error"]["Message"]
            raise invalid(f"Transform {INCLUDE} failed with: {told} (s3://{bucket}/{key})") from None
        return str(answer["Body"].read().decode())

    return fetch


def _stored(clients: Clients) -> Callable[[str, str], str]:
    def look_up(name: str, key: str) -> str:
        try:
            return str(clients("ssm").get_parameter(Name=key)["Parameter"]["Value"])
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise invalid(f"Parameter {name}: {error.response['Error']['Message']}") from None
            raise invalid(
                f"Unable to fetch parameters [{key}] from parameter store for this account."
            ) from None

    return look_up
