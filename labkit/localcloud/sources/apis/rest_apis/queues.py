"""The integration with Amazon SQS: a request becomes a message, without a function. Pure but for the call.

Source: API Gateway guide, "Tutorial: Create a REST API with an AWS integration"; SQS API reference.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from labkit.localcloud.front import Answer
from labkit.localcloud.sources.apis.aws_calls import AwsCalls
from labkit.localcloud.sources.apis.rest_apis import mappings
from labkit.localcloud.sources.apis.rest_apis.checks import SQS_URI
from labkit.localcloud.sources.apis.rest_apis.model import Integration
from labkit.localcloud.sources.apis.visit import Pairs

# What SQS's JSON answers have where there is nothing to tell.
_NULLS = ("MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "SequenceNumber")


async def send(
    calls: AwsCalls, integration: Integration, known: Mapping[str, str], body: str
) -> tuple[int, Pairs, str]:
    """What SQS answers: status, headers and a body in JSON, as API Gateway asks for it.

    Args:
        known: the request's parameters, by the names that mappings use.
        body: what the template made of the request.

    Raises:
        NotDelivered: the role cannot be assumed.
    """
    uri = SQS_URI.fullmatch(integration.uri)
    assert uri is not None and integration.role_arn is not None  # checked when it was put
    headers, query = _mapped(integration, known)
    if uri["action"]:
        query["Action"] = uri["action"]
    if query:
        # SQS reads parameters from the query string and from a form alike; a body without a template is none.
        body = "&".join([urlencode(query), *([body] if integration.templates else [])])
    answer = await calls(
        integration.role_arn,
        uri["region"],
        "sqs",
        f"/{uri['path'] or ''}",
        list(headers.items()),
        body.encode(),
    )
    return answer.status, answer.headers, _as_json(answer)


def _mapped(integration: Integration, known: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    headers, query = {"Content-Type": "application/json", "Accept": "application/json"}, {}
    for place, source in integration.parameters.items():
        _, _, kind, name = place.split(".", 3)
        value = mappings.value(source, known)
        if value is None:
            continue
        if kind == "header":
            headers = {key: text for key, text in headers.items() if key.lower() != name.lower()}
            headers[name] = value
        elif kind == "querystring":
            query[name] = value
    return headers, query


def _as_json(answer: Answer) -> str:
    text = answer.body.decode("utf-8", "replace")
    if not text.lstrip().startswith("<"):
        return text
    root = ElementTree.fromstring(text)
    name = _plain(root.tag)
    made = _tree(root)
    if name == "SendMessageResponse":
        result = made.get("SendMessageResult") or {}
        made["SendMessageResult"] = {**dict.fromkeys(_NULLS), **result}
        return json.dumps({name: made})
    return json.dumps(made)


def _tree(element: ElementTree.Element) -> Any:
    children = list(element)
    return {_plain(child.tag): _tree(child) for child in children} if children else element.text


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]
