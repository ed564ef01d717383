"""Signatures made by botocore, as boto3 and the AWS CLI make them, are accepted; anything else is refused."""

from __future__ import annotations

import asyncio
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from aiohttp import web
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.localcloud import signing
from labkit.localcloud.signing import errors

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TEMPORARY, TOKEN = "ASIAIOSFODNN7EXAMPLE", "IQoJb3JpZ2luX2VjE//+token=="
BUCKET = "photos"


@dataclass(frozen=True)
class Holder:
    secret: str
    token: str | None = None
    expires_at: float | None = None


HOLDERS = {KEY: Holder(SECRET), TEMPORARY: Holder(SECRET, TOKEN, time.time() + 86_400)}


@dataclass(frozen=True)
class Sent:
    """A request as it came over the wire."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def verify(self, now: float | None = None) -> signing.Signed[Holder]:
        return signing.verify(self.method, self.path, self.query, self.headers, self.body, HOLDERS.get, now)

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name.lower())

    def with_header(self, name: str, value: str | None) -> Sent:
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


@dataclass
class Listener:
    """A web server that keeps what it receives."""

    endpoint: str = ""
    received: list[Sent] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        headers = tuple((name.decode(), value.decode()) for name, value in request.raw_headers)
        self.received.append(Sent(request.method, path, query, headers, await request.read()))
        return web.Response(status=400, body=b"<Error><Code>Seen</Code><Message>-</Message></Error>")


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener, loop = Listener(), asyncio.new_event_loop()
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{path:.*}", listener.handle)
    runner = web.AppRunner(application)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        listener.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield listener
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def client(listener: Listener, service: str, key: str = KEY) -> Any:
    return _client(listener.endpoint, service, key)


@cache
def _client(endpoint: str, service: str, key: str) -> Any:
    token = HOLDERS[key].token
    options = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client(
        service,
        "us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=options,
    )


def sent_by(listener: Listener, call: Callable[[], Any]) -> Sent:
    listener.received.clear()
    with suppress(ClientError, BotoCoreError, ResponseParserError):
        call()
    return listener.received[-1]


ODD_KEYS = [
    "plain",
    "with space",
    "ünïcode/日本語.png",
    "double//slash",
    "/leading",
    "trailing/",
    "per%2Fcent",
    "100%",
    "plus+plus",
    "tilde~",
    "(brackets)'!*",
    "a&b=c?d#e;f",
    "dots/../up",
    "./here",
    'quote"quote',
    "colon:semi;",
    "\N{SNOWMAN}",
]
ODD_CALLS: list[tuple[str, str, dict[str, Any]]] = [
    *(("s3", "put_object", {"Bucket": BUCKET, "Key": key, "Body": b"x" * 300}) for key in ODD_KEYS),
    *(("s3", "get_object", {"Bucket": BUCKET, "Key": key, "VersionId": "null"}) for key in ODD_KEYS),
    (
        "s3",
        "put_object",
        {"Bucket": BUCKET, "Key": "meta", "Metadata": {"note": "two  spaces", "k_e_y": "v"}},
    ),
    ("s3", "list_objects_v2", {"Bucket": BUCKET, "Prefix": "", "Delimiter": "/", "StartAfter": "ä b+c"}),
    ("s3", "put_bucket_notification_configuration", {"Bucket": BUCKET, "NotificationConfiguration": {}}),
    ("s3", "list_buckets", {}),
    ("s3", "copy_object", {"Bucket": BUCKET, "Key": "b", "CopySource": {"Bucket": BUCKET, "Key": "a b+é"}}),
    ("s3", "delete_objects", {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "ä"}]}}),
    ("lambda", "invoke", {"FunctionName": "orders", "Payload": b'{"a": 1}'}),
    ("lambda", "invoke", {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:orders:live"}),
    ("lambda", "invoke", {"FunctionName": "orders", "Qualifier": "$LATEST", "LogType": "Tail"}),
    ("lambda", "list_functions", {"Marker": "a+b/c=="}),
    ("lambda", "list_tags", {"Resource": "arn:aws:lambda:us-east-1:123456789012:function:orders"}),
    ("lambda", "untag_resource", {"Resource": "arn:aws:lambda:x:1:function:o", "TagKeys": ["b", "a", "a c"]}),
    (
        "lambda",
        "list_event_source_mappings",
        {"EventSourceArn": "arn:aws:sqs:us-east-1:1:q", "FunctionName": ""},
    ),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "日本"}}}),
    ("sqs", "send_message", {"QueueUrl": "http://127.0.0.1/1/q", "MessageBody": "hello & goodbye"}),
    ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": '{"a": "b c+d"}'}),
    ("sts", "get_caller_identity", {}),
    ("apigateway", "get_resource", {"restApiId": "a b", "resourceId": "x/y"}),
    ("scheduler", "list_schedules", {"NamePrefix": "", "State": "ENABLED"}),
    ("xray", "put_trace_segments", {"TraceSegmentDocuments": ["{}"]}),
]


@pytest.mark.parametrize("key", [KEY, TEMPORARY])
@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    ODD_CALLS,
    ids=[f"{s}-{o}-{i}" for i, (s, o, _) in enumerate(ODD_CALLS)],
)
def test_what_boto3_signs_is_accepted(
    listener: Listener, service: str, operation: str, arguments: dict[str, Any], key: str
) -> None:
    """Whatever stands in the path, the query, the headers or the body."""
    caller = getattr(client(listener, service, key), operation)
    signed = sent_by(listener, lambda: caller(**arguments)).verify()
    assert (signed.access_key_id, signed.service, signed.region) == (key, service, "us-east-1")
    assert signed.signer is HOLDERS[key]


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("s3", "put_object", {"Bucket": BUCKET, "Key": "a b", "Body": b"x", "ACL": "private"}),
        ("lambda", "list_functions", {"Marker": "abc", "MaxItems": 5}),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}),
    ],
)
def test_one_changed_byte_anywhere_is_refused(
    listener: Listener, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    """Method, path, query, every signed header, the body and the signature itself."""
    caller = getattr(client(listener, service, TEMPORARY), operation)
    sent = sent_by(listener, lambda: caller(**arguments))
    sent.verify()
    signed_headers = sent.header("authorization").partition("SignedHeaders=")[2].partition(",")[0].split(";")
    changed = [replace(sent, method=sent.method[:-1])]
    changed += [replace(sent, path=other) for other in _each_byte_changed(sent.path[1:], "/")]
    changed += [replace(sent, query=other) for other in _each_byte_changed(sent.query)]
    changed += [replace(sent, body=other.encode()) for other in _each_byte_changed(sent.body.decode())]
    for name in [*signed_headers, "authorization"]:
        changed += [sent.with_header(name, other) for other in _each_byte_changed(sent.header(name))]
    for each in changed:
        with pytest.raises(errors.SigningError):
            each.verify()


def _each_byte_changed(text: str, before: str = "") -> Iterator[str]:
    for index, char in enumerate(text):
        yield before + text[:index] + chr(ord(char) ^ 1) + text[index + 1 :]


def test_order_and_case_of_headers_do_not_count(listener: Listener) -> None:
    """Only names, values and how often they occur are signed."""
    sent = sent_by(listener, lambda: client(listener, "sqs").list_queues())
    shouted = tuple((name.upper(), f"  {value} ") for name, value in reversed(sent.headers))
    replace(sent, headers=shouted).verify()


def test_repeated_headers_count_together() -> None:
    """A second value of a signed header is as wrong as another value."""
    sent = _signed(SigV4Auth, "sqs", headers={"X-Amz-Meta": "a"})
    with pytest.raises(errors.SigningError):
        replace(sent, headers=(*sent.headers, ("X-Amz-Meta", "b"))).verify()


def _signed(
    auth: Any,
    service: str,
    url: str = "http://127.0.0.1:4566/a%20b",
    body: bytes = b"body",
    key: str = KEY,
    headers: dict[str, str] | None = None,
    context: dict[str, Any] | None = None,
    **options: Any,
) -> Sent:
    """A request signed by botocore without sending it; a presigned one is signed before its body is known."""
    presigned = issubclass(auth, SigV4QueryAuth)
    method = "PUT" if presigned else "POST"
    request = AWSRequest(method, url, headers=headers or {}, data=None if presigned else body)
    request.context.update(context or {})
    holder = HOLDERS[key]
    auth(Credentials(key, holder.secret, holder.token), service, "us-east-1", **options).add_auth(request)
    target = "/" + request.url.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    host = url.partition("://")[2].partition("/")[0]
    return Sent(method, path, query, (*request.headers.items(), ("Host", host)), body)


@pytest.mark.parametrize("key", [KEY, TEMPORARY])
@pytest.mark.parametrize(("auth", "service"), [(S3SigV4QueryAuth, "s3"), (SigV4QueryAuth, "sts")])
def test_presigned_urls_are_accepted_until_they_expire(auth: Any, service: str, key: str) -> None:
    """Their lifetime counts, not the fifteen minutes of signed requests."""
    body = b"anything" if service == "s3" else b""
    sent = _signed(auth, service, "http://127.0.0.1:4566/b/k%20%2B?x=1&empty=", body, key, expires=1200)
    assert sent.verify().service == service
    later = signing.claim.epoch(sent.verify().amz_date) or 0
    sent.verify(later + 1199)
    with pytest.raises(errors.SigningError) as refused:
        sent.verify(later + 1200)
    assert refused.value.kind == errors.PRESIGNED_EXPIRED
    for name in ("X-Amz-Signature", "X-Amz-Expires", "x="):
        start = sent.query.index(name) + len(name) + 1
        digit = "0" if sent.query[start : start + 1] != "0" else "1"
        with pytest.raises(errors.SigningError):
            replace(sent, query=sent.query[:start] + digit + sent.query[start + 1 :]).verify()


@pytest.mark.parametrize("key", [KEY, TEMPORARY])
@pytest.mark.parametrize("query", ["", "?versionId=a%2Fb&response-content-type=text%2Fplain", "?acl"])
def test_old_presigned_urls_of_s3_are_accepted(key: str, query: str) -> None:
    """boto3 makes them by default; every part that they cover counts, and nothing else may be added."""
    holder, url = HOLDERS[key], f"http://127.0.0.1:4566/b/k%20%2B{query}"
    request = AWSRequest("GET", url)
    HmacV1QueryAuth(Credentials(key, holder.secret, holder.token), expires=60).add_auth(request)
    path, _, signed_query = request.url.removeprefix("http://127.0.0.1:4566").partition("?")
    sent = Sent("GET", path, signed_query, (("Host", "127.0.0.1:4566"),), b"")
    assert sent.verify().service == "s3"
    changed = [
        replace(sent, method="PUT"),
        replace(sent, path=path + "x"),
        replace(sent, query=signed_query + "&retention"),
        replace(sent, query=signed_query + "&acl=1"),
        replace(sent, query=signed_query.replace("Expires=1", "Expires=2")),
        replace(sent, query=signed_query.replace(key, "AKIANOBODY")),
        sent.with_header("x-amz-acl", "public-read"),
        sent.with_header("Content-Type", "text/plain"),
    ]
    for each in changed:
        with pytest.raises(errors.SigningError):
            each.verify()
    with pytest.raises(errors.SigningError) as refused:
        sent.verify(time.time() + 61)
    assert refused.value.kind == errors.PRESIGNED_EXPIRED


def test_a_presigned_upload_may_have_any_body_and_no_unsigned_amz_headers() -> None:
    """S3 signs presigned URLs before the body is known; headers that S3 would act on must be signed."""
    sent = _signed(S3SigV4QueryAuth, "s3", body=b"one", expires=60)
    replace(sent, body=b"two").verify()
    with pytest.raises(errors.SigningError) as refused:
        sent.with_header("x-amz-acl", "public-read").verify()
    assert refused.value.kind == errors.UNSIGNED_HEADERS


def test_a_streamed_upload_is_checked_by_its_seed_signature() -> None:
    """The literal x-amz-content-sha256 is signed; the body's chunks are not looked at."""
    trailer = {"checksum": {"request_algorithm": {"in": "trailer", "algorithm": "crc32", "name": "x"}}}
    sent = _signed(S3SigV4Auth, "s3", "https://127.0.0.1:4566/b/k", context=trailer)
    assert sent.header("x-amz-content-sha256") == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    replace(sent, body=b"4\r\nbody\r\n0\r\n\r\n").verify()
    with pytest.raises(errors.SigningError):
        sent.with_header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD").verify()


def test_an_unsigned_payload_is_accepted_as_such() -> None:
    """S3 lets a sender leave its body unsigned."""
    unsigned = {"client_config": Config(s3={"payload_signing_enabled": False})}
    sent = _signed(S3SigV4Auth, "s3", "https://127.0.0.1/b/k", context=unsigned)
    assert sent.header("x-amz-content-sha256") == "UNSIGNED-PAYLOAD"
    replace(sent, body=b"other").verify()


def test_the_body_must_be_what_its_hash_says() -> None:
    """A right signature over a hash does not excuse another body."""
    sent = _signed(S3SigV4Auth, "s3", body=b"one")
    with pytest.raises(errors.SigningError) as refused:
        replace(sent, body=b"two").verify()
    assert refused.value.kind == errors.BODY_MISMATCH


def test_the_date_header_serves_when_there_is_no_amz_date() -> None:
    """SigV4 allows either; signed here by hand, as the documentation describes it."""
    when = time.gmtime()
    day, stamp = time.strftime("%Y%m%d", when), time.strftime("%Y%m%dT%H%M%SZ", when)
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", when)
    empty = sha256(b"").hexdigest()
    canonical = f"GET\n/\n\ndate:{date}\nhost:h\n\ndate;host\n{empty}"
    scope = f"{day}/us-east-1/sqs/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = f"AWS4{SECRET}".encode()
    for part in (*scope.split("/"), text):
        signature = hmac.digest(signature, part.encode(), "sha256")
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={KEY}/{scope},SignedHeaders=date;host,Signature={signature.hex()}"
    )
    headers = (("Date", date), ("Host", "h"), ("Authorization", authorization))
    assert Sent("GET", "/", "", headers, b"").verify().amz_date == stamp


def _refusals() -> list[tuple[str, Sent, str, float]]:
    now = time.time()
    good = _signed(SigV4Auth, "sqs")
    token = _signed(SigV4Auth, "sqs", key=TEMPORARY)
    authorization = good.header("authorization")
    scope = authorization.partition("Credential=")[2].partition(",")[0]

    def with_authorization(text: str) -> Sent:
        return good.with_header("Authorization", text)

    return [
        ("no signature at all", good.with_header("Authorization", None), errors.MISSING_TOKEN, now),
        (
            "no Credential",
            with_authorization("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00"),
            errors.INCOMPLETE,
            now,
        ),
        (
            "empty Signature",
            with_authorization(authorization.partition("Signature=")[0] + "Signature="),
            errors.INCOMPLETE,
            now,
        ),
        ("no date", good.with_header("X-Amz-Date", None), errors.INCOMPLETE, now),
        (
            "four parts of scope",
            with_authorization(authorization.replace("/aws4_request", "")),
            errors.INCOMPLETE,
            now,
        ),
        ("header and query", replace(good, query="X-Amz-Signature=00"), errors.INCOMPLETE, now),
        (
            "unknown key",
            with_authorization(authorization.replace(KEY, "AKIANOBODY")),
            errors.UNKNOWN_KEY,
            now,
        ),
        (
            "another service's scope",
            with_authorization(authorization.replace("/sqs/", "/iam/")),
            errors.MISMATCH,
            now,
        ),
        (
            "another day's scope",
            with_authorization(authorization.replace(scope[:30], scope[:21] + "20200101/")),
            errors.MISMATCH,
            now,
        ),
        ("sixteen minutes old", good, errors.SKEWED, now + 16 * 60),
        ("sixteen minutes early", good, errors.SKEWED, now - 16 * 60),
        ("token missing", token.with_header("X-Amz-Security-Token", None), errors.BAD_TOKEN, now),
        ("token of another", token.with_header("X-Amz-Security-Token", "other"), errors.BAD_TOKEN, now),
        ("token with a lasting key", good.with_header("X-Amz-Security-Token", TOKEN), errors.BAD_TOKEN, now),
        (
            "host not signed",
            with_authorization(authorization.replace("host;", "")),
            errors.UNSIGNED_HEADERS,
            now,
        ),
        (
            "target not signed",
            good.with_header("X-Amz-Target", "AmazonSQS.DeleteQueue"),
            errors.UNSIGNED_HEADERS,
            now,
        ),
        ("SigV4A", with_authorization("AWS4-ECDSA-P256-SHA256 Credential=x"), errors.UNSUPPORTED, now),
        ("Signature Version 2", with_authorization("AWS AKIA:abc="), errors.UNSUPPORTED, now),
        ("bearer token", with_authorization("Bearer abc"), errors.UNSUPPORTED, now),
        (
            "content hash is no hash",
            _signed(SigV4Auth, "sqs", headers={"X-Amz-Content-SHA256": "whatever"}),
            errors.INCOMPLETE,
            now,
        ),
    ]


@pytest.mark.parametrize(
    ("sent", "kind", "now"), [row[1:] for row in _refusals()], ids=[row[0] for row in _refusals()]
)
def test_every_other_request_is_refused_for_its_reason(sent: Sent, kind: str, now: float) -> None:
    """The kind decides the error that the caller sees."""
    with pytest.raises(errors.SigningError) as refused:
        sent.verify(now)
    assert refused.value.kind == kind, str(refused.value)


def test_an_expired_session_is_named_as_such() -> None:
    """Temporary credentials end."""
    sent = _signed(SigV4Auth, "sqs", key=TEMPORARY)
    ended = {TEMPORARY: Holder(SECRET, TOKEN, time.time() - 1)}
    with pytest.raises(errors.SigningError) as refused:
        signing.verify("POST", sent.path, sent.query, sent.headers, sent.body, ended.get)
    assert refused.value.kind == errors.EXPIRED_TOKEN


SEGMENT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    segments=st.lists(SEGMENT, max_size=4),
    pairs=st.lists(st.tuples(SEGMENT, SEGMENT), max_size=3),
    s3=st.booleans(),
)
def test_any_path_and_query_that_botocore_signs_is_accepted(
    segments: list[str], pairs: list[tuple[str, str]], s3: bool
) -> None:
    """S3 signs the path as it stands, all other services encode it twice."""
    path = "/" + "/".join(quote(segment, safe="~") for segment in segments)
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query else "")
    auth, service = (S3SigV4Auth, "s3") if s3 else (SigV4Auth, "execute-api")
    _signed(auth, service, url).verify()


@settings(max_examples=150, deadline=None)
@given(noise=st.text(max_size=60), query=st.text(max_size=60))
def test_noise_is_refused_and_never_crashes(noise: str, query: str) -> None:
    """Whatever stands in the Authorization header or the query string."""
    for headers in ({"Authorization": noise}, {"Authorization": f"AWS4-HMAC-SHA256 {noise}"}, {}):
        with pytest.raises(errors.SigningError):
            signing.verify(
                "GET", "/", f"X-Amz-Signature={query}" if not headers else "", headers, b"", HOLDERS.get
            )
