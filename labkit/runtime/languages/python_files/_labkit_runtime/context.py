"""The ``context`` argument of a handler."""

from __future__ import annotations

import json
import os
import sys
import time

from .faults import Fault

TYPE_CHECKING = False  # for the type checker only: importing typing would cost every cold start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TRACE_FIELDS = ("traceparent", "tracestate", "baggage")


class _Record:
    """Attributes taken from a mapping; those that it lacks are None."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: Mapping[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        fields = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{fields}])"


class CognitoIdentity(_Record):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Record):
    # In the order in which AWS shows them.
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")  # noqa: RUF023


class ClientContext(_Record):
    __slots__ = ("custom", "env", "client")  # noqa: RUF023


class LambdaContext:
    """What a handler can know about its invocation."""

    _shown = (
        "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
        "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id",
    )  # fmt: skip

    def __init__(
        self, headers: Mapping[str, Any], client_context: Any, identity: Mapping[str, Any] | None
    ) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"] or ""
        self.tenant_id = headers["Lambda-Runtime-Aws-Tenant-Id"]
        self._w3c = _trace_fields(client_context)
        self.client_context: Any = None
        if client_context is not None:
            self.client_context = ClientContext(client_context)
            if self.client_context.client is not None:
                self.client_context.client = Client(self.client_context.client)
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": (identity or {}).get("cognitoIdentityId"),
                "cognito_identity_pool_id": (identity or {}).get("cognitoIdentityPoolId"),
            }
        )
        self._deadline_ms = headers["Lambda-Runtime-Deadline-Ms"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the timeout; never below zero."""
        return max(int(self._deadline_ms) - int(time.time() * 1000), 0)

    def w3c(self) -> dict[str, str]:
        """The W3C trace context that came with the invocation."""
        return dict(self._w3c)

    def log(self, message: object) -> None:
        """Writes to the log, unformatted."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        fields = ",".join(f"{name}={getattr(self, name)}" for name in self._shown)
        return f"{type(self).__name__}([{fields}])"


def make_context(headers: Mapping[str, Any]) -> LambdaContext:
    """The context of an invocation.

    Raises:
        Fault: a header is not the JSON that it should be.
    """
    client_context = _parsed(headers["Lambda-Runtime-Client-Context"], "Client Context")
    identity = _parsed(headers["Lambda-Runtime-Cognito-Identity"], "Cognito Identity")
    return LambdaContext(headers, client_context, identity)


def _parsed(header: str | None, name: str) -> Any:
    if not header:
        return None
    try:
        return json.loads(header)
    except ValueError as error:
        message = f"Unable to parse {name} JSON: {error}"
        raise Fault("Runtime.LambdaContextUnmarshalError", message) from error


def _trace_fields(client_context: Any) -> dict[str, str]:
    """The trace fields of a client context, taken out of it."""
    found = client_context.pop("w3c", None) if isinstance(client_context, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in TRACE_FIELDS if isinstance(found.get(name), str)}
