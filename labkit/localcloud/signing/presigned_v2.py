"""S3's old presigned URLs (Signature Version 2, HMAC-SHA1), which boto3 still makes unless told otherwise.

Source: S3 developer guide, "Signing and authenticating REST requests", query string request authentication.
Stricter than S3 in one thing: a parameter that the signature does not cover is refused.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from labkit.localcloud.signing.errors import INCOMPLETE, MISMATCH, PRESIGNED_EXPIRED, SigningError

_COVERED = """
    accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging metrics
    notification object-lock partNumber policy replication requestPayment response-cache-control
    response-content-disposition response-content-encoding response-content-language response-content-type
    response-expires restore select select-type storageClass tagging torrent uploadId uploads versionId
    versioning versions website
"""
_SIGNED_PARAMETERS = frozenset(_COVERED.split())
_OWN_PARAMETERS = frozenset({"AWSAccessKeyId", "Signature", "Expires"})
_STANDARD_HEADERS = ("content-md5", "content-type")


class OldClaim(NamedTuple):
    """What such a URL says about its signature; ``text`` is what was signed."""

    access_key_id: str
    signature: str
    expires: int
    token: str | None
    text: str


def is_presigned_v2(raw_query: str) -> bool:
    """Whether a query string has such a signature."""
    return "AWSAccessKeyId=" in raw_query and "Signature=" in raw_query


def read_claim_v2(method: str, raw_path: str, raw_query: str, folded: dict[str, str]) -> OldClaim:
    """Reads the claim; raises SigningError when something is missing or not covered by the signature."""
    pairs = [pair.partition("=")[::2] for pair in raw_query.split("&")]
    values = {name: unquote_plus(value) for name, value in pairs}
    own = [values.get(name, "") for name in ("AWSAccessKeyId", "Signature", "Expires")]
    if not all(own) or not own[2].isdecimal() or len(values) != len(pairs):
        raise SigningError(
            INCOMPLETE,
            "Query-string authentication requires Signature, Expires and AWSAccessKeyId, each once.",
            "s3",
        )
    amz = {name: value for name, value in values.items() if name.startswith("x-amz-")}
    covered = _SIGNED_PARAMETERS | _OWN_PARAMETERS | {*amz, *_STANDARD_HEADERS}
    for name in values:
        if name not in covered:
            raise SigningError(MISMATCH, f"The signature does not cover the query parameter '{name}'.", "s3")
    amz |= {name: value for name, value in folded.items() if name.startswith("x-amz-")}
    standard = [folded.get(name) or values.get(name, "") for name in _STANDARD_HEADERS]
    signed = sorted((name, value) for name, value in pairs if name in _SIGNED_PARAMETERS)
    texts = [f"{name}={unquote(value)}" if value else name for name, value in signed]
    resource = raw_path + ("?" + "&".join(texts) if texts else "")
    lines = [method, *standard, own[2], *(f"{name}:{amz[name]}" for name in sorted(amz)), resource]
    return OldClaim(own[0], own[1], int(own[2]), amz.get("x-amz-security-token"), "\n".join(lines))


def check_v2(claim: OldClaim, secret: str, now: float) -> None:
    """Raises SigningError when the URL has expired or the signature is another's."""
    if now > claim.expires:
        raise SigningError(PRESIGNED_EXPIRED, "Request has expired", "s3")
    text = claim.text.encode("utf-8", "surrogateescape")
    expected = b64encode(hmac.digest(secret.encode(), text, "sha1"))
    if not hmac.compare_digest(expected, claim.signature.encode("utf-8", "surrogateescape")):
        raise SigningError(
            MISMATCH,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            "s3",
        )
