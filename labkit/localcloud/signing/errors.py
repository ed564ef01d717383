"""Why a signature is refused: kinds that no service knows by these names (permissions.denial translates)."""

from __future__ import annotations

from labkit.errors import LabError

MISSING_TOKEN = "MissingAuthenticationToken"
INCOMPLETE = "IncompleteSignature"
UNKNOWN_KEY = "InvalidClientTokenId"
BAD_TOKEN = "InvalidToken"
EXPIRED_TOKEN = "ExpiredToken"
MISMATCH = "SignatureDoesNotMatch"
SKEWED = "RequestTimeTooSkewed"
PRESIGNED_EXPIRED = "RequestExpired"
UNSIGNED_HEADERS = "UnsignedHeaders"
BODY_MISMATCH = "XAmzContentSHA256Mismatch"
UNSUPPORTED = "UnsupportedSignature"


class SigningError(LabError):
    """A request is not signed, or not by someone this cloud knows.

    Attributes:
        kind: one of the constants of this module (``MISMATCH``, ``UNKNOWN_KEY``, ...).
        service: the signing name that the request claims, ``""`` when it claims none.
    """

    def __init__(self, kind: str, message: str, service: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.service = service
