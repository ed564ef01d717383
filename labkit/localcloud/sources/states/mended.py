"""Where moto's interpreter differs from AWS: what takes the place of it.

Imported when the interpreter is loaded.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, Shape
from jsonpath_ng.ext.parser import parse
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

# A path that may match several nodes: its result is a list, also of one.
INDEFINITE = re.compile(r"\*|\.\.|\[\s*-?\d*\s*:|\?\(|\[[^\]]*,")
ENDS_IN_INDEX = re.compile(r"\[\d+\]$")
_now = threading.local()


def install() -> None:
    """Replaces methods of moto's classes, once for the process."""
    # Executions of one definition share its components: their counters are by component, within an execution.
    EvalComponent.heap_key = property(lambda self: str(id(self)))
    RetrierDecl._eval_body = _interruptible(RetrierDecl._eval_body)
    StringJSONata._eval_body = _told(StringJSONata._eval_body)
    StateTaskService._normalise_parameters = _to_sdk
    StateTaskService._normalise_response = _from_sdk


def pause(seconds: float) -> None:
    """A retrier's pause, which the end of its execution cuts short."""
    _now.environment.program_state_event.wait(seconds)


def extract_json(path: str, data: Any) -> Any:
    """The value at a path; of a path that may match several, the list of them.

    Raises:
        NoSuchJsonPathError: there is no such node.
    """
    found = [match.value for match in _parsed(path).find(data)]
    if not INDEFINITE.search(path):
        if not found:
            raise NoSuchJsonPathError(json_path=path, data=data)
        return found[0]
    return found[0] if len(found) == 1 and ENDS_IN_INDEX.search(path) else found


_parsed = functools.lru_cache(maxsize=1000)(parse)


def _interruptible(body: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def retry(self: Any, env: Any) -> None:
        _now.environment = env
        body(self, env)

    return retry


def _told(body: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """An expression that fails is States.QueryEvaluationError, with an event of its own."""

    def evaluate(self: Any, env: Any) -> None:
        try:
            body(self, env)
        except JSONataException as problem:
            name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
            cause = f"The JSONata expression '{self.expression}' failed: {problem.details}"
            details = EventDetails(
                evaluationFailedEventDetails=EvaluationFailedEventDetails(error=name.error_name, cause=cause)
            )
            kind = HistoryEventType.EvaluationFailed
            env.event_manager.add_event(env.event_history_context, kind, details)
            failure = FailureEvent(env=env, error_name=name, event_type=kind, event_details=details)
            raise FailureEventException(failure_event=failure) from problem

    return evaluate


def _to_sdk(
    self: Any,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """States write ``StateMachineArn``, the SDK ``stateMachineArn``; moto leaves it as it is written."""
    shape = _shape(self, boto_service_name, service_action_name, "input_shape")
    if shape is not None:
        self._to_boto_request(parameters, shape)


def _from_sdk(
    self: Any,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    shape = _shape(self, boto_service_name, service_action_name, "output_shape")
    if shape is not None:
        self._from_boto_response(response, shape)


def _shape(task: Any, service: str | None, action: str | None, which: str) -> Shape | None:
    operation = _operation(task._get_boto_service_name(service), task._get_boto_service_action(action))
    return getattr(operation, which) if operation else None


@functools.cache
def _operation(service: str, action: str) -> OperationModel | None:
    model = botocore.session.Session().get_service_model(service)
    names = (name for name in model.operation_names if xform_name(name) == action)
    return next((model.operation_model(name) for name in names), None)
