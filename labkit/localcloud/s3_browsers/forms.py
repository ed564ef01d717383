"""Uploads by an HTML form: the PutObject that a signed form stands for, and what the browser is told.

Source: S3 API reference, "POST Object".
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.identities import Identity
from labkit.localcloud.permissions import denial
from labkit.localcloud.permissions.requests import path_style
from labkit.localcloud.s3_browsers.conditions import FormRefused as FormRefused
from labkit.localcloud.s3_browsers.conditions import check_policy, signer_of

OPERATION = "PostObject"  # no operation of the model: S3's name for it in events
_HEADERS = ("content-type", "cache-control", "content-disposition", "content-encoding", "expires")
_AMZ = (
    "x-amz-meta-", "x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-website-redirect-location",
)  # fmt: skip
_DONE = ("200", "201", "204")


@dataclass(frozen=True)
class Upload:
    """A form that was signed and holds; ``put`` is the request that it stands for."""

    put: Request
    signer: Identity
    access_key_id: str
    region: str
    bucket: str
    key: str
    done: str
    redirect: str | None


def is_form(request: Request) -> bool:
    """Whether a request is a form upload, which brings its signature among its fields."""
    return (
        request.method == "POST"
        and (request.header("content-type") or "").startswith("multipart/form-data")
        and request.header("authorization") is None
    )


def read(request: Request, lookup: Callable[[str], Identity | None]) -> Upload:
    """The upload that a form asks for.

    Raises:
        FormRefused: with S3's error.
    """
    fields, name, content = _parse(request)
    bucket = path_style(request.header("host") or "", request.raw_path).strip("/")
    if "key" not in fields:
        message = (
            "Bucket POST must contain a field named 'key'.  "
            "If it is specified, please check the order of the fields."
        )
        raise FormRefused("InvalidArgument", message)
    fields["key"] = fields["key"].replace("${filename}", name)
    signer, key_id, region = signer_of(fields, lookup)
    check_policy(fields, bucket, len(content))
    put = Request("PUT", f"/{bucket}/{quote(fields['key'])}", "", _headers(request, fields), content)
    redirect = fields.get("success_action_redirect") or fields.get("redirect")
    done = fields.get("success_action_status", "204")
    return Upload(
        put, signer, key_id, region, bucket, fields["key"], done if done in _DONE else "204", redirect
    )


def told(upload: Upload, put: Answer, endpoint: str) -> Answer:
    """What the browser gets once the object is there."""
    etag = next((value for name, value in put.headers if name.lower() == "etag"), "")
    location = f"{endpoint}/{upload.bucket}/{quote(upload.key)}"
    headers = [(name, value) for name, value in put.headers if not name.lower().startswith("content-")]
    if upload.redirect:
        parts = urlsplit(upload.redirect)
        query = [*parse_qsl(parts.query), ("bucket", upload.bucket), ("key", upload.key), ("etag", etag)]
        return Answer(303, [*headers, ("Location", urlunsplit(parts._replace(query=urlencode(query))))], b"")
    headers.append(("Location", location))
    if upload.done != "201":
        return Answer(int(upload.done), headers, b"")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<PostResponse><Location>{escape(location)}</Location><Bucket>{upload.bucket}</Bucket>"
        f"<Key>{escape(upload.key)}</Key><ETag>{escape(etag)}</ETag></PostResponse>"
    )
    return Answer(201, [*headers, ("Content-Type", "application/xml")], body.encode())


def refused(problem: FormRefused, request: Request) -> Answer:
    """S3's XML for a form that it does not take."""
    asked = denial.Asked.of("s3", request.method, dict(request.headers), "")
    answer = denial.refused(problem.code, problem.message, problem.status, asked)
    return Answer(answer.status, list(answer.headers.items()), answer.body)


def _parse(request: Request) -> tuple[dict[str, str], str, bytes]:
    """Fields by their names in lower case, and the file's name and content."""
    from werkzeug.formparser import MultiPartParser  # with moto: forms are rare
    from werkzeug.http import parse_options_header

    _, options = parse_options_header(request.header("content-type"))
    try:
        form, files = MultiPartParser(max_form_memory_size=None).parse(
            io.BytesIO(request.body), options.get("boundary", "").encode(), len(request.body)
        )
    except ValueError as problem:
        message = f"The body of your POST request is not well-formed multipart/form-data. ({problem})"
        raise FormRefused("MalformedPOSTRequest", message) from None
    fields = {name.lower(): value for name, value in form.items()}
    uploads = files.getlist("file")
    if len(uploads) == 1:
        return fields, uploads[0].filename or "", uploads[0].read()
    if not uploads and "file" in fields:  # a field without a file name
        return fields, "", fields.pop("file").encode()
    raise FormRefused("InvalidArgument", "POST requires exactly one file upload per request.")


def _headers(request: Request, fields: dict[str, str]) -> list[tuple[str, str]]:
    """The headers that PutObject would have."""
    port = (request.header("host") or "").partition(":")[2]
    headers = [("host", f"127.0.0.1:{port}")]  # where the path has the bucket
    headers += [(name, fields[name]) for name in _HEADERS if name in fields]
    headers += [(name, value) for name, value in fields.items() if name.startswith(_AMZ)]
    if "acl" in fields:
        headers.append(("x-amz-acl", fields["acl"]))
    if "tagging" in fields:
        headers.append(("x-amz-tagging", _tagging(fields["tagging"])))
    return headers


def _tagging(text: str) -> str:
    """The XML of the field as the header has it."""
    try:
        tags = ElementTree.fromstring(text).iter("Tag")
        return urlencode([(tag.findtext("Key", ""), tag.findtext("Value", "")) for tag in tags])
    except ElementTree.ParseError:
        message = "The XML you provided was not well-formed or did not validate against our published schema"
        raise FormRefused("MalformedXML", message) from None
