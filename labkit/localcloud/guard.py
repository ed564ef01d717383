"""Decides for the front whether a caller may do what the request asks, and answers for those who may not."""

from __future__ import annotations

import asyncio
import time

from labkit.errors import LabError
from labkit.localcloud.front import Answer, Request
from labkit.localcloud.identities import Identity
from labkit.localcloud.permissions import denial, documents
from labkit.localcloud.permissions.decide import Denial, Permissions
from labkit.localcloud.permissions.errors import PolicyUnsupported, RequestUnclear
from labkit.localcloud.permissions.requests import Call, classify
from labkit.localcloud.signing import SigningError

REMEMBERED_S = 1.0  # a permission taken away takes effect a moment later, as on AWS; a new one at once
DECIDING_HEADERS = ("host", "user-agent", "referer")  # what conditions of policies can ask for


class Guard:
    """Permissions of callers and of execution roles."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._allowed: dict[tuple[str, str, str], float] = {}
        self._invokes: dict[tuple[str, ...], tuple[float, Call]] = {}

    def check(self, identity: Identity, service: str, region: str, request: Request) -> Call | Answer:
        """What the request asks for, or the refusal when the caller may not.

        Invocations come by the thousand, and deciding about one costs as much as verifying its signature:
        an allowed one is remembered for a moment, for the same caller, function and sender.
        """
        if service != "lambda" or not request.raw_path.endswith("/invocations"):
            return self._decide(identity, service, region, request)
        sender = [request.header(name) or "" for name in DECIDING_HEADERS]
        key = (identity.access_key_id, region, request.method, request.raw_path, request.query, *sender)
        decided, known = self._invokes.get(key, (-REMEMBERED_S, None))
        if known is not None and time.monotonic() - decided < REMEMBERED_S:
            return known
        answer = self._decide(identity, service, region, request)
        if isinstance(answer, Call):
            if len(self._invokes) > 1_000:
                self._invokes.clear()
            self._invokes[key] = (time.monotonic(), answer)
        return answer

    def _decide(self, identity: Identity, service: str, region: str, request: Request) -> Call | Answer:
        try:
            call = classify(
                request.method,
                request.header("host") or "",
                request.raw_path,
                request.query,
                dict(request.headers),
                request.body,
                service,
                region,
            )
            refused = self._permissions.authorize(identity, call)
            malformed = documents.refused(call, self._permissions.roles.exists) if refused is None else None
        except RequestUnclear as error:
            return _sent(denial.unclear(error, _asked(service, request)))
        except PolicyUnsupported as error:
            return _sent(denial.undecidable(error, _asked(service, request)))
        if malformed is not None:
            return _sent(denial.refused(*malformed, 400, _asked(service, request)))
        return call if refused is None else _sent(denial.access_denied(refused, _asked(service, request)))

    def hide_missing(self, identity: Identity, call: Call, request: Request) -> Answer | None:
        """S3 tells those who may not list a bucket nothing of what is missing in it."""
        if call.service != "s3" or call.operation not in ("GetObject", "HeadObject"):
            return None
        refused = self._permissions.missing_key_denied(identity, call)
        return None if refused is None else _sent(denial.access_denied(refused, _asked("s3", request)))

    def refuse(self, error: SigningError, request: Request) -> Answer:
        """The answer to a request that is not signed, or wrongly."""
        return _sent(denial.bad_signature(error, _asked(error.service, request)))

    def role_allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether an execution role may do something that the platform does for it."""
        key = (role_arn, action, resource)
        if time.monotonic() - self._allowed.get(key, -REMEMBERED_S) < REMEMBERED_S:
            return True
        try:
            allowed = self._permissions.is_allowed(role_arn, action, resource)
        except LabError:
            return False
        if allowed:
            if len(self._allowed) > 10_000:
                self._allowed.clear()
            self._allowed[key] = time.monotonic()
        return allowed

    async def role_allows_now(self, role_arn: str, action: str, resource: str) -> bool:
        """The same, never from memory: for checks when something is configured."""
        return await asyncio.to_thread(self._permissions.is_allowed, role_arn, action, resource)

    def role_refused(self, role_arn: str, action: str, resource: str) -> str | None:
        """Why a role may not do something that a service does with it; None when it may."""
        try:
            allowed = self.role_allows(role_arn, action, resource)
        except PolicyUnsupported as problem:
            return str(problem)
        if allowed:
            return None
        return (
            f"User: {role_arn} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )

    def caller_refused(self, identity: Identity | None, call: Call) -> Denial | None:
        """Why a caller may not run a function URL or an API; None when they may.

        Args:
            identity: None for anybody who sends a request without signing it.

        Raises:
            PolicyUnsupported: the answer depends on something in a policy that is not supported.
        """
        if identity is None:
            return self._permissions.anonymous_denied(call)
        return self._permissions.authorize(identity, call)

    def service_refused(
        self, service: str, action: str, resource: str, source_arn: str | None, source_account: str
    ) -> str | None:
        """Why a resource's policy does not let a service act on it; None when it does."""
        try:
            denied = self._permissions.service_denied(service, action, resource, source_arn, source_account)
        except PolicyUnsupported as problem:
            return str(problem)
        return None if denied is None else denied.message

    def can_assume(self, role_arn: str, service: str, settled_s: float = 0.0) -> bool:
        """Whether a role exists, since ``settled_s`` at least, and trusts a service."""
        return self._permissions.can_assume(role_arn, service, settled_s=settled_s)


def _asked(service: str, request: Request) -> denial.Asked:
    return denial.Asked.of(service, request.method, dict(request.headers), request.query)


def _sent(answer: denial.Answer) -> Answer:
    return Answer(answer.status, list(answer.headers.items()), answer.body)
