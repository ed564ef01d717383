"""Who is asking: the holder of credentials, as IAM sees and names it. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["User", "AssumedRole", "FederatedUser"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, or a session of a role.

    Attributes:
        arn: the ARN that AWS prints in its messages and in GetCallerIdentity.
        user_id: ``aws:userid``: ``AIDA...`` of a user, ``AROA...:session`` of a role session.
        role_arn, role_id: only for role sessions.
        user_name: only for users and for what a user federates.
        administrator: the workspace's own key: everything is allowed that no policy denies.
        session_policies: JSON documents that limit the session further.
    """

    arn: str
    account_id: str
    kind: Kind
    user_id: str
    role_arn: str | None = None
    role_id: str | None = None
    user_name: str | None = None
    administrator: bool = False
    session_policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Credentials and their holder. ``token`` and ``expires_at`` (seconds since the epoch) when temporary."""

    access_key_id: str
    secret: str
    principal: Principal
    token: str | None = None
    expires_at: float | None = None
