"""Teaches moto's Systems Manager to check parameters, and to show nobody what is encrypted.

Source: Systems Manager API reference and the service's answers.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.models import Parameter
from moto.ssm.responses import SimpleSystemManagerResponse

from labkit.localcloud import contracts
from labkit.localcloud.contracts import refused
from labkit.localcloud.functions.limits import quota

_NAME = re.compile(r"[\w./-]+", re.ASCII)
_CIPHER = b"\x01\x02\x02\x00x"  # how what KMS has encrypted begins: AQICAHg...
_NONCE_BYTES = 16
_key = secrets.token_bytes(32)
_put_parameter = SimpleSystemManagerResponse.put_parameter
_by_path = SimpleSystemManagerResponse.get_parameters_by_path


def install() -> None:
    """Replaces moto's methods, once for the process."""
    Parameter.encrypt = _encrypted  # type: ignore[method-assign]
    Parameter.decrypt = _decrypted  # type: ignore[method-assign]
    SimpleSystemManagerResponse.put_parameter = _checked_parameter  # type: ignore[method-assign]
    SimpleSystemManagerResponse.get_parameters_by_path = _checked_path  # type: ignore[method-assign]
    expiring = "Parameters here stay until they are deleted; leave it out."
    contracts.install(SimpleSystemManagerResponse, "ssm", {"PutParameter.Policies": expiring})


def _encrypted(self: Parameter, value: str) -> str:
    """Reads like what KMS makes of it; the key is this process's."""
    nonce, text = secrets.token_bytes(_NONCE_BYTES), value.encode()
    return base64.b64encode(_CIPHER + nonce + _mixed(nonce, text)).decode()


def _decrypted(self: Parameter, value: str) -> str:
    if self.parameter_type != "SecureString":
        return value
    raw = base64.b64decode(value)[len(_CIPHER) :]
    return _mixed(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]).decode()


def _mixed(nonce: bytes, text: bytes) -> bytes:
    stream = hashlib.shake_256(_key + nonce).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))


def _checked_parameter(self: SimpleSystemManagerResponse) -> ActionResult:
    name, value = self._get_param("Name"), self._get_param("Value")
    if _NAME.fullmatch(name) is None and not name.startswith("arn:"):
        raise refused(
            "Parameter name must be a fully qualified name: only a mix of letters, numbers and the following "
            "4 symbols .-_/ is allowed."
        )
    pattern, most = self._get_param("AllowedPattern"), quota("ssm_standard_value_max_chars")
    if pattern and re.search(pattern, value) is None:
        raise refused(
            f"Parameter value, cannot be validated against allowedPattern: {pattern}",
            "ParameterPatternMismatchException",
        )
    if len(value) > most and (self._get_param("Tier") or "Standard") == "Standard":
        raise refused(
            f"Standard tier parameters support a maximum parameter value of {most} characters. To create a "
            "larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
    return _put_parameter(self)


def _checked_path(self: SimpleSystemManagerResponse) -> Any:
    path = self._get_param("Path")
    if not path.startswith("/"):
        raise refused(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with "
            f'a forward slash "/": {path}'
        )
    return _by_path(self)
