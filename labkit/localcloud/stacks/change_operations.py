"""The operations of change sets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID, Identity
from labkit.localcloud.stacks import documents, wanted
from labkit.localcloud.stacks.changes import changes
from labkit.localcloud.stacks.engine import Engine
from labkit.localcloud.stacks.errors import StackError, invalid, not_here
from labkit.localcloud.stacks.history import History
from labkit.localcloud.stacks.model import ChangeSet, Stack
from labkit.localcloud.stacks.operations import Operations
from labkit.localcloud.stacks.planning import check_before, expands
from labkit.localcloud.stacks.store import Store

Params = Mapping[str, Any]
Document = dict[str, Any]
_NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class ChangeOperations:
    """Change sets: worked out when they are made, carried out when they are executed."""

    def __init__(self, store: Store, engine: Engine, history: History, operations: Operations) -> None:
        self._store, self._engine, self._history = store, engine, history
        self._operations = operations

    def create_change_set(self, params: Params, region: str, caller: Identity) -> Document:
        wanted.refuse(params)
        kind = params.get("ChangeSetType", "UPDATE")
        if kind == "IMPORT":
            raise not_here("A change set of the type IMPORT", "Make the resources with the stack.")
        before = self._before(params, region, kind)
        own = self._engine.clients(region, caller, None)
        asked = wanted.read(params, own, before)
        clients = self._engine.clients(region, caller, asked.role_arn)
        check_before(asked, acknowledged=False)
        stack = before or self._store.add(
            region, params["StackName"], self._history.now(), "REVIEW_IN_PROGRESS"
        )
        name = params["ChangeSetName"]
        if name in stack.change_sets:
            raise StackError(
                "AlreadyExistsException", f"ChangeSet {name} cannot be created: it already exists"
            )
        made = self._empty(stack, params)
        try:
            made.plan = self._operations.plan(stack, asked, clients)
        except StackError as error:
            if not expands(asked.text):
                if before is None:
                    self._store.forget(stack)
                raise
            made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", error.message
        else:
            made.changes = changes(stack, made.plan, self._engine.imported(region))
            if stack.plan is not None and stack.plan.same(made.plan):
                made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", _NO_CHANGES
        if before is None:
            self._history.stack(stack, "REVIEW_IN_PROGRESS", "User Initiated")
        stack.change_sets[name] = made
        return {"Id": made.id, "StackId": stack.id}

    def describe_change_set(self, params: Params, region: str, caller: Identity) -> Document:
        stack, found = self._find(params, region)
        return {**documents.change_set(stack, found), "Changes": found.changes}

    def list_change_sets(self, params: Params, region: str, caller: Identity) -> Document:
        stack = self._store.find(region, params["StackName"])
        return {"Summaries": [documents.change_set(stack, each) for each in stack.change_sets.values()]}

    def delete_change_set(self, params: Params, region: str, caller: Identity) -> Document:
        try:
            stack, found = self._find(params, region)
        except StackError as error:
            if error.code == "ChangeSetNotFound":
                return {}  # as on AWS: it is gone, as was wanted
            raise
        if found.execution == "EXECUTE_IN_PROGRESS":
            raise _wrong_state(found, "deleted")
        del stack.change_sets[found.name]
        return {}

    def execute_change_set(self, params: Params, region: str, caller: Identity) -> Document:
        stack, found = self._find(params, region)
        if found.execution != "AVAILABLE" or found.plan is None:
            raise _wrong_state(found, "executed")
        if params.get("RetainExceptOnCreate"):
            raise not_here("RetainExceptOnCreate", "Write DeletionPolicy RetainExceptOnCreate.")
        clients = self._engine.clients(region, caller, found.plan.role_arn)
        on_failure = "DO_NOTHING" if params.get("DisableRollback") else found.on_failure
        verb = "CREATE" if stack.plan is None else "UPDATE"
        self._operations.begin(stack, found.plan, clients, verb, on_failure, params.get("ClientRequestToken"))
        for each in stack.change_sets.values():
            each.execution = "EXECUTE_COMPLETE" if each is found else "OBSOLETE"
        return {}

    def _before(self, params: Params, region: str, kind: str) -> Stack | None:
        """The stack of a change set; None when it is to be made."""
        name = params["StackName"]
        stack = self._store.look(region, name)
        if kind == "CREATE":
            if stack is not None and stack.plan is not None:
                raise invalid(
                    f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                    f"[{params['ChangeSetName']}]."
                )
            return stack
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise invalid(f"Stack [{name}] does not exist")
        self._operations.check_updatable(stack)
        return stack

    def _empty(self, stack: Stack, params: Params) -> ChangeSet:
        name, where = params["ChangeSetName"], f"arn:aws:cloudformation:{stack.region}:{ACCOUNT_ID}"
        return ChangeSet(
            name,
            f"{where}:changeSet/{name}/{uuid.uuid4()}",
            self._history.now(),
            "CREATE_COMPLETE",
            "AVAILABLE",
            None,
            description=params.get("Description"),
            on_failure=params.get("OnStackFailure") or "ROLLBACK",
        )

    def _find(self, params: Params, region: str) -> tuple[Stack, ChangeSet]:
        return self._store.change_set(region, params["ChangeSetName"], params.get("StackName"))


def _wrong_state(found: ChangeSet, verb: str) -> StackError:
    state = found.status if found.status == "FAILED" else found.execution
    return StackError(
        "InvalidChangeSetStatus",
        f"ChangeSet [{found.id}] cannot be {verb} in its current status of [{state}]",
    )
