"""The operations that make, change and delete stacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud.identities import Identity
from labkit.localcloud.stacks import wanted
from labkit.localcloud.stacks.clients import Clients
from labkit.localcloud.stacks.engine import Engine
from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.history import History
from labkit.localcloud.stacks.model import OnFailure, Plan, Stack
from labkit.localcloud.stacks.planning import Wanted, check_before, plan
from labkit.localcloud.stacks.run import Run
from labkit.localcloud.stacks.store import Store

Params = Mapping[str, Any]
Document = dict[str, Any]
_UPDATABLE = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
)


class Operations:
    """CreateStack, UpdateStack, DeleteStack and termination protection. Run in moto's threads."""

    def __init__(self, store: Store, engine: Engine, history: History) -> None:
        self._store, self._engine, self._history = store, engine, history
        self._turn = threading.Lock()  # a stack is looked at and put into its next state by one at a time

    def create_stack(self, params: Params, region: str, caller: Identity) -> Document:
        wanted.refuse(params)
        if params.get("OnFailure") and "DisableRollback" in params:
            raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
        clients = self._engine.clients(region, caller, params.get("RoleARN"))
        asked = wanted.read(params, self._engine.clients(region, caller, None))
        check_before(asked, acknowledged=True)
        with self._turn:
            stack = self._store.add(region, params["StackName"], self._history.now(), "CREATE_IN_PROGRESS")
        try:
            made = self.plan(stack, asked, clients)
        except BaseException:
            self._store.forget(stack)
            raise
        stack.protected = bool(params.get("EnableTerminationProtection"))
        self.begin(stack, made, clients, "CREATE", _on_failure(params), params.get("ClientRequestToken"))
        return {"StackId": stack.id}

    def update_stack(self, params: Params, region: str, caller: Identity) -> Document:
        wanted.refuse(params)
        stack = self._store.find(region, params["StackName"])
        self.check_updatable(stack)
        asked = wanted.read(params, self._engine.clients(region, caller, None), stack)
        clients = self._engine.clients(region, caller, asked.role_arn)
        check_before(asked, acknowledged=True)
        made = self.plan(stack, asked, clients)
        if stack.plan is not None and stack.plan.same(made) and stack.status != "UPDATE_FAILED":
            raise invalid("No updates are to be performed.")
        self.begin(stack, made, clients, "UPDATE", _on_failure(params), params.get("ClientRequestToken"))
        return {"StackId": stack.id}

    def delete_stack(self, params: Params, region: str, caller: Identity) -> Document:
        stack = self._store.look(region, params["StackName"])
        if stack is None or stack.status == "DELETE_COMPLETE":
            return {}  # as on AWS: it is gone, as was wanted
        if params.get("DeletionMode", "STANDARD") != "STANDARD":
            raise invalid("Use RetainResources: FORCE_DELETE_STACK is not supported by the local cloud.")
        if stack.protected:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        retained = params.get("RetainResources") or []
        if retained and stack.status != "DELETE_FAILED":
            raise invalid(
                "Invalid operation on stack: RetainResources goes with stacks in DELETE_FAILED only."
            )
        for name in stack.exports:
            if users := self._store.importers(region, name):
                raise invalid(f"Export {name} cannot be deleted as it is in use by {', '.join(users)}")
        role = params.get("RoleARN") or (stack.plan.role_arn if stack.plan else None)
        clients = self._engine.clients(region, caller, role)
        with self._turn:
            if stack.busy:
                if stack.status == "DELETE_IN_PROGRESS":
                    return {}
                raise invalid(f"Stack [{stack.name}] is in {stack.status} state and can not be deleted.")
            stack.token = params.get("ClientRequestToken")
            if stack.plan is None:  # only reviewed
                stack.deleted = self._history.now()
                self._history.stack(stack, "DELETE_COMPLETE", "User Initiated")
                return {}
            self._engine.start(
                stack, stack.plan, clients, "DELETE_IN_PROGRESS", lambda run: run.delete(retained)
            )
        return {}

    def update_termination_protection(self, params: Params, region: str, caller: Identity) -> Document:
        stack = self._store.find(region, params["StackName"])
        if stack.status == "DELETE_COMPLETE":
            raise invalid(f"Stack [{stack.name}] does not exist")
        stack.protected = bool(params["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def plan(self, stack: Stack, asked: Wanted, clients: Clients) -> Plan:
        """What a stack shall be.

        Raises:
            StackError: what is wrong with it.
        """
        names = (stack.name, stack.id, stack.region)
        return plan(asked, names, clients, self._engine.imported(stack.region))

    def check_updatable(self, stack: Stack) -> None:
        """Raises StackError when a stack is in no state to be updated."""
        if stack.status not in _UPDATABLE:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")

    def begin(
        self,
        stack: Stack,
        made: Plan,
        clients: Clients,
        verb: str,
        on_failure: OnFailure,
        token: str | None,
    ) -> None:
        """Starts to create or to update a stack.

        Raises:
            StackError: something else was started meanwhile.
        """
        work: Callable[[Run], None] = Run.create if verb == "CREATE" else Run.update
        with self._turn:
            if verb == "UPDATE":
                self.check_updatable(stack)
                stack.updated = self._history.now()
            else:
                stack.plan = made
            stack.on_failure, stack.token = on_failure, token
            self._engine.start(stack, made, clients, f"{verb}_IN_PROGRESS", work)


def _on_failure(params: Params) -> OnFailure:
    if params.get("DisableRollback"):
        return "DO_NOTHING"
    chosen: OnFailure = params.get("OnFailure") or "ROLLBACK"
    return chosen
