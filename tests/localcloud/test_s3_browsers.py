"""What browsers do with buckets: forms that upload, and pages that read what a bucket answers."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from botocore.config import Config

BUCKET = "browsers"
WEB = urllib3.PoolManager(retries=False)
PAGE = "https://photos.example"
RULE = {
    "AllowedOrigins": [PAGE, "https://*.test.example"],
    "AllowedMethods": ["GET", "PUT", "POST"],
    "AllowedHeaders": ["content-type", "x-amz-*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 60,
}


@pytest.fixture(scope="module")
def s3(cloud: Any) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [RULE]})
    return s3


def send(form: dict[str, Any], file: tuple[str, bytes] | None = ("cat.jpg", b"meow"), **fields: str) -> Any:
    """A browser's upload, and what it is answered; ``fields`` come on top of the form's own."""
    parts: dict[str, Any] = {**form["fields"], **fields}
    if file is not None:
        parts["file"] = file
    return WEB.request("POST", form["url"], fields=parts, headers={"Origin": PAGE}, redirect=False)


@pytest.mark.parametrize("signature", ["s3v4", "s3"])
def test_a_form_uploads_what_it_was_signed_for(cloud: Any, s3: Any, signature: str) -> None:
    """With either signature; ${filename} is the file's; type and metadata are the object's."""
    signer = cloud.client("s3", config=Config(signature_version=signature))
    fields = {"Content-Type": "image/jpeg", "x-amz-meta-by": "Ann"}
    form = signer.generate_presigned_post(
        BUCKET, "in/${filename}", Fields=fields, Conditions=[{name: value} for name, value in fields.items()]
    )
    answer = send(form, ("Grüße.jpg", b"meow"))
    assert (answer.status, answer.data) == (204, b"")
    assert answer.headers["Location"].endswith(f"/{BUCKET}/in/Gr%C3%BC%C3%9Fe.jpg")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    made = s3.get_object(Bucket=BUCKET, Key="in/Grüße.jpg")
    assert made["Body"].read() == b"meow" and made["ETag"] == answer.headers["ETag"]
    assert (made["ContentType"], made["Metadata"]) == ("image/jpeg", {"by": "Ann"})


def test_the_answer_is_the_one_that_the_form_wants(s3: Any) -> None:
    """201 with a document, or a redirect that tells bucket, key and ETag."""
    wanted = {"success_action_status": "201"}
    document = send(s3.generate_presigned_post(BUCKET, "a", Fields=wanted, Conditions=[wanted]))
    assert document.status == 201 and b"<Bucket>browsers</Bucket><Key>a</Key><ETag>" in document.data
    wanted = {"success_action_redirect": f"{PAGE}/done?x=1"}
    redirect = send(s3.generate_presigned_post(BUCKET, "b", Fields=wanted, Conditions=[wanted]))
    told = parse_qs(urlsplit(redirect.headers["Location"]).query)
    assert redirect.status == 303 and {"x": ["1"], "bucket": [BUCKET], "key": ["b"]}.items() <= told.items()


REFUSED: list[tuple[dict[str, Any], dict[str, Any], int, str]] = [
    ({}, {"Content-Type": "text/html"}, 403, "Invalid according to Policy: Extra input fields: content-type"),
    ({}, {"key": "elsewhere"}, 403,
     'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "in/cat.jpg"]'),
    ({"Conditions": [["starts-with", "$Content-Type", "image/"]]}, {"Content-Type": "text/html"}, 403,
     'Invalid according to Policy: Policy Condition failed: ["starts-with", "$content-type", "image/"]'),
    ({"Conditions": [["content-length-range", 1, 3]]}, {}, 400,
     "Your proposed upload exceeds the maximum allowed size"),
    ({"Conditions": [["content-length-range", 5, 9]]}, {}, 400,
     "Your proposed upload is smaller than the minimum allowed size"),
    ({"Conditions": [["ends-with", "$key", "x"]]}, {}, 400,
     'Invalid Policy: Invalid condition: ["ends-with", "$key", "x"]'),
    ({"ExpiresIn": -5}, {}, 403, "Invalid according to Policy: Policy expired."),
    ({}, {"policy": base64.b64encode(b"{}").decode()}, 403,
     "The request signature we calculated does not match the signature you provided. "
     "Check your key and signing method."),
    ({}, {"file": None}, 400, "POST requires exactly one file upload per request."),
]  # fmt: skip


@pytest.mark.parametrize(("signed", "sent", "status", "message"), REFUSED)
def test_a_form_that_breaks_its_policy_uploads_nothing(
    cloud: Any, s3: Any, signed: dict[str, Any], sent: dict[str, Any], status: int, message: str
) -> None:
    """S3's error, in its words."""
    form = s3.generate_presigned_post(BUCKET, "in/cat.jpg", **signed)
    file = None if "file" in sent else ("cat.jpg", b"meow")
    answer = send(form, file, **{name: value for name, value in sent.items() if name != "file"})
    text = answer.data.decode().replace("&quot;", '"')
    assert answer.status == status and f"<Message>{message}</Message>" in text
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="in/cat.jpg")


def test_who_signed_a_form_must_be_allowed_to_upload(cloud: Any, s3: Any) -> None:
    """Signed by a user who may write to another bucket only."""
    iam = cloud.client("iam")
    iam.create_user(UserName="uploader")
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::elsewhere/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="uploader", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="uploader")["AccessKey"]
    signer = cloud.session().client(
        "s3",
        endpoint_url=cloud.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    answer = send(signer.generate_presigned_post(BUCKET, "in/other.jpg"))
    assert answer.status == 403 and b"is not authorized to perform: s3:PutObject" in answer.data


def preflight(url: str, origin: str | None, method: str, headers: str = "") -> Any:
    """What a browser asks before it sends a request of a page."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return WEB.request("OPTIONS", url, headers={**asked, **({"Origin": origin} if origin else {})})


@pytest.mark.parametrize(
    ("origin", "method", "headers", "status"),
    [
        (PAGE, "PUT", "content-type,x-amz-meta-by", 200),
        ("https://a.test.example", "GET", "", 200),
        ("https://other.example", "GET", "", 403),
        (PAGE, "DELETE", "", 403),
        (PAGE, "PUT", "authorization", 403),
        (None, "GET", "", 400),
    ],
)
def test_a_preflight_is_answered_by_the_buckets_rules(
    s3: Any, origin: str | None, method: str, headers: str, status: int
) -> None:
    """Unsigned, as browsers send it; origin, method and every header must be allowed by one rule."""
    url = s3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": "x"})
    answer = preflight(url, origin, method, headers)
    assert answer.status == status
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if status == 200 else None)
    if status == 200:
        assert answer.headers["Access-Control-Max-Age"] == "60"
        assert answer.headers["Access-Control-Expose-Headers"] == "ETag"


def test_a_page_reads_only_what_a_rule_lets_it_read(s3: Any) -> None:
    """The answer is the same for everybody; browsers show it to the origins that its headers name."""
    s3.put_object(Bucket=BUCKET, Key="read", Body=b"x")
    url = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "read"})
    for origin, allowed in ((PAGE, PAGE), ("https://other.example", None)):
        answer = WEB.request("GET", url, headers={"Origin": origin})
        assert answer.data == b"x" and answer.headers.get("Access-Control-Allow-Origin") == allowed
    assert "Vary" in WEB.request("GET", url, headers={"Origin": PAGE}).headers
