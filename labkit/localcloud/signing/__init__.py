"""Who signed a request: AWS Signature Version 4, in the header and in the query string (presigned URLs).

Knows no service model, no permission and no moto. Rules: IAM User Guide, "Create a signed AWS API request";
S3 API reference, "Authenticating Requests (AWS Signature Version 4)". Chunk signatures inside a STREAMING-*
body are not checked (the seed signature of its headers is); SigV4A is refused; of Version 2 only S3's
presigned URLs are known.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote, unquote

from labkit.localcloud.signing.claim import (
    ALGORITHM,
    MAX_PRESIGNED_S,
    MAX_SKEW_S,
    Claim,
    Headers,
    epoch,
    fold,
    read_claim,
    stamp,
)
from labkit.localcloud.signing.errors import (
    BAD_TOKEN,
    BODY_MISMATCH,
    EXPIRED_TOKEN,
    INCOMPLETE,
    MISMATCH,
    PRESIGNED_EXPIRED,
    SKEWED,
    UNKNOWN_KEY,
    UNSIGNED_HEADERS,
    SigningError,
)
from labkit.localcloud.signing.presigned_v2 import OldClaim, check_v2, is_presigned_v2, read_claim_v2

__all__ = [
    "MAX_PRESIGNED_S",
    "MAX_SKEW_S",
    "Headers",
    "Signed",
    "Signer",
    "SigningError",
    "is_signed",
    "verify",
]

S3_SIGNING_NAMES = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})

_UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_HEX = frozenset("0123456789abcdef")


class Signer(Protocol):
    """What a signature is checked against. ``expires_at``: seconds since the epoch, None for never."""

    @property
    def secret(self) -> str: ...
    @property
    def token(self) -> str | None: ...
    @property
    def expires_at(self) -> float | None: ...


S = TypeVar("S", bound=Signer)


@dataclass(frozen=True, slots=True)
class Signed(Generic[S]):
    """A request whose signature is right. ``amz_date`` is the signing time as ``YYYYMMDDTHHMMSSZ``.

    ``signer`` is what ``lookup`` answered for the access key.
    """

    access_key_id: str
    service: str
    region: str
    amz_date: str
    signer: S


def verify(
    method: str,
    raw_path: str,
    raw_query: str,
    headers: Headers,
    body: bytes,
    lookup: Callable[[str], S | None],
    now: float | None = None,
) -> Signed[S]:
    """Checks the signature of a request and says who made it.

    Args:
        raw_path: the path exactly as it came over the wire, still percent-encoded, without the query.
        raw_query: what follows the first ``?``, still percent-encoded; ``""`` for none.
        headers: a mapping, or pairs when a header may occur more than once.
        body: the whole body; for ``STREAMING-*`` bodies as it came over the wire.
        lookup: the holder of an access key, or None.
        now: seconds since the epoch; real time when left out (signatures never use the lesson clock).

    Raises:
        SigningError: unsigned, malformed, unknown key, wrong or expired token, wrong time, wrong signature.
    """
    folded = fold(headers)
    moment = time.time() if now is None else now
    if is_presigned_v2(raw_query) and "authorization" not in folded:
        return _verify_v2(read_claim_v2(method, raw_path, raw_query, folded), lookup, moment)
    claim = read_claim(folded, raw_query)
    signer = _find(lookup, claim.access_key_id, claim.service)
    _check_token(claim.token, signer, moment, claim.service)
    _check_time(claim, moment)
    _check_signed_headers(claim, folded)
    content_hash = _content_hash(claim, folded, body)
    _check_signature(claim, signer.secret, method, raw_path, folded, content_hash)
    if "x-amz-content-sha256" in folded:
        _check_body(claim, folded["x-amz-content-sha256"], body)
    return Signed(claim.access_key_id, claim.service, claim.region, claim.amz_date, signer)


def is_signed(headers: Headers, raw_query: str) -> bool:
    """Whether a request tries to be signed at all (function URLs and APIs may be called without)."""
    return "X-Amz-Signature=" in raw_query or is_presigned_v2(raw_query) or "authorization" in fold(headers)


def _verify_v2(claim: OldClaim, lookup: Callable[[str], S | None], now: float) -> Signed[S]:
    """The old signature names no Region: buckets of the local cloud are found from any."""
    signer = _find(lookup, claim.access_key_id, "s3")
    _check_token(claim.token, signer, now, "s3")
    check_v2(claim, signer.secret, now)
    return Signed(claim.access_key_id, "s3", "us-east-1", stamp(now), signer)


def _find(lookup: Callable[[str], S | None], access_key_id: str, service: str) -> S:
    signer = lookup(access_key_id)
    if signer is None:
        raise SigningError(UNKNOWN_KEY, "The security token included in the request is invalid.", service)
    return signer


def _check_token(given: str | None, signer: Signer, now: float, service: str) -> None:
    expected = signer.token
    if expected is None and given is None:
        return
    if expected is None or given is None or not hmac.compare_digest(expected.encode(), given.encode()):
        raise SigningError(BAD_TOKEN, "The security token included in the request is invalid.", service)
    if signer.expires_at is not None and now >= signer.expires_at:
        raise SigningError(EXPIRED_TOKEN, "The security token included in the request is expired", service)


def _check_time(claim: Claim, now: float) -> None:
    signed_at = epoch(claim.amz_date)
    if signed_at is None or claim.amz_date[:8] != claim.date:
        message = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.date}' != '{claim.amz_date}'."
        )
        raise SigningError(MISMATCH, message, claim.service)
    if now < signed_at - MAX_SKEW_S:
        message = (
            f"Signature not yet current: {claim.amz_date} is still later than {stamp(now + MAX_SKEW_S)} "
            f"({stamp(now)} + 15 min.)"
        )
        raise SigningError(SKEWED, message, claim.service)
    if claim.lifetime_s is not None:
        if now >= signed_at + claim.lifetime_s:
            message = f"Signature expired: {claim.amz_date} lasts {claim.lifetime_s} s; it is {stamp(now)}"
            raise SigningError(PRESIGNED_EXPIRED, message, claim.service)
    elif now > signed_at + MAX_SKEW_S:
        message = (
            f"Signature expired: {claim.amz_date} is now earlier than {stamp(now - MAX_SKEW_S)} "
            f"({stamp(now)} - 15 min.)"
        )
        raise SigningError(SKEWED, message, claim.service)


def _check_signed_headers(claim: Claim, folded: dict[str, str]) -> None:
    """``host`` and every ``x-amz-*`` header must be signed, or they could be changed on the way."""
    signed = claim.signed_headers.split(";")
    if "host" not in signed:
        message = "'Host' must be a 'SignedHeader' in the AWS Authorization."
        raise SigningError(UNSIGNED_HEADERS, message, claim.service)
    for name in folded:
        if name.startswith("x-amz-") and name not in signed:
            if name == "x-amz-content-sha256" and claim.lifetime_s is not None:
                continue  # a presigned URL is made before the body is known
            message = f"There were headers present in the request which were not signed: {name}"
            raise SigningError(UNSIGNED_HEADERS, message, claim.service)


def _content_hash(claim: Claim, folded: dict[str, str], body: bytes) -> str:
    """The last line of the canonical request: what the sender said of its body, or the body's own hash."""
    presigned_s3 = claim.lifetime_s is not None and claim.service in S3_SIGNING_NAMES
    if presigned_s3 and "x-amz-content-sha256" not in claim.signed_headers.split(";"):
        return claim.query_hash or _UNSIGNED_PAYLOAD
    return folded.get("x-amz-content-sha256") or sha256(body).hexdigest()


def _check_signature(
    claim: Claim, secret: str, method: str, raw_path: str, folded: dict[str, str], content_hash: str
) -> None:
    path = (raw_path or "/") if claim.service in S3_SIGNING_NAMES else _double_encoded(raw_path)
    lines = "\n".join(f"{name}:{folded.get(name, '')}" for name in claim.signed_headers.split(";"))
    tail = f"{lines}\n\n{claim.signed_headers}\n{content_hash}"
    key = _signing_key(secret, claim.date, claim.region, claim.service)
    scope = f"{ALGORITHM}\n{claim.amz_date}\n{claim.date}/{claim.region}/{claim.service}/aws4_request\n"
    given = claim.signature.encode("utf-8", "surrogateescape")
    for query in _canonical_queries(claim.query):
        canonical = f"{method}\n{path}\n{query}\n{tail}".encode("utf-8", "surrogateescape")
        text = scope + sha256(canonical).hexdigest()
        if hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex().encode(), given):
            return
    raise SigningError(
        MISMATCH,
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.",
        claim.service,
    )


def _canonical_queries(raw_query: str) -> Iterator[str]:
    """The query as its sender encoded it; then, for senders that do not encode, as SigV4 would encode it."""
    if not raw_query:
        yield ""
        return
    pairs = [pair.partition("=")[::2] for pair in raw_query.split("&")]
    literal = _join(pairs)
    yield literal
    encoded = _join([(_encode(name), _encode(value)) for name, value in pairs])
    if encoded != literal:
        yield encoded


def _join(pairs: Iterable[tuple[str, ...]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


def _check_body(claim: Claim, said: str, body: bytes) -> None:
    if len(said) == 64 and _HEX.issuperset(said):
        if not hmac.compare_digest(sha256(body).hexdigest(), said):
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise SigningError(BODY_MISMATCH, message, claim.service)
    elif said != _UNSIGNED_PAYLOAD and not said.startswith("STREAMING-"):
        message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-*, or a valid sha256 value."
        raise SigningError(INCOMPLETE, message, claim.service)


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = hmac.digest(f"AWS4{secret}".encode(), date.encode(), "sha256")
    for part in (region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=1024)
def _double_encoded(raw_path: str) -> str:
    """All services but S3 normalise the path of the wire (``.``, ``..``, ``//``) and encode it once more."""
    kept: list[str] = []
    for part in raw_path.split("/"):
        if part == "..":
            if kept:
                kept.pop()
        elif part and part != ".":
            kept.append(part)
    slash = "/" if raw_path.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + slash, safe="/~", errors="surrogateescape")
