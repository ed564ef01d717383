"""Teaches moto's IAM what it does unlike AWS: constraints, policies, and updates that change what they name.

A policy that names no version is of 2008-10-17 (IAM user guide, "IAM JSON policy elements: Version"): SAM has
such. UpdateRole leaves alone what it is not given (IAM API reference). Sizes: "IAM and AWS STS quotas".
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.exceptions import LimitExceededException, MalformedPolicyDocument, NoSuchEntity, ValidationError
from moto.iam.models import IAMBackend, Role
from moto.iam.policy_validation import BaseIAMPolicyValidator, IAMPolicyDocumentValidator
from moto.iam.responses import IamResponse

from labkit.localcloud import contracts
from labkit.localcloud.functions.limits import quota

_validate = IAMPolicyDocumentValidator.validate
_put_role_policy = IAMBackend.put_role_policy
_create_role = IAMBackend.create_role


def install() -> None:
    """Replaces moto's methods, once for the process; another check of moto's refuses what is no version."""

    def any_version(self: BaseIAMPolicyValidator) -> None:
        pass

    BaseIAMPolicyValidator._validate_version = any_version  # type: ignore[method-assign]
    IAMBackend.update_role = _update_role  # type: ignore[method-assign]
    IAMBackend.put_role_policy = _sized_role_policy  # type: ignore[method-assign]
    IAMBackend.create_role = _bounded_role  # type: ignore[method-assign]
    IAMPolicyDocumentValidator.validate = _for_nobody  # type: ignore[method-assign]
    IamResponse.update_role = _answer_update_role  # type: ignore[method-assign]
    contracts.install_typed(IamResponse, "iam", ValidationError)


def _for_nobody(self: IAMPolicyDocumentValidator) -> None:
    """An identity's policy is for that identity: it names no principal."""
    _validate(self)
    statements = json.loads(self._policy_document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyDocument("Policy document should not specify a principal.")


def _sized_role_policy(self: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
    """All inline policies of a role together, spaces not counted."""
    role, most = self.get_role(role_name), quota("iam_role_inline_policies_max_chars")
    others = [text for name, text in role.policies.items() if name != policy_name]
    size = sum(len("".join(str(text).split())) for text in [*others, policy_json])
    if size > most:
        raise LimitExceededException(f"Maximum policy size of {most} bytes exceeded for role {role_name}")
    _put_role_policy(self, role_name, policy_name, policy_json)


def _bounded_role(self: IAMBackend, role_name: str, *args: Any, **options: Any) -> Role:
    boundary = options.get("permissions_boundary") or (args[2] if len(args) > 2 else None)
    if boundary and boundary not in self.managed_policies:
        raise NoSuchEntity(f"Scope ARN: {boundary} does not exist or is not attachable.")
    made: Role = _create_role(self, role_name, *args, **options)
    return made


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
