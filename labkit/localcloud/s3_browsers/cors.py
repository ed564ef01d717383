"""Cross-origin requests to buckets: the first rule of the bucket's CORS configuration that fits decides.

Source: S3 User Guide, "How Amazon S3 evaluates the CORS configuration on a bucket". Without a rule a browser
shows no page what a bucket answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from labkit.localcloud.front import Answer, Request
from labkit.localcloud.lessons import present
from labkit.localcloud.permissions import denial
from labkit.localcloud.permissions.requests import path_style

_OURS = "access-control-"
_DISABLED = "CORSResponse: CORS is not enabled for this bucket."
_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
    "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by "
    "the resource's CORS spec."
)
_VARY = ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")


def preflight(request: Request, account_id: str) -> Answer:
    """The answer to an OPTIONS request, which browsers send unsigned."""
    origin, method = request.header("origin"), request.header("access-control-request-method")
    if not origin:
        return _refused(request, "BadRequest", "Insufficient information. Origin request header needed.", 400)
    if not method:
        return _refused(request, "BadRequest", f"Invalid Access-Control-Request-Method: {method}", 400)
    rules = _rules(request, account_id)
    names = (request.header("access-control-request-headers") or "").split(",")
    wanted = [name.strip().lower() for name in names if name.strip()]
    rule = next((one for one in rules if _fits(one, origin, method, wanted)), None)
    if rule is None:
        return _refused(request, "AccessForbidden", _NOT_ALLOWED if rules else _DISABLED, 403)
    headers = _granted(rule, origin)
    if wanted:
        headers.append(("Access-Control-Allow-Headers", ", ".join(wanted)))
    if rule.max_age_seconds is not None:
        headers.append(("Access-Control-Max-Age", str(rule.max_age_seconds)))
    return Answer(200, [*headers, _VARY], b"")


def with_cors(request: Request, answer: Answer, account_id: str) -> Answer:
    """An answer with the headers that let a page read it, if a rule of the bucket says so."""
    kept = [header for header in answer.headers if not header[0].lower().startswith(_OURS)]
    origin = request.header("origin")
    rules = _rules(request, account_id) if origin else []
    rule = next((one for one in rules if _fits(one, str(origin), request.method, ())), None)
    if rule is not None:
        kept += [*_granted(rule, str(origin)), _VARY]
    return Answer(answer.status, kept, answer.body)


def _rules(request: Request, account_id: str) -> list[Any]:
    """The rules of the bucket that is asked, as moto keeps them."""
    bucket = path_style(request.header("host") or "", request.raw_path).split("/")[1]
    s3 = present("s3", account_id, "aws")
    held = s3.buckets.get(bucket) if s3 is not None else None
    return list(held.cors) if held is not None else []


def _fits(rule: Any, origin: str, method: str, headers: Iterable[str]) -> bool:
    return (
        method in rule.allowed_methods
        and any(_glob(pattern).fullmatch(origin) for pattern in rule.allowed_origins)
        and all(
            any(_glob(pattern.lower()).fullmatch(name) for pattern in rule.allowed_headers or ())
            for name in headers
        )
    )


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"))


def _granted(rule: Any, origin: str) -> list[tuple[str, str]]:
    anyone = "*" in rule.allowed_origins
    headers = [("Access-Control-Allow-Origin", "*" if anyone else origin)]
    headers += [] if anyone else [("Access-Control-Allow-Credentials", "true")]
    headers.append(("Access-Control-Allow-Methods", ", ".join(rule.allowed_methods)))
    if rule.exposed_headers:
        headers.append(("Access-Control-Expose-Headers", ", ".join(rule.exposed_headers)))
    return headers


def _refused(request: Request, code: str, message: str, status: int) -> Answer:
    asked = denial.Asked.of("s3", request.method, dict(request.headers), "")
    answer = denial.refused(code, message, status, asked)
    return Answer(answer.status, list(answer.headers.items()), answer.body)
