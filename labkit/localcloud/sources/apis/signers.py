"""Who calls a URL or an API: anybody, or somebody who signs and may. Decided for each request."""

from __future__ import annotations

from typing import Any

from labkit.errors import LabError
from labkit.localcloud.front import Request
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities, Identity
from labkit.localcloud.permissions.errors import PolicyUnsupported
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.signing import SigningError
from labkit.localcloud.signing import errors as signing

_ERROR_TYPES = {
    signing.MISSING_TOKEN: "MissingAuthenticationTokenException",
    signing.UNKNOWN_KEY: "UnrecognizedClientException",
    signing.BAD_TOKEN: "UnrecognizedClientException",
    signing.EXPIRED_TOKEN: "ExpiredTokenException",
    signing.INCOMPLETE: "IncompleteSignatureException",
}


class NotAdmitted(LabError):
    """A caller may not.

    Attributes:
        told: the sentence for them; None where AWS says no more than Forbidden.
        denial: what policies say, for products that tell it.
    """

    def __init__(self, code: str, told: str | None, denial: str | None = None) -> None:
        super().__init__(told or denial or code)
        self.code, self.told, self.denial = code, told, denial


class Signers:
    """Knows signatures and permissions of those who call URLs and APIs."""

    def __init__(self, identities: Identities, guard: Guard) -> None:
        self._identities, self._guard = identities, guard

    def signer(self, request: Request, service: str, region: str) -> Identity:
        """Whose signature a request carries.

        Args:
            service, region: those that the URL or API asks for.

        Raises:
            NotAdmitted: none, a wrong one, or one for another service or Region.
        """
        try:
            signed = self._identities.verify(request)
        except SigningError as error:
            code = _ERROR_TYPES.get(error.kind, "InvalidSignatureException")
            raise NotAdmitted(code, str(error)) from None
        if signed.service != service:
            told = f"Credential should be scoped to correct service: '{service}'."
            raise NotAdmitted("InvalidSignatureException", told)
        if signed.region != region:
            told = f"Credential should be scoped to a valid region, not '{signed.region}'."
            raise NotAdmitted("InvalidSignatureException", told)
        return signed.signer

    def admit(self, request: Request, call: Call, *, signed: bool) -> Identity | None:
        """The caller, None for anybody, when policies let them.

        Args:
            signed: whether only those may come who sign.

        Raises:
            NotAdmitted: no signature where one is asked for, a wrong one, or no permission.
        """
        identity: Identity | None = None
        if signed:
            try:
                identity = self.signer(request, call.service, call.region)
            except NotAdmitted as refusal:
                if refusal.code == _ERROR_TYPES[signing.MISSING_TOKEN]:
                    raise NotAdmitted("AccessDeniedException", None) from None
                raise
        try:
            denied = self._guard.caller_refused(identity, call)
        except PolicyUnsupported as problem:
            raise NotAdmitted("AccessDeniedException", str(problem)) from None
        if denied is not None:
            raise NotAdmitted("AccessDeniedException", None, denied.message)
        return identity


def iam_context(identity: Identity) -> dict[str, Any]:
    """``requestContext.authorizer.iam`` of format 2.0."""
    principal = identity.principal
    return {
        "accessKey": identity.access_key_id,
        "accountId": principal.account_id,
        "callerId": principal.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": principal.arn,
        "userId": principal.user_id,
    }
