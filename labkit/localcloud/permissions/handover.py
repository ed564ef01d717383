"""Makes moto do exactly what was checked, where moto reads a request more loosely than AWS does.

moto 5.2 takes a JSON body for a form too, so that stored text such as ``x&Action=DeleteTable&y`` becomes an
operation or a parameter; it takes service and key from the Authorization header alone, which presigned URLs
do not have; and it lets the User-Agent name the Region.
"""

from __future__ import annotations

import re
from typing import Any

import moto.core.responses
from moto.core.responses import BaseResponse

_OPERATION = "labkit.operation"
_REGION = re.compile(r"region/\S+")
_FORM = "application/x-www-form-urlencoded"

_parse_form = moto.core.responses.parse_qsl  # type: ignore[attr-defined]
_find_operation = BaseResponse._get_action


def install() -> None:
    """Teaches moto, once for the process, to see no form in JSON and to run what was checked."""

    def parse_body(text: str, *args: Any, **options: Any) -> list[tuple[str, str]]:
        if text.lstrip()[:1] in ("{", "["):
            return [(text, "")]  # what moto makes of JSON without & and =
        form: list[tuple[str, str]] = _parse_form(text, *args, **options)
        return form

    def checked_operation(self: BaseResponse) -> str:
        return str(self.normalized_request.environ.get(_OPERATION) or _find_operation(self))

    moto.core.responses.parse_qsl = parse_body  # type: ignore[attr-defined, assignment]
    BaseResponse._get_action = checked_operation  # type: ignore[method-assign]


def settle(
    environ: dict[str, Any], service: str, region: str, access_key_id: str, operation: str | None = None
) -> None:
    """Writes into a WSGI environment what the signature and the classification found out.

    Args:
        service, region, access_key_id: of the verified signature.
        operation: of the ``Call``, when the request was classified.
    """
    if operation is not None and service != "s3":  # moto's S3 reads its requests by itself
        environ[_OPERATION] = operation
    scope = f"{access_key_id}/20000101/{region}/{service.lower()}/aws4_request"
    environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    environ["HTTP_USER_AGENT"] = _REGION.sub("", environ.get("HTTP_USER_AGENT", ""))
    environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
    if environ.get("CONTENT_TYPE", "").startswith(_FORM) and _is_json(environ):
        environ["CONTENT_TYPE"] = "application/json"


def _is_json(environ: dict[str, Any]) -> bool:
    body = environ["wsgi.input"]
    start = body.read(64)
    body.seek(0)
    return bytes(start).lstrip()[:1] in (b"{", b"[")
