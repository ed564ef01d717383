"""An AWS request as it came over the wire: its protocol and its parameters, without any service model.

Protocols: AWS JSON (X-Amz-Target), query and EC2 (Action=...), Smithy RPC v2 CBOR, REST-JSON and REST-XML.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.parsers import BaseCBORParser, ResponseParserError

from labkit.localcloud.permissions.errors import RequestUnclear

Protocol = Literal["json", "query", "ec2", "cbor", "rest-json", "rest-xml"]

_FORM = "application/x-www-form-urlencoded"
_REST_XML = frozenset({"s3", "s3express", "s3-outposts", "route53", "cloudfront"})
_QUERY = frozenset(
    {
        "",
        "autoscaling",
        "cloudformation",
        "cloudsearch",
        "ec2",
        "elasticache",
        "elasticbeanstalk",
        "elasticloadbalancing",
        "iam",
        "monitoring",
        "rds",
        "redshift",
        "sdb",
        "ses",
        "sns",
        "sqs",
        "sts",
    }
)


def protocol_of(service: str, headers: Mapping[str, str], raw_query: str) -> Protocol:
    """The protocol of a request.

    Args:
        service: the signing name, in lower case; ``""`` when the request is not signed.
        headers: names in lower case.
    """
    if "smithy-protocol" in headers:
        return "cbor"
    if "x-amz-target" in headers:
        return "json"
    if service in _REST_XML:
        return "rest-xml"
    if service in _QUERY:
        form = headers.get("content-type", "").startswith(_FORM)
        if form or raw_query.startswith("Action=") or "&Action=" in raw_query:
            return "ec2" if service == "ec2" else "query"
    return "rest-json"


@dataclass(frozen=True)
class Wire:
    """A request and its service. ``headers`` have names in lower case; path and query are still encoded."""

    service: str
    region: str
    protocol: Protocol
    method: str
    host: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The query string, decoded."""
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.raw_query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        return query

    @cached_property
    def operation(self) -> str | None:
        """The operation that RPC protocols name; None for REST, where the path tells.

        Raises:
            RequestUnclear: it names none, or two.
        """
        if self.protocol in ("rest-json", "rest-xml"):
            named = self.query.get("Action")
            if named and "X-Amz-Algorithm" not in self.query and self.protocol == "rest-json":
                raise RequestUnclear(
                    f"The parameter Action={named[0]} does not belong in a call of {self.service}."
                )
            return None
        if self.protocol in ("query", "ec2"):
            named = [*self.query.get("Action", []), *self.form.get("Action", [])]
        else:
            form = self.headers.get("content-type", "").startswith(_FORM)
            if form or "Action" in self.query:
                raise RequestUnclear("A request with X-Amz-Target cannot have a form or an Action too.")
            named = [self._target]
        if len(set(named)) != 1 or not named[0]:
            raise RequestUnclear(
                f"A call of {self.service} must name one operation; it names {named or 'none'}."
            )
        return named[0]

    @property
    def _target(self) -> str:
        if self.protocol == "cbor":
            return self.raw_path.rstrip("/").rpartition("/")[2]
        return self.headers["x-amz-target"].rpartition(".")[2]

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """The form of a query protocol's body."""
        form: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True):
            form.setdefault(name, []).append(value)
        return form

    @cached_property
    def body_params(self) -> dict[str, Any]:
        """The parameters in the body. A REST body that is not understood has none; its service will complain.

        Raises:
            RequestUnclear: the body of an RPC protocol is not what the protocol wants.
        """
        if self.protocol in ("query", "ec2"):
            flat = {
                **{name: values[0] for name, values in self.query.items()},
                **{name: values[0] for name, values in self.form.items()},
            }
            return unflatten(flat)
        if self.protocol == "rest-xml":
            return _xml_params(self.body)
        try:
            params = _cbor(self.body) if self.protocol == "cbor" else json.loads(self.body or b"{}")
        except (ValueError, ResponseParserError, KeyError):
            params = None
        if isinstance(params, dict):
            return params
        if self.protocol == "rest-json":
            return {}
        raise RequestUnclear(f"The body of {self.service} {self.operation} is not a map of parameters.")


def unflatten(flat: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of the query protocol as nested data.

    ``A.member.1.B=x`` becomes ``{"A": [{"B": "x"}]}``; ``A.entry.1.key=k`` with ``.value=v`` becomes
    ``{"A": {"k": "v"}}``.
    """
    root: dict[str, Any] = {}
    for name, value in flat.items():
        node = root
        *path, last = [part for part in name.split(".") if part not in ("member", "entry")]
        for part in path:
            child = node.setdefault(part, {})
            node = child if isinstance(child, dict) else {}
        node[last] = value
    return {name: _fold_numbers(value) for name, value in root.items()}


def _fold_numbers(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    folded = {name: _fold_numbers(value) for name, value in node.items()}
    if not folded or not all(name.isdecimal() for name in folded):
        return folded
    items = [folded[name] for name in sorted(folded, key=int)]
    if all(isinstance(item, dict) and {*item} == {"key", "value"} for item in items):
        return {item["key"]: item["value"] for item in items}
    return items


def _xml_params(body: bytes) -> dict[str, Any]:
    if not body.lstrip().startswith(b"<"):
        return {}
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return {}
    value = _xml_value(root)
    return {_tag(root): value} if isinstance(value, dict) else {}


def _xml_value(node: ElementTree.Element) -> Any:
    children: dict[str, list[Any]] = {}
    for child in node:
        children.setdefault(_tag(child), []).append(_xml_value(child))
    if not children:
        return node.text or ""
    return {name: values if len(values) > 1 else values[0] for name, values in children.items()}


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _cbor(body: bytes) -> Any:
    if not body:
        return {}
    parser = BaseCBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


def cbor_text_map(items: Mapping[str, str]) -> bytes:
    """A CBOR map of texts (RFC 8949), all that an error needs."""
    out = io.BytesIO()
    out.write(_cbor_head(5, len(items)))
    for pair in items.items():
        for text in pair:
            encoded = text.encode()
            out.write(_cbor_head(3, len(encoded)) + encoded)
    return out.getvalue()


def _cbor_head(major: int, length: int) -> bytes:
    if length < 24:
        return bytes([major << 5 | length])
    size, code = (1, 24) if length < 256 else (2, 25) if length < 65536 else (4, 26)
    return bytes([major << 5 | code]) + length.to_bytes(size, "big")
