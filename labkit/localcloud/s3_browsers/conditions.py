"""The policy of a form upload: who signed it, until when, and what it says of the fields and the file.

Source: S3 API reference, "Creating a POST policy" and "Browser-based uploads using POST". Both signatures are
known: Version 4, and the old one that boto3 still makes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from labkit.localcloud.identities import Identity

_SIGNED_BY = ("x-amz-signature", "signature", "awsaccesskeyid", "policy", "file", "x-amz-security-token")


class FormRefused(Exception):
    """A form that S3 does not take, with its error code and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def signer_of(
    fields: Mapping[str, str], lookup: Callable[[str], Identity | None]
) -> tuple[Identity, str, str]:
    """Who signed a form's policy, and for which Region: identity, access key id, Region.

    Args:
        fields: names in lower case.

    Raises:
        FormRefused: it is not signed, or not rightly.
    """
    policy = fields.get("policy")
    credential = fields.get("x-amz-credential", "").split("/")
    key = credential[0] or fields.get("awsaccesskeyid", "")
    if not policy or not key:
        raise FormRefused("AccessDenied", "Access Denied", 403)
    identity = lookup(key)
    if identity is None:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise FormRefused("InvalidAccessKeyId", message, 403)
    if (identity.token or "") != fields.get("x-amz-security-token", ""):
        raise FormRefused("InvalidToken", "The provided token is malformed or otherwise invalid.")
    if identity.expires_at is not None and time.time() >= identity.expires_at:
        raise FormRefused("ExpiredToken", "The provided token has expired.")
    if len(credential) == 5:
        signed, given = _signature_v4(identity.secret, credential[1:4], policy), "x-amz-signature"
    else:
        digest = hmac.digest(identity.secret.encode(), policy.encode(), "sha1")
        signed, given = base64.b64encode(digest).decode(), "signature"
    if not hmac.compare_digest(signed.encode(), fields.get(given, "").encode()):
        message = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        raise FormRefused("SignatureDoesNotMatch", message, 403)
    return identity, key, credential[2] if len(credential) == 5 else "us-east-1"


def _signature_v4(secret: str, scope: list[str], policy: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), sha256)
    return hmac.digest(key, policy.encode(), sha256).hex()


def check_policy(fields: Mapping[str, str], bucket: str, size_bytes: int) -> None:
    """Holds fields and file against the policy that came with them.

    Args:
        fields: names in lower case, ``key`` with the file's name put in.

    Raises:
        FormRefused: it has expired, or a condition does not hold.
    """
    expires_at, conditions = _read(fields["policy"])
    if time.time() > expires_at:
        raise FormRefused("AccessDenied", "Invalid according to Policy: Policy expired.", 403)
    values, named = {**fields, "bucket": bucket}, set()
    for condition in conditions:
        operator, name, wanted = _parts(condition)
        if operator == "content-length-range":
            _check_size(int(name), int(wanted), size_bytes)
            continue
        name = name.removeprefix("$").lower()
        named.add(name)
        value = values.get(name, "")
        held = value == wanted if operator == "eq" else value.startswith(wanted)
        if not held:
            shown = json.dumps([operator, f"${name}", wanted])
            message = f"Invalid according to Policy: Policy Condition failed: {shown}"
            raise FormRefused("AccessDenied", message, 403)
    extra = [
        name for name in fields if name not in (*named, *_SIGNED_BY) and not name.startswith("x-ignore-")
    ]
    if extra:
        message = f"Invalid according to Policy: Extra input fields: {', '.join(sorted(extra))}"
        raise FormRefused("AccessDenied", message, 403)


def _read(encoded: str) -> tuple[float, list[Any]]:
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
        expires_at = datetime.fromisoformat(policy["expiration"]).timestamp()
        conditions = policy["conditions"]
        if not isinstance(conditions, list):
            raise TypeError("conditions is no list")
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise FormRefused("InvalidPolicyDocument", f"Invalid Policy: {problem}") from None
    return expires_at, conditions


def _parts(condition: Any) -> tuple[str, str, str]:
    match condition:
        case dict() if len(condition) == 1:
            ((name, value),) = condition.items()
            return "eq", str(name), str(value)
        case [str() as operator, name, value] if operator.lower() in ("eq", "starts-with"):
            return operator.lower(), str(name), str(value)
        case [str() as operator, int() | str() as least, int() | str() as most] if (
            operator.lower() == "content-length-range" and f"{least}{most}".isdecimal()
        ):
            return "content-length-range", str(least), str(most)
    raise FormRefused("InvalidPolicyDocument", f"Invalid Policy: Invalid condition: {json.dumps(condition)}")


def _check_size(least: int, most: int, size_bytes: int) -> None:
    if size_bytes > most:
        raise FormRefused("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    if size_bytes < least:
        raise FormRefused("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
