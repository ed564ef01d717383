"""Whether a state machine may be made: its definition, and what of it the local cloud cannot do.

The graph is checked here, because moto takes any; the rest is moto's parser's. Source of the codes: AWS,
"ValidateStateMachineDefinition".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.sources.states.interpreter import Interpreter
from labkit.localcloud.sources.states.machine import refused

TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
FINAL = ("Succeed", "Fail")
NEEDED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
INTEGRATIONS = ("lambda", "sqs", "sns", "dynamodb", "events", "states", "aws-sdk")
NAME_MAX = 80


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``path`` is where, such as ``/States/Charge``."""

    code: str
    message: str
    path: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.path}"


class Definitions:
    """Checks definitions. Not for the event loop's thread."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter

    def check(self, definition: str, express: bool) -> None:
        """Refuses what cannot run.

        Raises:
            AWSError: InvalidDefinition, with everything that is wrong.
        """
        if problems := self.problems(definition, express):
            told = ", ".join(map(str, problems))
            raise refused("InvalidDefinition", f"Invalid State Machine Definition: '{told}'")

    def problems(self, definition: str, express: bool) -> list[Problem]:
        """What is wrong with a definition; nothing when it can run."""
        try:
            document = json.loads(definition)
        except ValueError as error:
            return [Problem("INVALID_JSON_DESCRIPTION", str(error), "/")]
        if not isinstance(document, dict):
            return [Problem("INVALID_JSON_DESCRIPTION", "The definition is not a JSON object", "/")]
        return list(_graph(document, "")) or list(self._parsed(document, definition, express))

    def _parsed(self, document: dict[str, Any], definition: str, express: bool) -> Iterator[Problem]:
        self._interpreter.load()
        from moto.stepfunctions.parser.asl.static_analyser.express_static_analyser import (
            ExpressStaticAnalyser,
        )
        from moto.stepfunctions.parser.asl.static_analyser.static_analyser import StaticAnalyser

        unsupported = [problem for path, state in _states(document, "") for problem in _limits(state, path)]
        if unsupported:
            yield from unsupported
            return
        try:
            (ExpressStaticAnalyser() if express else StaticAnalyser()).analyse(definition)
        except Exception as error:  # whatever moto's parser raises, it does not take the definition
            message = str(error).removeprefix("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ")
            yield Problem("SCHEMA_VALIDATION_FAILED", message.rstrip("'"), "/")
            return
        for path, state in _states(document, ""):
            yield from _unknown_parameters(state, path)


def _graph(document: dict[str, Any], path: str) -> Iterator[Problem]:
    """Names, transitions and required fields, here and in branches."""
    states = document.get("States")
    if not isinstance(states, dict) or not states:
        yield Problem("SCHEMA_VALIDATION_FAILED", "The field 'States' is missing or empty", path or "/")
        return
    start = document.get("StartAt")
    if start not in states:
        yield Problem("MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {start}", f"{path}/StartAt")
    reached = {start}
    for name, state in states.items():
        where = f"{path}/States/{name}"
        if not isinstance(state, dict):
            yield Problem("SCHEMA_VALIDATION_FAILED", "A state is a JSON object", where)
            continue
        if len(name) > NAME_MAX:
            yield Problem(
                "SCHEMA_VALIDATION_FAILED", f"A state's name has at most {NAME_MAX} characters", where
            )
        yield from _fields(state, where)
        for field, target in _targets(state):
            reached.add(target)
            if target not in states:
                yield Problem(
                    "MISSING_TRANSITION_TARGET", f"Missing '{field}' target: {target}", f"{where}/{field}"
                )
    for name in states.keys() - reached:
        yield Problem("SCHEMA_VALIDATION_FAILED", f'State "{name}" is not reachable', f"{path}/States/{name}")
    for inner, place in _inner(states, path):
        yield from _graph(inner, place)


def _fields(state: dict[str, Any], where: str) -> Iterator[Problem]:
    kind = state.get("Type")
    if kind not in TYPES:
        yield Problem("SCHEMA_VALIDATION_FAILED", f"'Type' is {kind!r}, not one of {', '.join(TYPES)}", where)
        return
    for field in NEEDED.get(kind, ()):
        if not state.get(field):
            yield Problem("SCHEMA_VALIDATION_FAILED", f"The field '{field}' is missing", where)
    if kind == "Wait" and sum(field in state for field in WAITS) != 1:
        yield Problem(
            "SCHEMA_VALIDATION_FAILED", f"A Wait state has exactly one of {', '.join(WAITS)}", where
        )
    if kind == "Map" and not ("ItemProcessor" in state or "Iterator" in state):
        yield Problem("SCHEMA_VALIDATION_FAILED", "The field 'ItemProcessor' is missing", where)
    ends = state.get("End") is True
    if kind not in (*FINAL, "Choice") and ends == ("Next" in state):
        yield Problem("SCHEMA_VALIDATION_FAILED", "A state has either 'Next' or 'End': true", where)


def _targets(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for number, rule in enumerate(state.get(field) or ()):
            if isinstance(rule, dict) and "Next" in rule:
                yield f"{field}[{number}]/Next", rule["Next"]


def _inner(states: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The graphs inside of Parallel and Map states."""
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        where = f"{path}/States/{name}"
        for number, branch in enumerate(state.get("Branches") or ()):
            yield branch, f"{where}/Branches[{number}]"
        for field in ("ItemProcessor", "Iterator"):
            if isinstance(state.get(field), dict):
                yield state[field], f"{where}/{field}"


def _states(document: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in document["States"].items():
        yield f"{path}/States/{name}", state
    for inner, place in _inner(document["States"], path):
        yield from _states(inner, place)


def _limits(state: dict[str, Any], path: str) -> Iterator[Problem]:
    """What AWS has and the local cloud has not."""

    def missing(what: str, instead: str) -> Problem:
        return Problem("SCHEMA_VALIDATION_FAILED", f"The local cloud has no {what}: {instead}", path)

    if "Credentials" in state:
        yield missing("Credentials in a state", "give the state machine's own role the permission")
    if "ResultWriter" in state:
        yield missing("ResultWriter", "let the map return its results, or write them in a task")
    if state.get("Type") != "Task":
        return
    resource = state["Resource"]
    parts = resource.split(":")
    if ":activity:" in resource:
        yield missing("activities", "use a task with .waitForTaskToken")
    elif parts[2:3] == ["states"]:
        service = parts[5] if len(parts) > 5 else ""
        if service not in INTEGRATIONS:
            yield missing(
                f"integration with {service!r}", f"here are {', '.join(INTEGRATIONS)}; or call a function"
            )
    elif parts[2:3] != ["lambda"]:
        wrong = f"Value is not a valid resource ARN: {resource!r}"
        yield Problem("SCHEMA_VALIDATION_FAILED", wrong, f"{path}/Resource")


def _unknown_parameters(state: dict[str, Any], path: str) -> Iterator[Problem]:
    """moto drops parameters that an optimised integration does not know; AWS refuses them."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_factory as tasks,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
        Resource,
        ServiceResource,
    )

    resource = Resource.from_resource_arn(state["Resource"]) if state.get("Type") == "Task" else None
    if not isinstance(resource, ServiceResource) or resource.service_name == "aws-sdk":
        return
    task: Any = tasks.state_task_service_for(resource.service_name)
    task.resource = resource
    known = task._get_supported_parameters() or set()
    for field in ("Parameters", "Arguments"):
        given = state.get(field)
        for name in given if isinstance(given, dict) else ():
            if name.removesuffix(".$") not in known:
                message = f'The field "{name}" is not supported by Step Functions'
                yield Problem("SCHEMA_VALIDATION_FAILED", message, f"{path}/{field}")
