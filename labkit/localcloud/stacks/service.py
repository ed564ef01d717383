"""Answers the CloudFormation API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.model import ListShape, StructureShape

from labkit.localcloud import constraints
from labkit.localcloud.front import Answer
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.identities import Identity
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.stacks.change_operations import ChangeOperations
from labkit.localcloud.stacks.errors import StackError, invalid
from labkit.localcloud.stacks.fit import fit
from labkit.localcloud.stacks.operations import Operations
from labkit.localcloud.stacks.reading import Reading

SERVICE = "cloudformation"
Operation = Callable[[Mapping[str, Any], str, Identity], dict[str, Any]]
_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_DRIFT = "Compare DescribeStackResources with the services' own answers."
_INSTEAD = {
    "CancelUpdateStack": "An update here takes seconds: wait for it.",
    "ContinueUpdateRollback": "Mend what failed with UpdateStack's cause, or delete the stack.",
    "DescribeEvents": "Use DescribeStackEvents.",
    "DetectStackDrift": _DRIFT,
    "DetectStackResourceDrift": _DRIFT,
    "EstimateTemplateCost": "Use labkit's estimate of a lab.",
    "GetStackPolicy": "Stacks here have no stack policies.",
    "RollbackStack": "Update the stack with the template that worked.",
    "SetStackPolicy": "Use termination protection and DeletionPolicy.",
    "SignalResource": "Let a custom resource's function answer when it is ready.",
}


class Stacks:
    """Stands where moto's CloudFormation would."""

    def __init__(
        self, moto: MotoHost, operations: Operations, changes: ChangeOperations, reading: Reading
    ) -> None:
        self._moto = moto
        self._parts = (operations, changes, reading)

    async def __call__(self, call: Call, caller: Identity) -> Answer:
        """The answer to a call that ``caller`` may make."""
        try:
            document = await self._moto.run(self._do, call, caller)
        except StackError as error:
            return _refusal(error)
        sent: Answer = await self._moto.run(_sent, call.operation, document)
        return sent

    def _do(self, call: Call, caller: Identity) -> dict[str, Any]:
        operation = self._operation(call.operation)
        shape = _model().operation_model(call.operation).input_shape
        params = _params(shape, call.params) if shape is not None else {}
        if message := constraints.broken(SERVICE, call.operation, params):
            raise invalid(message)
        return operation(params, call.region, caller)

    def _operation(self, name: str) -> Operation:
        for part in self._parts:
            method: Operation | None = getattr(part, xform_name(name), None)
            if method is not None and name in _model().operation_names:
                return method
        instead = _INSTEAD.get(name, "Use it on an AWS account.")
        raise StackError("NotImplemented", f"{name} is {NOT_HERE}. {instead}", 501)


def _params(shape: StructureShape, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by the model: the query protocol knows text only, an empty list is no text."""
    known = {name: value for name, value in given.items() if name not in ("Action", "Version")}
    for name, member in shape.members.items():
        if isinstance(member, ListShape) and known.get(name) == "":
            known[name] = []
    fitted: dict[str, Any] = fit(shape, known)
    return fitted


def _sent(operation: str, document: Mapping[str, Any]) -> Answer:
    from moto.core.serialize import QuerySerializer

    made = QuerySerializer(_model().operation_model(operation)).serialize(_texts(document))
    headers = [("Content-Type", "text/xml")]
    return Answer(200, headers, str(made["body"]).encode())


def _texts(document: Mapping[str, Any]) -> dict[str, Any]:
    """A processed template is sent as JSON."""
    body = document.get("TemplateBody")
    known = {**document, "TemplateBody": json.dumps(body)} if isinstance(body, Mapping) else dict(document)
    return {name: value for name, value in known.items() if value is not None}


def _refusal(error: StackError) -> Answer:
    kind = "Sender" if error.status < 500 else "Receiver"
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{kind}</Type><Code>{error.code}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId>"
        "</ErrorResponse>"
    )
    return Answer(error.status, [("Content-Type", "text/xml")], body.encode())


@cache
def _model() -> Any:
    from moto.core.utils import get_service_model

    return get_service_model(SERVICE)
