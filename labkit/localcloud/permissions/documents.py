"""Policies that resources and roles are given: read before they are kept, since a bad one locks people out.

Sentences: recorded answers of IAM and S3 ("MalformedPolicy"); IAM User Guide, "Grammar of the IAM JSON policy
language". Other services have the code, and mostly say less.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.permissions.elements import as_list
from labkit.localcloud.permissions.errors import PolicyUnsupported
from labkit.localcloud.permissions.policy import parse
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.permissions.templates import dig

Exists = Callable[[str], bool]
"""Whether a role or user of this account exists, by its ARN."""

_VERSIONS = ("2012-10-17", "2008-10-17")
_SERVICE = re.compile(
    r"(?:[a-z0-9-]+\.)+(?:amazonaws\.com(?:\.cn)?|aws\.internal)|alexa-[a-z-]+\.amazon\.com"
)
_PERSON = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):(?:root|(?:user|role|assumed-role|federated-user)/.+)")
_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where an operation has its policy, and what the service says of a bad one.

    Attributes:
        when: a parameter and the value that it must have; else the operation brings no policy.
        sentence: for services that always say the same; ``{}`` is what is wrong.
        resource: whether statements must have a Resource (True), may (None) or must not (False).
    """

    path: tuple[str, ...]
    code: str
    sentence: str = "{}"
    when: tuple[str, str] | None = None
    resource: bool | None = True


_MALFORMED = "MalformedPolicyDocumentException"
_SNS = "Invalid parameter: Policy Error: {}"
_SQS = "Invalid value for the parameter Policy. {}"
_TRUST = "MalformedPolicyDocument"
_POLICIES: Mapping[tuple[str, str], _Kept] = {
    ("s3", "PutBucketPolicy"): _Kept(("Policy",), "MalformedPolicy"),
    ("sqs", "CreateQueue"): _Kept(("Attributes", "Policy"), "InvalidAttributeValue", _SQS, resource=None),
    ("sqs", "SetQueueAttributes"): _Kept(
        ("Attributes", "Policy"), "InvalidAttributeValue", _SQS, resource=None
    ),
    ("sns", "CreateTopic"): _Kept(("Attributes", "Policy"), "InvalidParameter", _SNS, resource=None),
    ("sns", "SetTopicAttributes"): _Kept(
        ("AttributeValue",), "InvalidParameter", _SNS, ("AttributeName", "Policy"), resource=None
    ),
    ("secretsmanager", "PutResourcePolicy"): _Kept(("ResourcePolicy",), _MALFORMED),
    ("kms", "CreateKey"): _Kept(("Policy",), _MALFORMED),
    ("kms", "PutKeyPolicy"): _Kept(("Policy",), _MALFORMED),
    ("dynamodb", "PutResourcePolicy"): _Kept(
        ("Policy",), "ValidationException", "Invalid policy document: {}"
    ),
    ("kinesis", "PutResourcePolicy"): _Kept(
        ("Policy",), "ValidationException", "Invalid policy document: {}"
    ),
    ("events", "PutPermission"): _Kept(("Policy",), "ValidationException"),
    ("logs", "PutResourcePolicy"): _Kept(
        ("policyDocument",), "InvalidParameterException", "Invalid policy document: {}"
    ),
    ("iam", "CreateRole"): _Kept(("AssumeRolePolicyDocument",), _TRUST, resource=False),
    ("iam", "UpdateAssumeRolePolicy"): _Kept(("PolicyDocument",), _TRUST, resource=False),
}


def refused(call: Call, exists: Exists) -> tuple[str, str] | None:
    """Error code and message when a call brings a policy that its service does not take; else None."""
    kept = _POLICIES.get((call.service, call.operation))
    if kept is None or (kept.when is not None and str(call.params.get(kept.when[0])) != kept.when[1]):
        return None
    text = _text(call, kept.path)
    if not text:  # nothing, or "" which takes a policy away
        return None
    problem = next(_problems(text, kept.resource, exists, call), None)
    return None if problem is None else (kept.code, kept.sentence.format(problem).strip())


def _text(call: Call, path: tuple[str, ...]) -> str:
    if call.service == "s3":  # the body is the policy
        return call.wire.body.decode("utf-8", "replace")
    return next((str(found) for found in dig(call.params, path)), "")


def _problems(text: str, resource: bool | None, exists: Exists, call: Call) -> Iterator[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        yield (
            "Policies must be valid JSON and the first byte must be '{'"
            if call.service == "s3"
            else "This policy contains invalid Json"
        )
        return
    if str(document.get("Version", _VERSIONS[0])) not in _VERSIONS:
        yield f"The policy must contain a valid version string: one of {', '.join(_VERSIONS)}"
    statements = as_list(document.get("Statement", []))
    if not statements:
        yield "Missing required field Statement"
    for statement in statements:
        if not isinstance(statement, dict):
            yield "Syntax errors in policy."
            return
        yield from _of_statement(statement, resource)
        yield from _of_principals(statement, exists, call.account_id)
        yield from _of_actions(statement, call)
    try:
        yield from (each.unsupported for each in parse(text) if each.unsupported)
    except PolicyUnsupported as problem:
        yield str(problem)


def _of_statement(statement: Mapping[str, Any], resource: bool | None) -> Iterator[str]:
    yield from (f"Unknown field {name}" for name in statement if name not in _ELEMENTS)
    if "Effect" not in statement:
        yield "Missing required field Effect"
    elif statement["Effect"] not in ("Allow", "Deny"):
        yield f"Invalid effect: {statement['Effect']}"
    if not statement.get("Principal") and not statement.get("NotPrincipal"):
        yield "Missing required field Principal"
    if not statement.get("Action") and not statement.get("NotAction"):
        yield "Missing required field Action"
    named = "Resource" if "Resource" in statement else "NotResource" if "NotResource" in statement else ""
    if resource is True and not statement.get(named):
        yield "Missing required field Resource"
    if resource is False and named:
        yield f"Has prohibited field {named}"


def _of_principals(statement: Mapping[str, Any], exists: Exists, account_id: str) -> Iterator[str]:
    written = statement.get("Principal") or statement.get("NotPrincipal") or {}
    if written == "*":
        return
    if not isinstance(written, dict):
        yield f"Invalid principal in policy: {json.dumps(written)}"
        return
    for kind, names in written.items():
        for name in map(str, as_list(names)):
            if not _is_principal(kind, name, exists, account_id):
                yield f'Invalid principal in policy: "{kind.upper()}":"{name}"'


def _is_principal(kind: str, name: str, exists: Exists, account_id: str) -> bool:
    if kind == "Service":
        return _SERVICE.fullmatch(name) is not None
    if kind != "AWS":
        return kind in ("Federated", "CanonicalUser")
    if name == "*" or re.fullmatch(r"\d{12}", name):
        return True
    person = _PERSON.fullmatch(name)
    if person is None:
        return name.startswith(("AROA", "AIDA"))  # what AWS makes of a principal that was deleted
    ours = person[1] == account_id and ":iam:" in name and not name.endswith(":root")
    return not ours or exists(name)


def _of_actions(statement: Mapping[str, Any], call: Call) -> Iterator[str]:
    """A trust policy speaks of STS only, a bucket's of S3."""
    actions = [str(each) for each in as_list(statement.get("Action") or statement.get("NotAction") or [])]
    if call.service == "iam" and any(not each.lower().startswith("sts:") for each in actions):
        yield "AssumeRole policy may only specify STS AssumeRole actions."
    if call.service != "s3":
        return
    if any(each != "*" and not each.lower().startswith("s3:") for each in actions):
        yield "Policy has invalid action"
    bucket = f"arn:aws:s3:::{call.bound.get('Bucket', '')}"
    resources = map(str, as_list(statement.get("Resource") or statement.get("NotResource") or []))
    if any(each != "*" and not _of_bucket(each, bucket) for each in resources):
        yield "Policy has invalid resource"


def _of_bucket(resource: str, bucket: str) -> bool:
    if not resource.startswith("arn:aws:s3:::"):
        return False
    name = resource.partition("/")[0]
    if "*" in name or "?" in name or "$" in name:
        return True
    return name == bucket
