"""What no table can say: actions that depend on the parameters, and APIs whose actions are HTTP methods."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from labkit.localcloud.permissions.templates import Scope, dig
from labkit.localcloud.permissions.wire import Wire

Pairs = list[tuple[str, str]]
"""Actions with their resource ARNs."""

_STATEMENT = re.compile(
    r"\s*(SELECT|EXISTS|INSERT|UPDATE|DELETE)\b.*?(?:\bFROM|\bINTO|\bUPDATE|(?<=UPDATE))\s+"
    r"(?:\"([^\"]+)\"|([\w.-]+?))(?:\.(?:\"([^\"]+)\"|([\w-]+)))?(?=\s|$|\))",
    re.IGNORECASE | re.DOTALL,
)
_PARTIQL = {
    "SELECT": "PartiQLSelect",
    "EXISTS": "PartiQLSelect",
    "INSERT": "PartiQLInsert",
    "UPDATE": "PartiQLUpdate",
    "DELETE": "PartiQLDelete",
}

# Source: S3 user guide, "Required permissions for Amazon S3 API operations": with a version id other actions.
_VERSIONED = {
    "GetObject": "GetObjectVersion",
    "HeadObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "PutObjectAcl": "PutObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObjectAttributes": "GetObjectVersionAttributes",
}


def api_gateway(wire: Wire, operation: str, scope: Scope) -> Pairs:
    """``apigateway:POST`` on ``/restapis/...``. Source: API Gateway developer guide, access for managing."""
    path = unquote(wire.raw_path)
    if path.startswith("/v2/"):
        path = path.removeprefix("/v2")
    return [(f"apigateway:{wire.method}", f"arn:aws:apigateway:{scope.region}::{path}")]


def execute_api(wire: Wire, operation: str, scope: Scope) -> Pairs:
    """A call of a deployed API, ``/_aws/execute-api/<id>/<stage>/...`` or ``<id>.execute-api.<host>/...``."""
    path = unquote(wire.raw_path)
    if path.startswith("/_aws/execute-api/"):
        api, _, rest = path.removeprefix("/_aws/execute-api/").partition("/")
    else:
        api, rest = wire.host.partition(".")[0], path.removeprefix("/")
    stage, _, resource = rest.partition("/")
    if resource.startswith("@connections"):
        arn = f"{api}/{stage}/{wire.method}/{resource}"
        return [
            ("execute-api:ManageConnections", f"arn:aws:execute-api:{scope.region}:{scope.account_id}:{arn}")
        ]
    arn = f"{api}/{stage or '$default'}/{wire.method}/{resource}"
    return [("execute-api:Invoke", f"arn:aws:execute-api:{scope.region}:{scope.account_id}:{arn}")]


def s3(wire: Wire, operation: str, scope: Scope) -> Pairs:
    """Versions, copies and deletions of many objects; nothing for all others, which the table knows."""
    bucket = f"arn:aws:s3:::{scope.bound.get('Bucket', '')}"
    if operation in _VERSIONED and "VersionId" in scope.bound:
        return [(f"s3:{_VERSIONED[operation]}", f"{bucket}/{scope.bound['Key']}")]
    if operation in ("CopyObject", "UploadPartCopy"):
        source, _, version = str(scope.bound["CopySource"]).partition("?versionId=")
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        source = unquote(source).removeprefix("/")
        read = source if source.startswith("arn:") else f"arn:aws:s3:::{source}"
        return [("s3:PutObject", f"{bucket}/{scope.bound['Key']}"), (action, read)]
    if operation == "DeleteObjects":
        return [
            (
                "s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject",
                f"{bucket}/{each['Key']}",
            )
            for each in dig(scope.params, ("Delete", "Object"))
            if isinstance(each, Mapping) and "Key" in each
        ]
    return []


def dynamodb(wire: Wire, operation: str, scope: Scope) -> Pairs:
    """PartiQL: the statement's verb is the action, its table the resource."""
    if operation == "ExecuteStatement":
        return list(_partiql(dig(scope.params, ("Statement",)), scope))
    if operation == "BatchExecuteStatement":
        return list(_partiql(dig(scope.params, ("Statements", "Statement")), scope))
    if operation == "ExecuteTransaction":
        return list(_partiql(dig(scope.params, ("TransactStatements", "Statement")), scope))
    return []


def _partiql(statements: Iterator[Any], scope: Scope) -> Iterator[tuple[str, str]]:
    for statement in statements:
        match = _STATEMENT.match(str(statement))
        if match is None:
            yield "dynamodb:PartiQLSelect", "*"
            continue
        verb, quoted, plain, quoted_index, plain_index = match.groups()
        arn = f"arn:aws:dynamodb:{scope.region}:{scope.account_id}:table/{quoted or plain}"
        index = quoted_index or plain_index
        yield f"dynamodb:{_PARTIQL[verb.upper()]}", f"{arn}/index/{index}" if index else arn


SPECIAL: Mapping[str, Callable[[Wire, str, Scope], Pairs]] = {
    "apigateway": api_gateway,
    "execute-api": execute_api,
    "s3": s3,
    "dynamodb": dynamodb,
}
