"""Buckets as S3 makes them since 2023: encrypted, without ACLs, and not public until somebody says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "new-bucket"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": OBJECTS}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [PUBLIC]})
FORBIDDEN, UNSUPPORTED = ("AccessDenied", 403), ("AccessControlListNotSupported", 400)


def refusal(call: Any, **params: Any) -> tuple[str, int]:
    """Code and HTTP status of a call that must fail."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    answer = raised.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def s3(cloud: Any) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


def test_a_new_bucket_has_the_defaults_of_s3(s3: Any) -> None:
    """What audits look at is there without being asked for, and comes back when it is deleted."""
    named = {"Bucket": BUCKET}
    (owner,) = s3.get_bucket_ownership_controls(**named)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    assert all(s3.get_public_access_block(**named)["PublicAccessBlockConfiguration"].values())
    s3.delete_bucket_encryption(**named)
    (rule,) = s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.put_object(**named, Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"


def test_objects_and_buckets_have_no_acls(s3: Any) -> None:
    """Only the owner's own is taken; a bucket is not left half-made."""
    at = {"Bucket": BUCKET, "Key": "k"}
    assert refusal(s3.put_object, **at, Body=b"x", ACL="public-read") == UNSUPPORTED
    assert refusal(s3.put_object_acl, **at, ACL="private") == UNSUPPORTED
    assert refusal(s3.put_bucket_acl, Bucket=BUCKET, ACL="private") == UNSUPPORTED
    s3.put_object(**at, Body=b"x", ACL="bucket-owner-full-control")
    made = refusal(s3.create_bucket, Bucket="public-bucket", ACL="public-read")
    assert made == ("InvalidBucketAclWithObjectOwnership", 400)
    assert refusal(s3.head_bucket, Bucket="public-bucket") == ("404", 404)


def test_a_public_bucket_takes_two_decisions(s3: Any) -> None:
    """The block has to go before a public policy or a public ACL is taken."""
    assert refusal(s3.put_bucket_policy, Bucket=BUCKET, Policy=POLICY) == FORBIDDEN
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    s3.create_bucket(Bucket="with-acls", ObjectOwnership="ObjectWriter")
    at = {"Bucket": "with-acls", "Key": "k", "Body": b"x", "ACL": "public-read"}
    assert refusal(s3.put_object, **at) == FORBIDDEN
    s3.delete_public_access_block(Bucket="with-acls")
    s3.put_object(**at)


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("put_bucket_lifecycle_configuration",
         {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Prefix": ""}]}}),
        ("put_bucket_website", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}),
        ("put_bucket_logging", {"BucketLoggingStatus": {}}),
        ("put_bucket_replication", {"ReplicationConfiguration": {"Role": "r", "Rules": []}}),
        ("put_bucket_accelerate_configuration", {"AccelerateConfiguration": {"Status": "Enabled"}}),
    ],
)  # fmt: skip
def test_what_would_have_no_effect_is_refused(s3: Any, operation: str, params: dict[str, Any]) -> None:
    """As in a template: nothing here moves, expires, copies or serves objects."""
    assert refusal(getattr(s3, operation), Bucket=BUCKET, **params) == ("NotImplemented", 501)
