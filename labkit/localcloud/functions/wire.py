"""rest-json, as the Lambda API speaks it: from an HTTP request to operation and parameters, and back.

Knows the service model and nothing of functions. Signing, authorisation and sockets are the server's.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from botocore.model import StructureShape

from labkit.localcloud.functions import decode
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.model import error_shape, members, operation_model
from labkit.localcloud.functions.routing import match

Params = dict[str, Any]

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Request:
    """A parsed request. Blobs are bytes, header and query values have their model types."""

    operation: str
    params: Params


@dataclass(frozen=True)
class Response:
    """An HTTP answer, ready to send. With ``chunks`` the body is what they bring, as it comes."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: AsyncGenerator[bytes, None] | None = None


def parse(method: str, raw_path: str, raw_query: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Read one request.

    Args:
        raw_path: still percent-encoded.
        raw_query: the text after ``?``.
        headers: looked up with the model's spelling first, then in lower case.

    Raises:
        ServiceError: no such operation, a body that is no JSON, a value of the wrong type, a member
            that the operation does not have.
    """
    query = parse_qs(raw_query, keep_blank_values=True) if raw_query else {}
    operation, labels = match(method, raw_path, query)
    shape = operation_model(operation).input_shape
    if shape is None:
        return Request(operation, {})
    params: Params = {}
    payload = shape.serialization.get("payload")
    for name, member in members(shape).items():
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                params[name] = decode.text(member, labels[wire_name], name)
            case "querystring" if wire_name in query:
                params[name] = decode.query(member, query[wire_name], name)
            case "header" if (value := headers.get(wire_name) or headers.get(wire_name.lower())) is not None:
                params[name] = decode.text(member, value, name)
            case None if name == payload and member.type_name == "blob":
                params[name] = body
    if payload is None:
        params.update(_json_body(operation, shape, body))
    elif payload not in params:
        params[payload] = decode.json_value(members(shape)[payload], _loads(body), payload)
    return Request(operation, params)


def _json_body(operation: str, shape: StructureShape, body: bytes) -> Params:
    document = _loads(body)
    if not isinstance(document, dict):
        raise decode.wrong_type("The request body", "a JSON object", document)
    in_body = {
        name: member for name, member in members(shape).items() if "location" not in member.serialization
    }
    return decode.structure(in_body, document, operation)


def _loads(body: bytes) -> Any:
    if not body.strip():
        return {}
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise ServiceError(
            "InvalidRequestContentException", f"Could not parse request body into json: {problem}", 400
        ) from None


def respond(operation: str, output: Mapping[str, Any], request_id: str | None = None) -> Response:
    """The HTTP answer for a result.

    Args:
        output: by member name; None means absent. A member bound to the status code sets the status.
        request_id: for ``x-amzn-RequestId``; a new one is made when None.
    """
    bound = operation_model(operation)
    status = int(bound.http.get("responseCode", 200))
    headers = {"x-amzn-RequestId": request_id or str(uuid.uuid4())}
    body: dict[str, Any] = {}
    shape = bound.output_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    raw: bytes | None = None
    for name, member in members(shape).items() if shape is not None else ():
        value = output.get(name)
        if value is None:
            continue
        match member.serialization.get("location"):
            case "statusCode":
                status = int(value)
            case "header":
                headers[member.serialization["name"]] = str(value)
            case None if name == payload:
                raw = bytes(value)
            case None:
                body[name] = value
    headers.setdefault("Content-Type", JSON_TYPE)
    if status == 204:
        return Response(status, headers)
    return Response(
        status, headers, raw if payload is not None and raw is not None else _dumps(body, payload)
    )


def respond_error(error: ServiceError, request_id: str | None = None) -> Response:
    """The HTTP answer for an error; boto3 raises it as the exception of that name."""
    shape = error_shape(error.code)
    traits = dict(shape.metadata.get("error", {})) if shape is not None else {}
    status = error.status or int(traits.get("httpStatusCode", 400))
    headers = {
        "x-amzn-RequestId": request_id or str(uuid.uuid4()),
        "x-amzn-ErrorType": error.code,
        "Content-Type": JSON_TYPE,
    }
    known = members(shape) if shape is not None else {}
    body = (
        {"Type": "User" if status < 500 or "senderFault" in traits else "Service"} if "Type" in known else {}
    )
    body["Message" if "Message" in known else "message"] = error.message
    for name, value in error.members.items():
        if name in known and known[name].serialization.get("location") == "header":
            headers[known[name].serialization["name"]] = value
        else:
            body[name] = value
    return Response(status, headers, _dumps(body, None))


def _dumps(body: Mapping[str, Any], payload: str | None) -> bytes:
    if payload is not None and not body:
        return b""
    return json.dumps(body, separators=(",", ":"), default=_json_default).encode()


def _json_default(value: object) -> object:
    match value:
        case datetime():
            return value.timestamp()
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON answer")
