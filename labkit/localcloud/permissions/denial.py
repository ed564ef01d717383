"""Refusals as HTTP answers in the protocol of the service that was asked, with the names it uses.

For denied calls, bad signatures, requests that cannot be read, and policies that cannot be decided. Sources:
each service's API reference, "Common errors"; S3 API reference, "Error responses"; Smithy protocol pages.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from labkit.localcloud.permissions.decide import Denial
from labkit.localcloud.permissions.errors import PolicyUnsupported, RequestUnclear
from labkit.localcloud.permissions.wire import Protocol, cbor_text_map, protocol_of
from labkit.localcloud.signing import errors as signing

# Services that moved from the query to the JSON protocol and still send the old error code along.
_QUERY_COMPATIBLE = frozenset({"sqs", "monitoring"})

_NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
    "sqs": "http://queue.amazonaws.com/doc/2012-11-05/",
    "monitoring": "http://monitoring.amazonaws.com/doc/2010-08-01/",
    "cloudformation": "http://cloudformation.amazonaws.com/doc/2010-05-15/",
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, ready to be sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request that is refused, perhaps before it was understood.

    Attributes:
        service: the signing name in lower case, ``""`` when unknown.
        head: a HEAD request, which gets no body.
    """

    service: str
    protocol: Protocol
    head: bool = False
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(cls, service: str, method: str, headers: Mapping[str, str], raw_query: str) -> Asked:
        """Reads protocol and method of any request; header names in any case."""
        folded = {name.lower(): value for name, value in headers.items()}
        service = service.lower()
        return cls(service, protocol_of(service, folded, raw_query), method.upper() == "HEAD")


def access_denied(denial: Denial, asked: Asked) -> Answer:
    """The answer to a call that policies do not allow."""
    message = denial.message
    if asked.service == "execute-api":  # which shows the account of the API to nobody
        message = message.replace(denial.resource, _masked(denial.resource))
    code = "AccessDenied"
    if asked.service == "sns":
        code = "AuthorizationError"
    elif asked.service == "ec2":
        code = "UnauthorizedOperation"
    elif asked.service not in _QUERY_COMPATIBLE and asked.protocol in ("json", "cbor", "rest-json"):
        code = "AccessDeniedException"
    return _answer(asked, code, message, 403)


def bad_signature(error: signing.SigningError, asked: Asked) -> Answer:
    """The answer to a request whose signature is missing or wrong."""
    if asked.protocol == "rest-xml":
        code, status, message = _S3_NAMES[error.kind]
        return _answer(asked, code, message or str(error), status)
    modern = asked.protocol in ("json", "cbor", "rest-json") and asked.service not in _QUERY_COMPATIBLE
    code = (_MODERN_NAMES if modern else _QUERY_NAMES)[error.kind]
    status = 400 if error.kind in (signing.INCOMPLETE, signing.UNSUPPORTED) else 403
    return _answer(asked, code, str(error), status)


def unclear(error: RequestUnclear, asked: Asked) -> Answer:
    """The answer to a request that is no API call."""
    if asked.protocol == "rest-xml":
        return _answer(asked, "MethodNotAllowed", str(error), 405)
    modern = asked.protocol in ("json", "cbor", "rest-json")
    return _answer(asked, "UnknownOperationException" if modern else "InvalidAction", str(error), 404)


def undecidable(error: PolicyUnsupported, asked: Asked) -> Answer:
    """The answer when a policy says something that the local cloud does not support: refused, and why."""
    return _answer(asked, "PolicyUnsupported", str(error), 403)


def refused(code: str, message: str, status: int, asked: Asked) -> Answer:
    """Any other error of a service that does not answer for itself."""
    return _answer(asked, code, message, status)


_MODERN_NAMES = {
    signing.MISSING_TOKEN: "MissingAuthenticationTokenException",
    signing.INCOMPLETE: "IncompleteSignatureException",
    signing.UNKNOWN_KEY: "UnrecognizedClientException",
    signing.BAD_TOKEN: "UnrecognizedClientException",
    signing.EXPIRED_TOKEN: "ExpiredTokenException",
    signing.MISMATCH: "InvalidSignatureException",
    signing.SKEWED: "InvalidSignatureException",
    signing.PRESIGNED_EXPIRED: "InvalidSignatureException",
    signing.UNSIGNED_HEADERS: "InvalidSignatureException",
    signing.BODY_MISMATCH: "InvalidSignatureException",
    signing.UNSUPPORTED: "IncompleteSignatureException",
}
_QUERY_NAMES = {
    signing.MISSING_TOKEN: "MissingAuthenticationToken",
    signing.INCOMPLETE: "IncompleteSignature",
    signing.UNKNOWN_KEY: "InvalidClientTokenId",
    signing.BAD_TOKEN: "InvalidClientTokenId",
    signing.EXPIRED_TOKEN: "ExpiredToken",
    signing.MISMATCH: "SignatureDoesNotMatch",
    signing.SKEWED: "SignatureDoesNotMatch",
    signing.PRESIGNED_EXPIRED: "SignatureDoesNotMatch",
    signing.UNSIGNED_HEADERS: "SignatureDoesNotMatch",
    signing.BODY_MISMATCH: "SignatureDoesNotMatch",
    signing.UNSUPPORTED: "IncompleteSignature",
}
_S3_NAMES = {
    signing.MISSING_TOKEN: ("AccessDenied", 403, "Access Denied"),
    signing.INCOMPLETE: ("AuthorizationHeaderMalformed", 400, ""),
    signing.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    signing.BAD_TOKEN: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    signing.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    signing.MISMATCH: (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    ),
    signing.SKEWED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    signing.PRESIGNED_EXPIRED: ("AccessDenied", 403, "Request has expired"),
    signing.UNSIGNED_HEADERS: (
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
    ),
    signing.BODY_MISMATCH: ("XAmzContentSHA256Mismatch", 400, ""),
    signing.UNSUPPORTED: ("InvalidRequest", 400, ""),
}


def _answer(asked: Asked, code: str, message: str, status: int) -> Answer:
    headers = {"x-amzn-RequestId": asked.request_id}
    if asked.protocol == "rest-xml":
        headers = {"x-amz-request-id": asked.request_id, "x-amz-id-2": asked.request_id}
        body = _s3_xml(asked, code, message)
        return Answer(status, {**headers, "Content-Type": "application/xml"}, b"" if asked.head else body)
    if asked.protocol in ("query", "ec2"):
        write = _ec2_xml if asked.protocol == "ec2" else _query_xml
        return Answer(status, {**headers, "Content-Type": "text/xml"}, write(asked, code, message))
    if asked.protocol == "rest-json":
        headers |= {"Content-Type": "application/json", "x-amzn-ErrorType": code}
        return Answer(status, headers, json.dumps({"Message": message}).encode())
    if asked.service in _QUERY_COMPATIBLE:
        headers["x-amzn-query-error"] = f"{code};Sender"
        code = _MODERN_CODE.get(code, code)
    else:
        status = 400 if status == 403 else status  # RPC protocols answer 400 for all errors of the caller
    if asked.protocol == "cbor":
        headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Answer(status, headers, cbor_text_map({"__type": code, "message": message}))
    version = "1.0" if asked.service in _JSON_1_0 else "1.1"
    headers["Content-Type"] = f"application/x-amz-json-{version}"
    text = {"__type": f"com.amazon.coral.service#{code}", "Message": message}
    return Answer(status, headers, json.dumps(text).encode())


_JSON_1_0 = frozenset({"dynamodb", "sqs", "states", "monitoring"})
_MODERN_CODE = {"AccessDenied": "AccessDeniedException"}


def _query_xml(asked: Asked, code: str, message: str) -> bytes:
    namespace = _NAMESPACES.get(asked.service, f"http://{asked.service}.amazonaws.com/doc/")
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{asked.request_id}</RequestId></ErrorResponse>"
    ).encode()


def _ec2_xml(asked: Asked, code: str, message: str) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        f"</Errors><RequestID>{asked.request_id}</RequestID></Response>"
    ).encode()


def _s3_xml(asked: Asked, code: str, message: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message><RequestId>{asked.request_id}</RequestId>"
        f"<HostId>{asked.request_id}</HostId></Error>"
    ).encode()


def _masked(arn: str) -> str:
    parts = arn.split(":", 5)
    return ":".join([*parts[:4], f"********{parts[4][-4:]}", *parts[5:]]) if len(parts) == 6 else arn
