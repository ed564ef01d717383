"""Teaches moto's IAM what it does unlike AWS: versions of policies, and updates that change what they name.

A policy that names no version is of 2008-10-17 (IAM user guide, "IAM JSON policy elements: Version"): SAM has
such. UpdateRole leaves alone what it is not given (IAM API reference).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.models import IAMBackend, Role
from moto.iam.policy_validation import BaseIAMPolicyValidator
from moto.iam.responses import IamResponse


def install() -> None:
    """Replaces moto's methods, once for the process; another check of moto's refuses what is no version."""

    def any_version(self: BaseIAMPolicyValidator) -> None:
        pass

    BaseIAMPolicyValidator._validate_version = any_version  # type: ignore[method-assign]
    IAMBackend.update_role = _update_role  # type: ignore[method-assign]
    IamResponse.update_role = _answer_update_role  # type: ignore[method-assign]


def _update_role(
    self: IAMBackend, role_name: str, role_description: str | None, max_session_duration: Any
) -> Role:
    role: Role = self.get_role(role_name)
    role.description = role.description if role_description is None else role_description
    role.max_session_duration = max_session_duration or role.max_session_duration
    return role


def _answer_update_role(self: IamResponse) -> EmptyResult:
    self.backend.update_role(
        self._get_param("RoleName"), self._get_param("Description"), self._get_param("MaxSessionDuration")
    )
    return EmptyResult()
