"""Calls of AWS services that an API makes for its callers, with the role that its integration names."""

from __future__ import annotations

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from labkit.localcloud.front import Answer, Handler, Request
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities
from labkit.localcloud.sources.apis.visit import Pairs
from labkit.localcloud.sources.targets import NotDelivered

PRINCIPAL = "apigateway.amazonaws.com"
SESSION = "BackplaneAssumeRoleSession"  # what AWS calls it in the ARN of the caller


class AwsCalls:
    """Signs a request with a role's credentials and sends it to this cloud's own AWS API."""

    def __init__(self, identities: Identities, guard: Guard, aws: Handler, endpoint: str) -> None:
        self._identities, self._guard, self._aws, self._endpoint = identities, guard, aws, endpoint

    async def __call__(
        self, role_arn: str, region: str, service: str, path: str, headers: Pairs, body: bytes
    ) -> Answer:
        """The service's answer, a refusal among them.

        Raises:
            NotDelivered: the role does not exist or does not trust API Gateway.
        """
        if not self._guard.can_assume(role_arn, PRINCIPAL):
            raise NotDelivered("AccessDeniedException", f"{PRINCIPAL} cannot assume the role {role_arn}")
        issued = self._identities.issue_for_function(role_arn, SESSION)
        request = AWSRequest("POST", f"{self._endpoint}{path}", dict(headers), body)
        holder = Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)
        SigV4Auth(holder, service, region).add_auth(request)
        signed = [(name, value) for name, value in request.headers.items() if name.lower() != "host"]
        host = self._endpoint.partition("://")[2]
        return await self._aws(Request("POST", path, "", [("Host", host), *signed], body))
