"""The API of Step Functions: what moto answers wrongly or not at all, put in its place. Nothing is ignored.

Names of parameters and answers are AWS's. State machines, versions, aliases and tags stay moto's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.models import StateMachine, StepFunctionBackend
from moto.stepfunctions.responses import StepFunctionResponse

from labkit.localcloud import contracts, origin
from labkit.localcloud.sources.states import outputs
from labkit.localcloud.sources.states.definitions import Definitions
from labkit.localcloud.sources.states.executions import Executions
from labkit.localcloud.sources.states.machine import refused
from labkit.localcloud.sources.states.settings import Settings

PAGE, PAGE_MAX = 100, 1000
ABSENT = {
    "create_activity": "activities; use a task with .waitForTaskToken",
    "get_activity_task": "activities; use a task with .waitForTaskToken",
    "redrive_execution": "RedriveExecution; start a new execution",
    "test_state": "TestState; run a state machine of that one state",
    "update_map_run": "UpdateMapRun; set MaxConcurrency and tolerances in the definition",
}
_create = StepFunctionBackend.create_state_machine
_update = StepFunctionBackend.update_state_machine


class Operations:
    """Answers requests in moto's threads."""

    def __init__(self, executions: Executions, definitions: Definitions, settings: Settings) -> None:
        self._executions, self._definitions, self._settings = executions, definitions, settings

    def install(self) -> None:
        """Teaches moto, once for the process and before its first request for Step Functions."""
        for name in (
            "start_execution", "start_sync_execution", "stop_execution", "describe_execution",
            "list_executions", "get_execution_history", "describe_state_machine_for_execution",
            "send_task_success", "send_task_failure", "send_task_heartbeat", "list_map_runs",
            "describe_map_run", "validate_state_machine_definition", "publish_state_machine_version",
            "list_state_machine_versions", "delete_state_machine_version",
        ):  # fmt: skip
            setattr(StepFunctionResponse, name, _method(getattr(self, name)))
        for name, what in ABSENT.items():
            setattr(StepFunctionResponse, name, _absent(what))
        contracts.install(StepFunctionResponse, "stepfunctions", {})
        StepFunctionBackend.create_state_machine = self._creating()  # type: ignore[method-assign]
        StepFunctionBackend.update_state_machine = self._updating()  # type: ignore[method-assign]

    def _creating(self) -> Callable[..., StateMachine]:
        def create(
            backend: StepFunctionBackend,
            name: str,
            definition: str,
            roleArn: str,  # noqa: N803 - moto's own name for it
            **given: Any,
        ) -> StateMachine:
            kind = given.get("sm_type") or "STANDARD"
            backend._validate_name(name)
            backend._validate_role_arn(roleArn)
            self._definitions.check(definition, kind == "EXPRESS")
            self._settings.check(backend.region_name, roleArn, given)
            known = next((one for one in backend.state_machines if one.name == name), None)
            if known is not None and not _same(known, definition, kind, given):
                raise refused("StateMachineAlreadyExists", f"State Machine Already Exists: '{known.arn}'")
            return _create(backend, name, definition, roleArn, **given)

        return create

    def _updating(self) -> Callable[..., StateMachine]:
        def update(
            backend: StepFunctionBackend,
            arn: str,
            definition: str | None = None,
            role_arn: str | None = None,
            **given: Any,
        ) -> StateMachine:
            machine = backend.describe_state_machine(arn)
            if not any([definition, role_arn, *given.values()]):
                raise refused(
                    "MissingRequiredParameter",
                    "Either the definition, the role ARN, the LoggingConfiguration, the "
                    "EncryptionConfiguration or the TracingConfiguration must be specified",
                )
            if definition is not None:
                self._definitions.check(definition, machine.type == "EXPRESS")
            self._settings.check(backend.region_name, role_arn or machine.roleArn, given)
            return _update(backend, arn, definition, role_arn, **given)

        return update

    def start_execution(self, asked: StepFunctionResponse) -> ActionResult:
        run = self._executions.start(asked.region, *_started(asked))
        return ActionResult({"executionArn": run.exec_arn, "startDate": run.start_date})

    def start_sync_execution(self, asked: StepFunctionResponse) -> ActionResult:
        return ActionResult(outputs.sync(self._executions.start_sync(asked.region, *_started(asked))))

    def stop_execution(self, asked: StepFunctionResponse) -> ActionResult:
        run = self._executions.find(asked.region, asked._get_param("executionArn"))
        run.abort(asked._get_param("error"), asked._get_param("cause"))
        return ActionResult({"stopDate": run.stop_date})

    def describe_execution(self, asked: StepFunctionResponse) -> ActionResult:
        run = self._executions.find(asked.region, asked._get_param("executionArn"))
        return ActionResult(outputs.described(run, _with_data(asked)))

    def list_executions(self, asked: StepFunctionResponse) -> ActionResult:
        if asked._get_param("mapRunArn") or asked._get_param("redriveFilter"):
            raise refused(
                "ValidationException", "The local cloud lists executions by state machine and status."
            )
        if not asked._get_param("stateMachineArn"):
            raise refused("ValidationException", "Must specify a State Machine ARN or a Map Run ARN.")
        machine = asked.stepfunction_backend.describe_state_machine(asked._get_param("stateMachineArn"))
        if machine.type == "EXPRESS":
            raise refused(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            )
        runs: list[Any] = sorted(machine.executions, key=lambda run: run.start_date, reverse=True)
        if status := asked._get_param("statusFilter"):
            runs = [run for run in runs if run.status == status]
        page, token = _page(asked, runs)
        return ActionResult({"executions": [outputs.listed(run) for run in page], "nextToken": token})

    def get_execution_history(self, asked: StepFunctionResponse) -> ActionResult:
        run = self._executions.find(asked.region, asked._get_param("executionArn"))
        events = outputs.history(run, _with_data(asked))
        page, token = _page(asked, events[::-1] if asked._get_param("reverseOrder") else events)
        return ActionResult({"events": page, "nextToken": token})

    def describe_state_machine_for_execution(self, asked: StepFunctionResponse) -> ActionResult:
        run = self._executions.find(asked.region, asked._get_param("executionArn"))
        return ActionResult(outputs.machine(run, self._executions.machine_of(asked.region, run)))

    def send_task_success(self, asked: StepFunctionResponse) -> ActionResult:
        from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

        token, output = asked._get_param("taskToken"), asked._get_param("output")
        endpoint = self._executions.waiting_for(token)
        try:
            json.loads(output)
        except ValueError as error:
            raise refused("InvalidOutput", f"Invalid Output: '{error}'") from None
        endpoint.notify(CallbackOutcomeSuccess(token, output))
        return EmptyResult()

    def send_task_failure(self, asked: StepFunctionResponse) -> ActionResult:
        from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure

        token = asked._get_param("taskToken")
        outcome = CallbackOutcomeFailure(token, asked._get_param("error"), asked._get_param("cause"))
        self._executions.waiting_for(token).notify(outcome)
        return EmptyResult()

    def send_task_heartbeat(self, asked: StepFunctionResponse) -> ActionResult:
        self._executions.waiting_for(asked._get_param("taskToken")).notify_heartbeat()
        return EmptyResult()

    def list_map_runs(self, asked: StepFunctionResponse) -> ActionResult:
        run = self._executions.find(asked.region, asked._get_param("executionArn"))
        page, token = _page(asked, [record.list_item() for record in outputs.map_runs(run)])
        return ActionResult({"mapRuns": page, "nextToken": token})

    def describe_map_run(self, asked: StepFunctionResponse) -> ActionResult:
        arn = asked._get_param("mapRunArn")
        for machine in asked.stepfunction_backend.state_machines:
            for run in machine.executions:
                for record in outputs.map_runs(run):
                    if record.map_run_arn == arn:
                        return ActionResult(record.describe())
        raise refused("ResourceNotFound", f"Resource not found: '{arn}'")

    def validate_state_machine_definition(self, asked: StepFunctionResponse) -> ActionResult:
        express = asked._get_param("type") == "EXPRESS"
        problems = self._definitions.problems(asked._get_param("definition"), express)
        told = [
            {"severity": "ERROR", "code": one.code, "message": one.message, "location": one.path}
            for one in problems
        ]
        most = asked._get_int_param("maxResults") or PAGE
        result = "FAIL" if told else "OK"
        return ActionResult({"result": result, "diagnostics": told[:most], "truncated": len(told) > most})

    def publish_state_machine_version(self, asked: StepFunctionResponse) -> ActionResult:
        machine = asked.stepfunction_backend.describe_state_machine(asked._get_param("stateMachineArn"))
        machine.publish(asked._get_param("description"))
        version = machine.latest_version
        assert version is not None
        return ActionResult({"stateMachineVersionArn": version.arn, "creationDate": version.creation_date})

    def list_state_machine_versions(self, asked: StepFunctionResponse) -> ActionResult:
        machine = asked.stepfunction_backend.describe_state_machine(asked._get_param("stateMachineArn"))
        versions = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
        page, token = _page(asked, versions)
        told = [{"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in page]
        return ActionResult({"stateMachineVersions": told, "nextToken": token})

    def delete_state_machine_version(self, asked: StepFunctionResponse) -> ActionResult:
        arn = asked._get_param("stateMachineVersionArn")
        source, _, number = arn.rpartition(":")
        machine = asked.stepfunction_backend.describe_state_machine(source)
        for alias in machine.aliases.values():
            if any(route["stateMachineVersionArn"] == arn for route in alias.routing_configuration):
                raise refused(
                    "ConflictException",
                    f"Version to be deleted must not be referenced by an alias: {alias.name}",
                )
        machine.versions.pop(int(number) if number.isdigit() else 0, None)
        return EmptyResult()


def _method(
    operation: Callable[[StepFunctionResponse], ActionResult],
) -> Callable[[StepFunctionResponse], ActionResult]:
    def method(self: StepFunctionResponse) -> ActionResult:
        return operation(self)

    return method


def _absent(what: str) -> Callable[[StepFunctionResponse], ActionResult]:
    def method(self: StepFunctionResponse) -> ActionResult:
        raise refused("ValidationException", f"The local cloud has no {what}.")

    return method


def _started(asked: StepFunctionResponse) -> tuple[str, str | None, str | None, str | None]:
    """ARN, name, input and trace header of a start; by default the header of the HTTP request goes on."""
    caller = origin.current()
    trace = asked._get_param("traceHeader") or (caller.trace_header if caller else None)
    return (
        asked._get_param("stateMachineArn"),
        asked._get_param("name"),
        asked._get_param("input"),
        trace,
    )


def _same(known: StateMachine, definition: str, kind: str, given: dict[str, Any]) -> bool:
    """CreateStateMachine is idempotent; other roles and tags are not looked at (AWS's words)."""
    logging = given.get("loggingConfiguration") or {"level": "OFF"}
    tracing = given.get("tracingConfiguration") or {"enabled": False}
    kept = (known.definition, known.type, known.loggingConfiguration, known.tracingConfiguration)
    return kept == (definition, kind, logging, tracing)


def _with_data(asked: StepFunctionResponse) -> bool:
    return (
        asked._get_param("includedData") != "METADATA_ONLY"
        and asked._get_param("includeExecutionData") is not False
    )


def _page(asked: StepFunctionResponse, found: list[Any]) -> tuple[list[Any], str | None]:
    """A page and the token of the next one, which is a number to come."""
    most = min(asked._get_int_param("maxResults") or PAGE, PAGE_MAX)
    token = asked._get_param("nextToken") or "0"
    if not token.isdigit():
        raise refused("InvalidToken", "Invalid Token: 'Invalid token'")
    start = int(token)
    return found[start : start + most], str(start + most) if start + most < len(found) else None
