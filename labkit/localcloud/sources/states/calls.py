"""The calls that tasks make: through the cloud's own front, signed with the role of the state machine."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config

from labkit.runtime.spec import Credentials

TRACE: contextvars.ContextVar[str | None] = contextvars.ContextVar("trace", default=None)
SERVICE = "states.amazonaws.com"
CLIENTS_KEPT = 64
# A task ends by its own TimeoutSeconds; the longest answer is that of a function of 15 minutes.
CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    connect_timeout=10,
    read_timeout=930,
    max_pool_connections=50,
    inject_host_prefix=False,
)


class RoleNotAssumable(Exception):
    """Fails the task; the message is what the execution's history shows."""


class Calls:
    """Makes the clients of tasks. Safe to use from any thread."""

    def __init__(
        self,
        endpoint: str,
        can_assume: Callable[[str, str], bool],
        issue: Callable[[str, str], Credentials],
    ) -> None:
        """``issue`` gives a role's temporary credentials for a session of a name."""
        self._endpoint, self._can_assume, self._issue = endpoint, can_assume, issue
        self._session = botocore.session.Session()
        self._lock = threading.Lock()
        self._client = functools.lru_cache(CLIENTS_KEPT)(self._make)

    def client_for(self, region: str, service: str, state_credentials: Any = None) -> Any:
        """Takes the place of moto's factory.

        Raises:
            RoleNotAssumable: the role is gone or does not trust Step Functions.
        """
        role_arn = state_credentials.role_arn
        if not self._can_assume(role_arn, SERVICE):
            raise RoleNotAssumable(
                f"Neither the global service principal {SERVICE}, nor the regional one is authorized to "
                f"assume the provided role {role_arn}."
            )
        issued = self._issue(role_arn, "StepFunctions")
        with self._lock:  # botocore's sessions must not make clients in two threads at once
            return self._client(region, service, issued)

    def _make(self, region: str, service: str, credentials: Credentials) -> Any:
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=CONFIG,
        )
        client.meta.events.register("before-sign", _add_trace)
        return client


def _add_trace(request: Any, **_: Any) -> None:
    if (header := TRACE.get()) is not None:
        request.headers["X-Amzn-Trace-Id"] = header
