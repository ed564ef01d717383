"""What callers ask for: template, parameters and tags; refuses what has no effect here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from labkit.localcloud.stacks.clients import Clients
from labkit.localcloud.stacks.errors import invalid, not_here
from labkit.localcloud.stacks.model import Stack
from labkit.localcloud.stacks.planning import Wanted

Params = Mapping[str, Any]

_POLICY = "Protect the stack with termination protection, and resources with DeletionPolicy."
_REFUSED = {
    "TimeoutInMinutes": "Stacks here take seconds; leave it out.",
    "NotificationARNs": "Read DescribeStackEvents.",
    "ResourceTypes": "Limit the caller, or the stack's role, with a policy.",
    "StackPolicyBody": _POLICY,
    "StackPolicyURL": _POLICY,
    "StackPolicyDuringUpdateBody": _POLICY,
    "StackPolicyDuringUpdateURL": _POLICY,
    "RollbackConfiguration": "Stacks here watch no alarms while they are deployed.",
    "RetainExceptOnCreate": "Write DeletionPolicy RetainExceptOnCreate into the template.",
    "ResourcesToImport": "Make the resources with the stack.",
    "ImportExistingResources": "Make the resources with the stack.",
    "DeploymentMode": "Leave it out.",
    "DeploymentConfig": "Leave it out.",
    "DisableValidation": "Leave it out.",
}


def refuse(params: Params) -> None:
    """Refuses parameters that would have no effect.

    Raises:
        StackError: ValidationError that names the parameter.
    """
    for name, instead in _REFUSED.items():
        if params.get(name):
            raise not_here(f"The parameter {name}", instead)


def read(params: Params, clients: Clients, before: Stack | None = None) -> Wanted:
    """What a call wants; ``before`` is the stack that it updates.

    Raises:
        StackError: ValidationError.
    """
    plan = before.plan if before else None
    tags = {each["Key"]: each["Value"] for each in params.get("Tags") or []}
    if reserved := [key for key in tags if key.lower().startswith("aws:")]:
        raise invalid(f"aws: prefixed tag key names are not allowed for external use: {reserved[0]}")
    if "Tags" not in params and plan is not None:
        tags = dict(plan.tags)
    return Wanted(
        template_text(params, clients, before),
        _parameters(params, before),
        tuple(params.get("Capabilities") or ()),
        tags,
        params.get("RoleARN") or (plan.role_arn if plan else None),
    )


def template_text(params: Params, clients: Clients, before: Stack | None = None) -> str:
    """The template of a call.

    Raises:
        StackError: ValidationError: none, two, or one that is not there.
    """
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    if params.get("UsePreviousTemplate"):
        if before is None or before.plan is None or body or url:
            raise invalid("UsePreviousTemplate goes with a stack that has a template, and with no other one.")
        return before.plan.original
    if (body is None) == (url is None):
        raise invalid("Either Template URL or Template Body must be specified.")
    return str(body) if body is not None else _fetch(str(url), clients)


def _fetch(url: str, clients: Clients) -> str:
    parts = urlsplit(url)
    path, host = unquote(parts.path).lstrip("/"), parts.hostname or ""
    bucket, dot, _ = host.partition(".s3")
    if dot and not host.startswith("s3"):
        key = path
    else:
        bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https") or not key:
        raise invalid("TemplateURL must be a supported URL.")
    try:
        answer = clients("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise invalid(f"S3 error: {error.response['Error']['Message']} ({url})") from None
    return str(answer["Body"].read().decode())


def _parameters(params: Params, before: Stack | None) -> dict[str, str]:
    known = before.plan.parameters if before and before.plan else {}
    given = {}
    for each in params.get("Parameters") or []:
        name = each.get("ParameterKey")
        if not name:
            raise invalid("Every parameter needs a ParameterKey.")
        if each.get("UsePreviousValue"):
            if name not in known:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    "parameter key not in the previous template"
                )
            given[name] = known[name].given
        elif "ParameterValue" in each:
            given[name] = each["ParameterValue"]
        else:
            raise invalid(f"Parameters: [{name}] must have values")
    return given
