"""Teaches moto's Secrets Manager to check what it is given.

Source: Secrets Manager API reference and the service's answers.
"""

from __future__ import annotations

import re

from moto.secretsmanager.responses import SecretsManagerResponse

from labkit.localcloud import contracts
from labkit.localcloud.contracts import refused

_NAME = re.compile(r"[\w/+=.@!-]+", re.ASCII)
_ROTATION = "Nothing here rotates secrets: put the new value with PutSecretValue."
_INSTEAD = {"RotateSecret": _ROTATION, "CancelRotateSecret": _ROTATION}
_create_secret = SecretsManagerResponse.create_secret
_put_secret_value = SecretsManagerResponse.put_secret_value


def install() -> None:
    """Replaces moto's methods, once for the process."""
    SecretsManagerResponse.create_secret = _checked_secret  # type: ignore[method-assign]
    SecretsManagerResponse.put_secret_value = _checked_value  # type: ignore[method-assign]
    contracts.install(SecretsManagerResponse, "secretsmanager", _INSTEAD)


def _checked_secret(self: SecretsManagerResponse) -> str:
    name = self._get_param("Name")
    if _NAME.fullmatch(name) is None:
        raise refused(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
            "-/_+=.@!"
        )
    _one_value(self)
    secrets = self.backend.secrets
    if secrets.get(name) is not None and secrets[name].is_deleted():
        raise refused(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            "InvalidRequestException",
        )
    return str(_create_secret(self))


def _checked_value(self: SecretsManagerResponse) -> str:
    _one_value(self)
    return str(_put_secret_value(self))


def _one_value(self: SecretsManagerResponse) -> None:
    if self._get_param("SecretString") and self._get_param("SecretBinary"):
        raise refused(
            "You can't specify both a binary secret value and a string secret value in the same secret.",
            "InvalidParameterException",
        )
