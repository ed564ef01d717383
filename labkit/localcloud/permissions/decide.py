"""May this identity make this call? Identity policies, resource policies, boundaries, session policies.

Rules: IAM User Guide, "Policy evaluation for requests within a single account". All resources of the local
cloud are in one account.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID, Identity, Principal
from labkit.localcloud.permissions.conditions import Values
from labkit.localcloud.permissions.context import RequestContext, ServiceContext
from labkit.localcloud.permissions.elements import Asker, Context, Grant, Question
from labkit.localcloud.permissions.errors import PolicyUnsupported
from labkit.localcloud.permissions.policy import Decision, decide, decide_resource, parse
from labkit.localcloud.permissions.requests import Call, Need
from labkit.localcloud.permissions.roles import Policies, Roles
from labkit.localcloud.permissions.stored import stored_resource_policy

ResourcePolicy = Callable[[str], str | Mapping[str, Any] | None]
"""Gives the resource policy of an ARN as JSON text or as data, None when it has none."""

# Source: Service Authorization Reference and STS API reference: no policy can refuse these to anyone.
_PERMISSIONLESS = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken", "dynamodb:DescribeEndpoints"})

# Source: STS API reference: temporary credentials cannot make further ones, but for AssumeRole.
_LASTING_KEYS_ONLY = frozenset({"sts:GetSessionToken", "sts:GetFederationToken"})

_IDENTITY, _RESOURCE = "identity-based policy", "resource-based policy"
_BOUNDARY, _SESSION = "permissions boundary", "session policy"


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal. ``message`` is AWS's text; ``kind`` the sort of policy that refused, ``explicit`` how."""

    message: str
    action: str
    resource: str
    principal: str
    kind: str = _IDENTITY
    explicit: bool = False


class Permissions:
    """Decides for one account. Safe to use from any thread."""

    def __init__(
        self,
        account_id: str = ACCOUNT_ID,
        resource_policy: ResourcePolicy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``resource_policy`` is asked before moto's own queues, topics, buckets, secrets, keys and tables.

        ``clock`` gives ``aws:CurrentTime`` in seconds since the epoch.
        """
        self.account_id = account_id
        self.roles = Roles(account_id)
        self._provided = resource_policy
        self._clock = clock

    def authorize(self, identity: Identity, call: Call) -> Denial | None:
        """None when the identity may make the call, else why not.

        Raises:
            PolicyUnsupported: the answer depends on something in a policy that is not supported.
            RequestUnclear: the request's body cannot be read.
        """
        principal = identity.principal
        asked = f"{call.service}:{call.operation}"
        if asked in _LASTING_KEYS_ONLY and identity.token is not None:
            message = f"Cannot call {call.operation} with session credentials"
            return Denial(message, asked, "*", principal.arn)
        if asked in _PERMISSIONLESS:
            return None
        _refuse_ignored(call)
        policies = self.roles.policies_of(principal)
        for need in call.needs:
            denial = self._judge(principal, policies, need, self._context(principal, need, call))
            if denial is not None:
                return denial
        return None

    def is_allowed(
        self, role_arn: str, action: str, resource: str, context: Mapping[str, Values] | None = None
    ) -> bool:
        """Whether a role may do something: for what the platform does in its name (writing logs, polling).

        Args:
            context: condition keys in lower case.

        Raises:
            PolicyUnsupported: as ``authorize``.
        """
        name = role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{self.account_id}:assumed-role/{name}/{name}"
        principal = Principal(arn, self.account_id, "AssumedRole", name, role_arn=role_arn)
        need = Need(action, resource, resource, context or {})
        policies = self.roles.policies_of(principal)
        return self._judge(principal, policies, need, self._context(principal, need)) is None

    def missing_key_denied(self, identity: Identity, call: Call) -> Denial | None:
        """What S3 says instead of NoSuchKey to those who may not list the bucket; None when they may.

        Source: S3 API reference, GetObject: without ``s3:ListBucket`` a missing object is a 403.
        """
        bucket = f"arn:aws:s3:::{call.bound.get('Bucket', '')}"
        need = Need("s3:ListBucket", bucket, bucket)
        principal = identity.principal
        policies = self.roles.policies_of(principal)
        return self._judge(principal, policies, need, self._context(principal, need, call))

    def anonymous_denied(self, call: Call) -> Denial | None:
        """Whether resource policies let just anybody make a call: unsigned requests to function URLs.

        Raises:
            PolicyUnsupported: as ``authorize``.
        """
        for need in call.needs:
            context = RequestContext(call, None, extra=need.context, clock=self._clock, action=need.action)
            question = Question(need.action, need.resource, context, Asker("", ""))
            text = self._policy_of(need.resource)
            denied, grant = decide_resource(parse(text), question) if text else (False, Grant.NONE)
            if denied or grant is Grant.NONE:
                return _denial("anonymous", need, _RESOURCE, denied)
        return None

    def can_assume(
        self, role_arn: str, service: str, source_arn: str | None = None, settled_s: float = 0.0
    ) -> bool:
        """Whether a role exists and trusts a service, e.g. ``lambda.amazonaws.com``.

        Args:
            settled_s: seconds that must have passed since the role was made (IAM spreads slowly).
        """
        document = self.roles.trust_policy(role_arn)
        if document is None or self.roles.age_s(role_arn) < settled_s:
            return False
        context = ServiceContext(service, source_arn, self.account_id, clock=self._clock)
        asker = Asker("", self.account_id, service=service)
        question = Question("sts:AssumeRole", role_arn, context, asker)
        denied, grant = decide_resource(parse(document), question)
        return not denied and grant > Grant.NONE

    def service_denied(
        self,
        service: str,
        action: str,
        resource: str,
        source_arn: str | None = None,
        source_account: str | None = None,
    ) -> Denial | None:
        """None when a resource's policy lets a service act on it (S3 on a function, SNS on a queue).

        Args:
            service: e.g. ``s3.amazonaws.com``.
            source_arn: the resource for which the service acts, as ``aws:SourceArn``.

        Raises:
            PolicyUnsupported: as ``authorize``.
        """
        text = self._policy_of(resource)
        context = ServiceContext(service, source_arn, source_account or self.account_id, clock=self._clock)
        question = Question(action, resource, context, Asker("", self.account_id, service=service))
        denied, grant = decide_resource(parse(text), question) if text else (False, Grant.NONE)
        if not denied and grant > Grant.NONE:
            return None
        return _denial(service, Need(action, resource, resource), _RESOURCE, denied)

    def _context(self, principal: Principal, need: Need, call: Call | None = None) -> Context:
        return RequestContext(
            call,
            principal,
            lambda: self.roles.tags_of(principal),
            need.context,
            self._clock,
            need.action,
        )

    def _judge(self, principal: Principal, policies: Policies, need: Need, context: Context) -> Denial | None:
        question = Question(need.action, need.resource, context, _asker(principal))
        if need.action == "sts:AssumeRole":
            text = self.roles.trust_policy(need.resource)
        else:
            text = self._policy_of(need.resource)
        denied, grant = decide_resource(parse(text), question) if text else (False, Grant.NONE)
        identity = decide(policies.identity, question)
        boundary = Decision.ALLOW if policies.boundary is None else decide((policies.boundary,), question)
        session = Decision.ALLOW if policies.session is None else decide(policies.session, question)
        for kind, refused in (
            (_IDENTITY, identity is Decision.EXPLICIT_DENY),
            (_RESOURCE, denied),
            (_BOUNDARY, boundary is Decision.EXPLICIT_DENY),
            (_SESSION, session is Decision.EXPLICIT_DENY),
        ):
            if refused:
                return _denial(principal.arn, need, kind, True)
        if grant is Grant.SELF:
            return None  # names this very user or session: no boundary or session policy limits it
        if _needs_resource_policy(need) and grant is Grant.NONE:
            return _denial(principal.arn, need, _RESOURCE, False)
        if identity is not Decision.ALLOW and grant is not Grant.ROLE:
            return _denial(principal.arn, need, _IDENTITY, False)
        if boundary is not Decision.ALLOW:
            return _denial(principal.arn, need, _BOUNDARY, False)
        return None if session is Decision.ALLOW else _denial(principal.arn, need, _SESSION, False)

    def _policy_of(self, resource: str) -> str | None:
        if not resource.startswith("arn:"):
            return None
        provided = self._provided(resource) if self._provided is not None else None
        if provided is None:
            return stored_resource_policy(resource, self.account_id)
        return provided if isinstance(provided, str) else json.dumps(provided)


def _asker(principal: Principal) -> Asker:
    return Asker(principal.arn, principal.account_id, principal.role_arn)


def _needs_resource_policy(need: Need) -> bool:
    """A role's trust policy and a key's key policy must agree; elsewhere identity policies are enough."""
    return need.action == "sts:AssumeRole" or (need.action.startswith("kms:") and ":key/" in need.resource)


def _refuse_ignored(call: Call) -> None:
    """Parameters that limit a session and that moto would forget."""
    if call.service == "sts" and call.operation in ("AssumeRole", "GetFederationToken"):
        for name in ("PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity", "ProvidedContexts"):
            if name in call.params:
                raise PolicyUnsupported(
                    f"sts:{call.operation} with {name} is not supported by the local cloud; "
                    "give the session a Policy, or leave it out."
                )


def _denial(principal: str, need: Need, kind: str, explicit: bool) -> Denial:
    """AWS's text. Source: IAM User Guide, "Troubleshoot access denied error messages"."""
    action = _spoken_action(need.action)
    message = f"User: {principal} is not authorized to perform: {action}"
    if need.shown != "*" or need.action.startswith("lambda:"):
        quote = '"' if need.action.startswith("s3:") else ""
        message += f" on resource: {quote}{need.shown}{quote}"
    article = "an" if kind == _IDENTITY else "a"
    if explicit:
        message += f" with an explicit deny in {article} {kind}"
    elif need.action != "sts:AssumeRole":
        message += f" because no {kind} allows the {action} action"
    return Denial(message, need.action, need.resource, principal, kind, explicit)


def _spoken_action(action: str) -> str:
    """SQS writes its actions in lower case and SNS its prefix in capitals."""
    prefix, _, name = action.partition(":")
    if prefix == "sqs":
        return f"sqs:{name.lower()}"
    return f"SNS:{name}" if prefix == "sns" else action
