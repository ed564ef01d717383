"""Writes down what happens to a stack: its state, that of its resources, and the events that tell of both."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError, WaiterError

from labkit.localcloud.stacks.errors import StackError
from labkit.localcloud.stacks.model import Event, Resource, Stack

STACK_TYPE = "AWS::CloudFormation::Stack"
_REASONS = (
    ("AlreadyExists", ("Exists", "Conflict", "InUse", "Duplicate")),
    ("NotFound", ("NotFound", "NoSuch", "NonExistent")),
    ("AccessDenied", ("AccessDenied", "Unauthorized", "NotAuthorized", "AuthorizationError")),
    ("Throttling", ("Throttl", "TooManyRequests", "LimitExceeded")),
)


class History:
    """Keeps the history of stacks, by the lesson clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now

    def stack(self, stack: Stack, status: str, reason: str | None = None) -> None:
        """The stack is in another state."""
        self._event(stack, stack.name, stack.id, STACK_TYPE, status, reason)
        stack.status, stack.reason = status, reason

    def resource(
        self,
        stack: Stack,
        resource: Resource,
        status: str,
        reason: str | None = None,
        shown: Mapping[str, Any] | None = None,
    ) -> Resource:
        """A resource is in another state; answers with it as it is now.

        Args:
            shown: the properties that the event shows.
        """
        now = replace(resource, status=status, reason=reason, at=self.now())
        stack.put(now)
        self.event(stack, now, shown)
        return now

    def event(self, stack: Stack, resource: Resource, shown: Mapping[str, Any] | None = None) -> None:
        """Tells of a resource without putting it into the stack."""
        text = json.dumps(shown) if shown else None
        self._event(
            stack,
            resource.logical_id,
            resource.physical_id,
            resource.type,
            resource.status,
            resource.reason,
            text,
        )

    def _event(
        self,
        stack: Stack,
        logical_id: str,
        physical_id: str,
        kind: str,
        status: str,
        reason: str | None,
        properties: str | None = None,
    ) -> None:
        event_id = str(uuid.uuid4()) if kind == STACK_TYPE else f"{logical_id}-{status}-{uuid.uuid4()}"
        stack.events.append(
            Event(
                event_id,
                logical_id,
                physical_id,
                kind,
                status,
                self.now(),
                reason,
                properties,
                stack.token,
            )
        )


def reason_of(error: BaseException) -> str:
    """Why a resource failed, as its event says it."""
    if isinstance(error, StackError):
        return error.message
    if isinstance(error, ParamValidationError):
        return f"Properties validation failed: {error}"
    if isinstance(error, WaiterError) or not isinstance(error, ClientError):
        return str(error) or type(error).__name__
    said, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code = str(said.get("Code", ""))
    handler = next(
        (name for name, parts in _REASONS if any(part in code for part in parts)), "InvalidRequest"
    )
    return (
        f'Resource handler returned message: "{said.get("Message", "")} (Operation: {error.operation_name}, '
        f"Error Code: {code}, Status Code: {metadata.get('HTTPStatusCode')}, Request ID: "
        f'{metadata.get("RequestId", "")})" (HandlerErrorCode: {handler})'
    )
