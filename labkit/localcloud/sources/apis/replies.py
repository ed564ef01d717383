"""What a function's answer means as HTTP: format 1.0 to the letter, format 2.0 with its inference."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from labkit.localcloud.front import Answer
from labkit.localcloud.sources.apis.visit import Pairs

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_V1_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer that a function gave. ``base64``: the body came encoded and is still so."""

    status: int
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    base64: bool = False

    def has(self, name: str) -> bool:
        """Whether there is a header of this (lower-case) name."""
        return any(key.lower() == name for key, _ in self.headers)


class Malformed(Exception):
    """The function's answer is no HTTP response. The text says why."""


def read_v1(payload: bytes) -> Reply:
    """An answer in format 1.0, its body not yet decoded: REST APIs decode only for binary media types.

    Raises:
        Malformed: not an object, members that the format does not have, or values of the wrong type.
    """
    answer = _load(payload)
    if not isinstance(answer, dict):
        raise Malformed("the answer is no JSON object")
    if unknown := answer.keys() - _V1_MEMBERS:
        raise Malformed(f"the format has no {', '.join(sorted(unknown))}")
    headers = _headers(answer.get("headers"))
    for name, values in _mapping(answer.get("multiValueHeaders"), "multiValueHeaders").items():
        if not isinstance(values, list):
            raise Malformed(f"multiValueHeaders: {name} is no list")
        headers = [pair for pair in headers if pair[0].lower() != name.lower()]
        headers += [(name, _text(value)) for value in values]
    body = answer.get("body")
    if body is not None and not isinstance(body, str):
        raise Malformed("body is no string: use json.dumps")
    encoded = bool(answer.get("isBase64Encoded"))
    return Reply(_status(answer.get("statusCode", 200)), headers, (body or "").encode(), encoded)


def read_v2(payload: bytes, *, objects_as_body: bool = False) -> Reply:
    """An answer in format 2.0. Whatever has no statusCode is itself the body of a 200.

    Args:
        objects_as_body: function URLs write a body that is an object as JSON; HTTP APIs refuse it.

    Raises:
        Malformed: a statusCode, headers, cookies or body that cannot be sent.
    """
    answer = _load(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        text = answer if isinstance(answer, str) else payload.decode()
        return Reply(200, [("content-type", "application/json")], text.encode())
    headers = _headers(answer.get("headers")) + _cookies(answer)
    body = answer.get("body")
    if objects_as_body and isinstance(body, (dict, list)):
        body = json.dumps(body, separators=(",", ":"))
    if body is not None and not isinstance(body, str):
        raise Malformed("body is no string: use json.dumps")
    encoded = bool(answer.get("isBase64Encoded"))
    return decoded(Reply(_status(answer["statusCode"]), headers, (body or "").encode(), encoded))


def read_metadata(text: bytes) -> Reply:
    """Status, headers and cookies that stand before a streamed body.

    Raises:
        Malformed: they are no JSON object, or cannot be sent.
    """
    answer = _load(text)
    if not isinstance(answer, dict):
        raise Malformed("the metadata are no JSON object")
    headers = _headers(answer.get("headers")) + _cookies(answer)
    return Reply(_status(answer.get("statusCode", 200)), headers)


def decoded(reply: Reply) -> Reply:
    """The reply with its body's bytes.

    Raises:
        Malformed: the body is no base64.
    """
    if not reply.base64:
        return reply
    try:
        return Reply(reply.status, reply.headers, base64.b64decode(reply.body, validate=True))
    except binascii.Error:
        raise Malformed("body is no base64, and isBase64Encoded says so") from None


def stamped(answer: Answer, headers: Pairs) -> Answer:
    """The answer with these headers in place of any of the same names."""
    names = {name.lower() for name, _ in headers}
    kept = [pair for pair in answer.headers if pair[0].lower() not in names]
    return replace(answer, headers=kept + headers)


def _load(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        raise Malformed("the answer is no JSON") from None


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError):
        raise Malformed(f"statusCode {value!r} is no number") from None
    if isinstance(value, bool) or not 200 <= status <= 599:
        raise Malformed(f"statusCode {value!r} is none that ends a request")
    return status


def _headers(value: Any) -> Pairs:
    return [(name, _text(each)) for name, each in _mapping(value, "headers").items()]


def _cookies(answer: dict[str, Any]) -> Pairs:
    cookies = answer.get("cookies") or []
    if not isinstance(cookies, list):
        raise Malformed("cookies is no list")
    return [("set-cookie", _text(cookie)) for cookie in cookies]


def _mapping(value: Any, name: str) -> dict[str, Any]:
    """Headers by name; a name that is none of HTTP's would break the answer's lines."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{name} is no object")
    for header in value:
        if not _NAME.fullmatch(header):
            raise Malformed(f"{name}: {header!r} is no name of a header")
    return value


def _text(value: Any) -> str:
    """A header's value on one line: a line break would end the header."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        raise Malformed("a header's value is no string")
    return " ".join(str(value).splitlines()) if value is not None else ""
