"""Teaches moto's S3 what a new bucket is like since 2023: encrypted, without ACLs, and not public.

Source: S3 User Guide, "Controlling ownership of objects and disabling ACLs", "Blocking public access" and
"Setting default server-side encryption behavior".
"""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import S3AccessDeniedError, S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import bucket_policy_is_public

from labkit.localcloud import origin

ENFORCED = "BucketOwnerEnforced"
_GRANTS = "x-amz-grant-"
_PUBLIC = ("public-read", "public-read-write", "authenticated-read")
_create_bucket = S3Backend.create_bucket
_put_policy = S3Backend.put_bucket_policy
_acl_from_headers = S3Response._acl_from_headers


def install() -> None:
    """Replaces moto's methods, once for the process."""
    S3Backend.create_bucket = _new_bucket  # type: ignore[method-assign]
    S3Backend.delete_bucket_encryption = _default_encryption  # type: ignore[method-assign]
    S3Backend.put_bucket_policy = _private_policy  # type: ignore[method-assign]
    S3Response._acl_from_headers = _allowed_acl  # type: ignore[method-assign]


def _new_bucket(self: S3Backend, bucket_name: str, *args: Any, **options: Any) -> FakeBucket:
    made: FakeBucket = _create_bucket(self, bucket_name, *args, **options)
    made.ownership_rule = ENFORCED  # type: ignore[assignment]  # as moto keeps it, too
    made.public_access_block = PublicAccessBlock(True, True, True, True)
    _default_encryption(self, bucket_name)
    return made


def _default_encryption(self: S3Backend, bucket_name: str) -> None:
    by_default = {"SSEAlgorithm": "AES256"}
    rule = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": "false"}
    self.get_bucket(bucket_name).encryption = {"Rule": rule}


def _private_policy(self: S3Backend, bucket_name: str, policy: bytes) -> None:
    block, call = self.get_bucket(bucket_name).public_access_block, origin.current()
    if block is not None and block.block_public_policy and bucket_policy_is_public(policy):
        who = call.principal.arn if call is not None else "anonymous"
        raise _Denied(
            f"User: {who} is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"arn:aws:s3:::{bucket_name}" because public policies are blocked by the BlockPublicPolicy '
            "block public access setting."
        )
    _put_policy(self, bucket_name, policy)


def _allowed_acl(self: S3Response, headers: dict[str, str]) -> Any:
    """The ACL in a request's headers; where the bucket's owner owns everything there is only the owner's."""
    asked = headers.get("x-amz-acl")
    granted = any(name.lower().startswith(_GRANTS) for name in dict(headers))
    if asked or granted:
        bucket = self.backend.get_bucket(self.bucket_name)
        ownership = headers.get("x-amz-object-ownership") or bucket.ownership_rule
        call = origin.current()
        creating = call is not None and call.operation == "CreateBucket"
        harmless = asked in (("private",) if creating else ("bucket-owner-full-control",)) and not granted
        if ownership == ENFORCED and not harmless:
            if creating:
                self.backend.delete_bucket(self.bucket_name)
                raise S3ClientError(
                    "InvalidBucketAclWithObjectOwnership",
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
                )
            raise S3ClientError("AccessControlListNotSupported", "The bucket does not allow ACLs")
        block = bucket.public_access_block
        if asked in _PUBLIC and block is not None and block.block_public_acls:
            if creating:
                self.backend.delete_bucket(self.bucket_name)
            raise S3AccessDeniedError()
    return _acl_from_headers(self, headers)


class _Denied(S3AccessDeniedError):
    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message
