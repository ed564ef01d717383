"""From what a caller writes to what IAM calls it: partial ARNs, URLs, aliases, ids. Filters of templates.

Looks names up in moto's state where IAM's name has a part that the caller need not know; changes nothing.
What is not found is answered as if it were about to be created.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any
from urllib.parse import unquote

from labkit.localcloud.lessons import present
from labkit.localcloud.permissions.templates import Filter, Scope


def _held(service: str, attribute: str, scope: Scope, region: str | None = None) -> Any:
    """A collection of moto's, empty in a Region that does not exist."""
    try:
        state = present(service, scope.account_id, region or scope.region)
    except KeyError:
        return {}
    return {} if state is None else getattr(state, attribute)


def function(value: str, scope: Scope) -> str:
    """A Lambda function in any of the forms of its name, with the Qualifier parameter if there is one.

    Source: Lambda API reference, Invoke: name, name:alias, partial ARN, full ARN.
    """
    if value.startswith("arn:"):
        arn = value
    else:
        parts = value.split(":")
        if "function" in parts[:2]:
            parts = parts[parts.index("function") + 1 :]
        arn = f"arn:aws:lambda:{scope.region}:{scope.account_id}:function:{':'.join(parts)}"
    qualifier = scope.bound.get("Qualifier")
    return f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn


def queue(value: str, scope: Scope) -> str:
    """An SQS queue by its URL."""
    return value.rstrip("/").rpartition("/")[2]


def subscription(value: str, scope: Scope) -> str:
    """The topic of an SNS subscription ARN."""
    return value.rpartition(":")[0] if value.count(":") > 5 else value


def log_group(value: str, scope: Scope) -> str:
    """A log group by its name or its ARN, whose ``:*`` is dropped."""
    return value.removesuffix(":*")


def stack(value: str, scope: Scope) -> str:
    """A CloudFormation stack by its name or its id, whose last part is dropped."""
    return value.rpartition("/")[0] if value.startswith("arn:") and value.count("/") > 1 else value


def parameter(value: str, scope: Scope) -> str:
    """An SSM parameter by ARN or name, whose leading slash and ``:version`` the ARN does not have."""
    return value if value.startswith("arn:") else value.removeprefix("/").partition(":")[0]


def unquoted(value: str, scope: Scope) -> str:
    """S3's copy source: ``/bucket/key?versionId=...``, percent-encoded."""
    return unquote(value.partition("?versionId=")[0]).removeprefix("/")


def secret(value: str, scope: Scope) -> str:
    """The full ARN of a secret, with the six characters that AWS adds to its name.

    For a secret that does not exist they are written ``??????``, which ``name-??????`` and ``name-*`` match.
    """
    store = _held("secretsmanager", "secrets", scope)
    found = store.get(value)
    if found is not None:
        return str(found.arn)
    return value if value.startswith("arn:") else f"secret:{value}-??????"


def key(value: str, scope: Scope) -> str:
    """A KMS key by id, ARN, alias or alias ARN."""
    if value.startswith("arn:") and ":key/" in value:
        return value
    alias = value.rpartition(":")[2]
    if alias.startswith("alias/"):
        for held in list(_held("kms", "keys", scope).values()):
            if alias in held.aliases:
                return str(held.arn)
        return f"arn:aws:kms:{scope.region}:{scope.account_id}:{alias}"
    return f"key/{value}"


def encrypting_key(value: str, scope: Scope) -> str:
    """The KMS key of a ciphertext, whose id leads the ciphertext."""
    try:
        key_id = b64decode(value)[:36].decode("ascii")
    except (Base64Error, ValueError):
        return "key/*"
    return f"key/{key_id}"


def role(value: str, scope: Scope) -> str:
    """An IAM role by name, with its path when it exists."""
    roles = list(_held("iam", "roles", scope, "aws").values())
    return next((held.arn for held in roles if held.name == value), f"role{_path(scope)}{value}")


def user(value: str, scope: Scope) -> str:
    """An IAM user by name, with its path when it exists."""
    found = _held("iam", "users", scope, "aws").get(value)
    return str(found.arn) if found else f"user{_path(scope)}{value}"


def group(value: str, scope: Scope) -> str:
    """An IAM group by name, with its path when it exists."""
    found = _held("iam", "groups", scope, "aws").get(value)
    return str(found.arn) if found else f"group{_path(scope)}{value}"


def with_path(value: str, scope: Scope) -> str:
    """A name after the Path parameter of its creation."""
    return f"{_path(scope).removeprefix('/')}{value}"


def stream_of_iterator(value: str, scope: Scope) -> str:
    """The Kinesis stream that a shard iterator belongs to."""
    try:
        return b64decode(value).decode("utf-8").partition(":")[0]
    except (Base64Error, ValueError):
        return "*"


def stream_of_records(value: str, scope: Scope) -> str:
    """The DynamoDB stream that a shard iterator belongs to."""
    return value.partition("|")[0]


def bus(value: str, scope: Scope) -> str:
    """An event bus by name or ARN."""
    return value.rpartition("/")[2]


def rule_bus(value: str, scope: Scope) -> str:
    """A rule's bus: nothing for the default bus, whose rules are named without it."""
    name = bus(value, scope)
    return "" if name == "default" else f"{name}/"


def resource_type(value: str, scope: Scope) -> str:
    """``Parameter``, ``Document`` ... as they stand in ARNs."""
    return value.lower()


def nothing(value: str, scope: Scope) -> str:
    """For a parameter that only has to be there."""
    return ""


def _path(scope: Scope) -> str:
    return str(scope.params.get("Path") or "/")


FILTERS: dict[str, Filter] = {
    each.__name__: each
    for each in (
        bus,
        encrypting_key,
        function,
        group,
        key,
        log_group,
        nothing,
        parameter,
        queue,
        resource_type,
        role,
        rule_bus,
        secret,
        stack,
        stream_of_iterator,
        stream_of_records,
        subscription,
        unquoted,
        user,
        with_path,
    )
}
"""Filters of templates, by name."""
