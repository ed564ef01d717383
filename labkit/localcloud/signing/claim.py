"""What a request says about its own signature, in its headers or its query string. Checks only form."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable, Mapping
from email.utils import mktime_tz, parsedate_tz
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from labkit.localcloud.signing.errors import INCOMPLETE, MISSING_TOKEN, UNSUPPORTED, SigningError

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_S = 15 * 60
MAX_PRESIGNED_S = 7 * 24 * 3600

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class Claim(NamedTuple):
    """A claimed signature. ``query`` is the part of the query string that is signed.

    ``lifetime_s`` and ``query_hash`` (X-Amz-Content-Sha256 among the parameters) only for presigned URLs.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str
    amz_date: str
    token: str | None
    query: str
    lifetime_s: int | None = None
    query_hash: str | None = None


def fold(headers: Headers) -> dict[str, str]:
    """Names in lower case; values trimmed, inner spaces collapsed, repeated headers joined by commas."""
    folded: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        lower = name.lower()
        value = " ".join(value.split())
        folded[lower] = f"{folded[lower]},{value}" if lower in folded else value
    return folded


def read_claim(folded: dict[str, str], raw_query: str) -> Claim:
    """Reads the claim; raises SigningError when there is none, or two, or one of another scheme."""
    authorization = folded.get("authorization")
    if "X-Amz-Algorithm=" in raw_query or "X-Amz-Signature=" in raw_query:
        if authorization is not None:
            raise SigningError(
                INCOMPLETE,
                "Only one authentication mechanism is allowed: the Authorization header or the "
                "X-Amz-Signature query parameter.",
            )
        return _from_query(raw_query)
    if authorization is None:
        raise SigningError(MISSING_TOKEN, "Request is missing Authentication Token")
    return _from_header(authorization, folded, raw_query)


@lru_cache(maxsize=64)
def epoch(amz_date: str) -> int | None:
    """``20260901T100000Z`` as seconds since the epoch, None when it is no such time."""
    try:
        return calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None


def stamp(moment: float) -> str:
    """Seconds since the epoch as ``20260901T100000Z``."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))


def _from_header(authorization: str, folded: dict[str, str], raw_query: str) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise _unsupported(algorithm)
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    amz_date = folded.get("x-amz-date") or _iso_basic(folded.get("date", ""))
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not fields.get(name)
    ]
    if not amz_date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise SigningError(INCOMPLETE, " ".join(missing))
    key, date, region, service = _read_scope(fields["Credential"])
    token = folded.get("x-amz-security-token")
    return Claim(
        key, date, region, service, fields["SignedHeaders"], fields["Signature"], amz_date, token, raw_query
    )


def _from_query(raw_query: str) -> Claim:
    fields: dict[str, str] = {}
    signed = []
    for pair in raw_query.split("&"):
        name, _, value = pair.partition("=")
        if name.startswith("X-Amz-"):
            if name in fields:
                raise SigningError(INCOMPLETE, f"The query parameter '{name}' occurs twice.")
            fields[name] = unquote_plus(value)
        if name != "X-Amz-Signature":
            signed.append(pair)
    if fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise _unsupported(fields.get("X-Amz-Algorithm", "no X-Amz-Algorithm"))
    required = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    missing = [
        f"AWS query-string parameters must include '{name}'." for name in required if not fields.get(name)
    ]
    if missing:
        raise SigningError(INCOMPLETE, " ".join(missing))
    key, date, region, service = _read_scope(fields["X-Amz-Credential"])
    return Claim(
        key,
        date,
        region,
        service,
        fields["X-Amz-SignedHeaders"],
        fields["X-Amz-Signature"],
        fields["X-Amz-Date"],
        fields.get("X-Amz-Security-Token"),
        "&".join(signed),
        _read_lifetime(fields.get("X-Amz-Expires", str(MAX_SKEW_S)), service),
        fields.get("X-Amz-Content-Sha256"),
    )


def _read_scope(credential: str) -> tuple[str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        raise SigningError(
            INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'",
        )
    return parts[0], parts[1], parts[2], parts[3]


def _read_lifetime(text: str, service: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PRESIGNED_S):
        raise SigningError(
            INCOMPLETE, f"X-Amz-Expires must be a number between 1 and {MAX_PRESIGNED_S} seconds.", service
        )
    return int(text)


def _unsupported(algorithm: str) -> SigningError:
    if algorithm.startswith("AWS4-ECDSA"):
        return SigningError(
            UNSUPPORTED,
            "SigV4A (multi-Region) signatures are not supported by the local cloud: sign for one Region with "
            f"{ALGORITHM}.",
        )
    return SigningError(
        UNSUPPORTED,
        f"The authorization mechanism you have provided ({algorithm}) is not supported. "
        f"Please use {ALGORITHM}.",
    )


def _iso_basic(http_date: str) -> str:
    """``Date: Tue, 01 Sep 2026 10:00:00 GMT`` as SigV4 writes it, ``""`` when it is no date."""
    parsed = parsedate_tz(http_date)
    return stamp(mktime_tz(parsed)) if parsed else (http_date if epoch(http_date) else "")
