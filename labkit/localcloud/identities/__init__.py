"""Whose key it is: the workspace's administrator, execution roles, and what a learner got from IAM or STS.

State of users, roles and sessions is moto's; this module only reads it, adds the learner, and issues.
It decides nothing (permissions does) and checks no signature (signing does).
"""

from __future__ import annotations

import calendar
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.errors import CloudError
from labkit.localcloud import lessons
from labkit.localcloud.identities.principal import Identity, Principal
from labkit.localcloud.signing import Signed, verify
from labkit.runtime.http import Request
from labkit.runtime.spec import Credentials

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend
    from moto.sts.models import AssumedRole, STSBackend

__all__ = ["ACCOUNT_ID", "LEARNER", "Identities", "Identity", "Principal"]

ACCOUNT_ID = "123456789012"
LEARNER = "learner"
FUNCTION_SESSION_S = 12 * 3600
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class _Issued:
    credentials: Credentials
    role_id: str
    expires_at: float


class Identities:
    """All credentials that this cloud accepts. Safe to use from any thread."""

    def __init__(self, access_key_id: str, secret_access_key: str, account_id: str = ACCOUNT_ID) -> None:
        """The administrator's key is that of the IAM user ``learner``."""
        self.account_id = account_id
        self._lock = threading.Lock()
        self._sessions: dict[str, Identity] = {}
        self._issued: dict[tuple[str, str], _Issued] = {}
        arn = f"arn:aws:iam::{account_id}:user/{LEARNER}"
        user_id = "AIDA" + "".join(secrets.choice(_ID_LETTERS) for _ in range(17))
        learner = Principal(arn, account_id, "User", user_id, user_name=LEARNER, administrator=True)
        self._admin = Identity(access_key_id, secret_access_key, learner)
        lessons.add("iam", self.register)

    @property
    def administrator(self) -> Identity:
        """The workspace's own identity."""
        return self._admin

    def register(self) -> None:
        """Writes the learner into moto's IAM; call it again after moto's state was reset."""
        with self._lock:
            self._sessions.clear()
            self._issued.clear()
            _enter(self._iam, self._admin)

    def verify(self, request: Request) -> Signed[Identity]:
        """Checks the signature of a request and says who made it.

        Raises:
            SigningError: it is unsigned, or not rightly signed.
        """
        return verify(
            request.method, request.raw_path, request.query, request.headers, request.body, self.lookup
        )

    def lookup(self, access_key_id: str) -> Identity | None:
        """The holder of a key; None when no such key exists, is inactive, or its role was deleted."""
        if access_key_id == self._admin.access_key_id:
            return self._admin
        known = self._sessions.get(access_key_id)
        if known is None:
            known = self._find_session(access_key_id) or self._find_user(access_key_id)
        if known is None:
            return None
        role_id = known.principal.role_id
        return known if role_id is None or role_id in self._iam.roles else None

    def issue_for_function(self, role_arn: str, function_name: str) -> Credentials:
        """Temporary credentials of an execution role; the session is named after the function, as on AWS.

        They last 12 hours and are shared by the environments of a function until half of that is over.

        Raises:
            CloudError: the role does not exist.
        """
        role = next((role for role in list(self._iam.roles.values()) if role.arn == role_arn), None)
        if role is None:
            raise CloudError(f"The role {role_arn} does not exist: create it, or name another role.")
        with self._lock:
            issued = self._issued.get((role_arn, function_name))
            half_over = time.time() + FUNCTION_SESSION_S / 2
            if issued is None or issued.role_id != role.id or issued.expires_at < half_over:
                issued = self._issue(role_arn, role.id, function_name)
                self._issued[role_arn, function_name] = issued
            return issued.credentials

    def issue_session(
        self, principal: Principal, duration_s: int, session_policies: tuple[str, ...] = ()
    ) -> tuple[Identity, Credentials]:
        """Temporary credentials that stand for ``principal`` itself (GetSessionToken, GetFederationToken)."""
        holder = Principal(
            principal.arn,
            principal.account_id,
            principal.kind,
            principal.user_id,
            user_name=principal.user_name,
            administrator=principal.administrator,
            session_policies=session_policies,
        )
        key = self._iam.create_temp_access_key()
        credentials = Credentials(key.access_key_id, secrets.token_urlsafe(30), secrets.token_urlsafe(192))
        identity = Identity(
            credentials.access_key_id,
            credentials.secret_access_key,
            holder,
            credentials.session_token,
            time.time() + duration_s,
        )
        with self._lock:
            self._sessions[identity.access_key_id] = identity
        return identity, credentials

    @property
    def _iam(self) -> IAMBackend:
        backend: IAMBackend = lessons.backend("iam", self.account_id, "aws")
        return backend

    @property
    def _sts(self) -> STSBackend:
        backend: STSBackend = lessons.backend("sts", self.account_id, "aws")
        return backend

    def _issue(self, role_arn: str, role_id: str, function_name: str) -> _Issued:
        now = time.time()
        sts = self._sts
        sts.assumed_roles = [held for held in sts.assumed_roles if _expiry(held) > now]
        self._sessions = {key: held for key, held in self._sessions.items() if (held.expires_at or 0) > now}
        assumed = sts.assume_role(
            region_name="us-east-1",
            role_session_name=function_name,
            role_arn=role_arn,
            policy="",
            duration=FUNCTION_SESSION_S,
            external_id="",
        )
        # moto draws secrets from a seedable generator; this one opens the learner's cloud: draw it anew.
        assumed.access_key.secret_access_key = assumed.secret_access_key = secrets.token_urlsafe(30)
        self._sessions[assumed.access_key_id] = self._session_identity(assumed)
        credentials = Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)
        return _Issued(credentials, role_id, _expiry(assumed))

    def _find_session(self, access_key_id: str) -> Identity | None:
        assumed = self._sts.get_assumed_role_from_access_key(access_key_id)
        if assumed is None:
            return None
        identity = self._session_identity(assumed)
        if identity.principal.role_id is None:
            return None
        with self._lock:
            self._sessions[access_key_id] = identity
        return identity

    def _session_identity(self, assumed: AssumedRole) -> Identity:
        role = next((role for role in list(self._iam.roles.values()) if role.arn == assumed.role_arn), None)
        principal = Principal(
            assumed.arn,
            self.account_id,
            "AssumedRole",
            assumed.user_id,
            role_arn=assumed.role_arn,
            role_id=role.id if role else None,
            session_policies=(assumed.policy,) if assumed.policy else (),
        )
        return Identity(
            assumed.access_key_id,
            assumed.secret_access_key,
            principal,
            assumed.session_token,
            _expiry(assumed),
        )

    def _find_user(self, access_key_id: str) -> Identity | None:
        """A key made by iam:CreateAccessKey. Not remembered: it may be deactivated at any moment."""
        for user in list(self._iam.users.values()):
            for key in list(user.access_keys):
                if key.access_key_id == access_key_id and key.status == "Active":
                    principal = Principal(user.arn, self.account_id, "User", user.id, user_name=user.name)
                    return Identity(access_key_id, key.secret_access_key, principal)
        return None


def _enter(iam: IAMBackend, administrator: Identity) -> None:
    """Writes the user into moto's IAM, with the key, unless they are there."""
    user = iam.users.get(LEARNER)
    if user is None:
        user = iam.create_user("us-east-1", LEARNER)
        user.id = administrator.principal.user_id
        if _ADMINISTRATOR_POLICY in iam.managed_policies:
            iam.attach_user_policy(_ADMINISTRATOR_POLICY, LEARNER)
    if not user.has_access_key(administrator.access_key_id):
        key = user.create_access_key(prefix="AKIA")
        key.access_key_id, key.secret_access_key = administrator.access_key_id, administrator.secret
        iam.access_keys[key.access_key_id] = key


def _expiry(assumed: Any) -> float:
    """moto keeps naive UTC times."""
    return float(calendar.timegm(assumed.expiration.timetuple()))
