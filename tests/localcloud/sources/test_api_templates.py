"""Templates, URIs, CORS and queue parameters of APIs, without a cloud: tables that say what they do."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.localcloud.sources.apis.cors import Cors, origin_headers
from labkit.localcloud.sources.apis.http_apis import queues
from labkit.localcloud.sources.apis.lambda_uris import function_arn, is_function_uri
from labkit.localcloud.sources.apis.rest_apis import templates
from labkit.localcloud.sources.apis.visit import Visit

GIVEN = templates.Input(
    '{"name": "Ada & co", "list": [{"n": 1}], "quote": "it\'s \\"so\\""}',
    {"id": "7", "X-Mine": "yes"},
    {"requestId": "r-1", "stage": "dev"},
    {"color": "blue"},
)


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("plain # text, 5 $", None),
        ("plain # text", "plain # text"),
        ("Action=SendMessage&MessageBody=$input.path('$.name')", "Action=SendMessage&MessageBody=Ada & co"),
        ("$util.urlEncode($input.path('$.name'))", "Ada+%26+co"),
        ("$input.json('$.list[0]')", '{"n": 1}'),
        ("$input.json('$.name')", '"Ada & co"'),
        ("$input.json('$.nothing')|$input.path('$.nothing')|", '""||'),
        ("$input.json('$')", GIVEN.body),
        ("$util.escapeJavaScript($input.path('$.quote'))", 'it\\\'s \\"so\\"'),
        ("$util.base64Encode($input.params('id')).", "Nw==."),
        ("[$util.base64Decode($input.params('id'))]", "[]"),
        ('$input.params("X-Mine")/$context.requestId/$stageVariables.color', "yes/r-1/blue"),
        ("$input.bodyguard", None),
        ("#set($x = 1)", None),
        ("#if($x)yes#end", None),
        ("## a comment", None),
        ("$util.parseJson($input.body)", None),
        ("$context.authorizer", None),
        ("$input.path('$..name')", None),
        ("$util.urlEncode($input.body", None),
        ("${input.body}", None),
    ],
)
def test_a_template_is_text_with_references_or_is_refused(template: str, made: str | None) -> None:
    if made is None:
        with pytest.raises(templates.BadTemplate):
            templates.parse(template)
    else:
        assert templates.render(template, GIVEN) == made


ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
PATH = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"


@pytest.mark.parametrize(
    ("uri", "arn"),
    [
        (ARN, ARN),
        (f"{ARN}:live", f"{ARN}:live"),
        (PATH.format(ARN), ARN),
        (PATH.format(ARN[:-1] + "${stageVariables.target}:${stageVariables.alias}"), f"{ARN}:live"),
        (ARN[:-1] + "${stageVariables.unset}", None),
        ("f", None),
        ("arn:aws:apigateway:us-east-1:sqs:path/123456789012/q", None),
    ],
)
def test_an_integrations_uri_names_a_function(uri: str, arn: str | None) -> None:
    assert function_arn(uri, {"target": "f", "alias": "live"}) == arn
    assert is_function_uri(uri) is (arn is not None or "${" in uri)


@pytest.mark.parametrize(
    ("allowed", "credentials", "origin", "answered"),
    [
        (("*",), False, "https://a.example", "*"),
        (("https://a.example",), False, "https://a.example", "https://a.example"),
        (("https://a.example",), False, "https://a.example.evil", None),
        (("https://a.example",), False, "http://a.example", None),
        (("https://*",), False, "https://b.example:8443", "https://b.example:8443"),
        (("*",), True, "https://a.example", "https://a.example"),
        ((), False, "https://a.example", None),
        (("*",), False, None, None),
    ],
)
def test_an_origin_is_let_in_or_gets_no_header(
    allowed: tuple[str, ...], credentials: bool, origin: str | None, answered: str | None
) -> None:
    headers = [("Origin", origin)] if origin is not None else []
    visit = Visit("GET", "/", "", headers, b"", "id", "domain", "request", 0.0, "Root=1-0-0")
    made = dict(origin_headers(Cors(origins=allowed, credentials=credentials), visit))
    assert made.get("access-control-allow-origin") == answered


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"QueueUrl": "http://x/1/q", "MessageBody": "$request.body"}, None),
        ({"QueueUrl": "http://x/1/q", "MessageBody": "$request.body.a.b", "MessageGroupId": "g"}, None),
        ({"QueueUrl": "http://x/1/q"}, "MessageBody"),
        ({"QueueUrl": "http://x/1/q", "MessageBody": "$request.nothing"}, "nothing"),
        ({"QueueUrl": "http://x/1/q", "MessageBody": "b", "MessageAttributes": "{}"}, "MessageAttributes"),
    ],
)
def test_what_a_queue_integration_takes(parameters: dict[str, Any], wrong: str | None) -> None:
    told = queues.problem(parameters)
    assert (told is None) if wrong is None else (wrong in str(told))
