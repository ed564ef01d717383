"""Three STS operations that moto answers with the same sample for everybody, answered truly.

GetCallerIdentity, GetSessionToken and GetFederationToken; installed on moto's response class.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.responses import TokenResponse

from labkit.localcloud.identities import Identities, Identity, Principal

_SESSION_S = range(900, 129_601)
_DEFAULT_SESSION_S = 43_200


def install(identities: Identities) -> None:
    """Makes moto's STS answer from ``identities`` (the last one installed, in one process)."""

    def caller(response: TokenResponse) -> Identity:
        credential = response.querystring.get("X-Amz-Credential")
        key = str(credential[0]).partition("/")[0] if credential else response.get_access_key()
        identity = identities.lookup(key)
        if identity is None:
            message = "The security token included in the request is invalid."
            raise STSClientError("InvalidClientTokenId", message)
        return identity

    def get_caller_identity(self: TokenResponse) -> ActionResult:
        principal = caller(self).principal
        return ActionResult(
            {"UserId": principal.user_id, "Account": principal.account_id, "Arn": principal.arn}
        )

    def get_session_token(self: TokenResponse) -> ActionResult:
        identity, _ = identities.issue_session(caller(self).principal, _duration(self))
        return ActionResult({"Credentials": _credentials(identity)})

    def get_federation_token(self: TokenResponse) -> ActionResult:
        holder = caller(self).principal
        name = str(self._get_param("Name"))
        policy = self._get_param("Policy")
        federated = Principal(
            f"arn:aws:sts::{holder.account_id}:federated-user/{name}",
            holder.account_id,
            "FederatedUser",
            f"{holder.account_id}:{name}",
            user_name=holder.user_name,
            administrator=holder.administrator,
        )
        # Without a policy a federated user may do nothing; an empty document says just that.
        document = str(policy) if policy else '{"Version":"2012-10-17","Statement":[]}'
        identity, _ = identities.issue_session(federated, _duration(self), (document,))
        user = {"FederatedUserId": federated.user_id, "Arn": federated.arn}
        return ActionResult(
            {"Credentials": _credentials(identity), "FederatedUser": user, "PackedPolicySize": 6}
        )

    TokenResponse.get_caller_identity = get_caller_identity  # type: ignore[method-assign]
    TokenResponse.get_session_token = get_session_token  # type: ignore[method-assign]
    TokenResponse.get_federation_token = get_federation_token  # type: ignore[method-assign]


def _duration(response: TokenResponse) -> int:
    duration_s = int(response._get_int_param("DurationSeconds", _DEFAULT_SESSION_S))
    if duration_s not in _SESSION_S:
        raise STSValidationError(
            f"1 validation error detected: Value '{duration_s}' at 'durationSeconds' failed to satisfy "
            f"constraint: Member must have value between {_SESSION_S.start} and {_SESSION_S.stop - 1}",
        )
    return duration_s


def _credentials(identity: Identity) -> dict[str, Any]:
    return {
        "AccessKeyId": identity.access_key_id,
        "SecretAccessKey": identity.secret,
        "SessionToken": identity.token,
        "Expiration": datetime.fromtimestamp(identity.expires_at or 0, UTC).replace(tzinfo=None),
    }
