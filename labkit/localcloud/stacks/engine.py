"""Starts what is to be done to stacks, each in a thread of its own, with the credentials that it needs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import Identities, Identity
from labkit.localcloud.stacks.ask import Place
from labkit.localcloud.stacks.clients import Clients, credentials_of
from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.history import History
from labkit.localcloud.stacks.model import Plan, Stack
from labkit.localcloud.stacks.responses import Responses
from labkit.localcloud.stacks.run import Run, World
from labkit.localcloud.stacks.scope import Imported
from labkit.localcloud.stacks.store import Store

log = logging.getLogger(__name__)
PRINCIPAL = "cloudformation.amazonaws.com"
SESSION = "AWSCloudFormation"


class Engine:
    """Runs changes of stacks."""

    def __init__(
        self,
        endpoint: str,
        identities: Identities,
        guard: Guard,
        store: Store,
        history: History,
        responses: Responses,
    ) -> None:
        self._endpoint, self._identities, self._guard = endpoint, identities, guard
        self._store, self._history, self._responses = store, history, responses

    def clients(self, region: str, caller: Identity, role_arn: str | None) -> Clients:
        """Clients with the permissions of the stack's role, or else of the caller.

        Raises:
            StackError: ValidationError: CloudFormation cannot assume the role.
        """
        if role_arn is None:
            return Clients(self._endpoint, region, credentials_of(caller))
        if not self._guard.can_assume(role_arn, PRINCIPAL):
            raise invalid(f"Role {role_arn} is invalid or cannot be assumed")
        return Clients(self._endpoint, region, self._identities.issue_for_function(role_arn, SESSION))

    def imported(self, region: str) -> Imported:
        """Finds the values that stacks of a Region export."""
        return lambda name: self._store.imported(region, name)

    def start(
        self, stack: Stack, plan: Plan, clients: Clients, status: str, work: Callable[[Run], None]
    ) -> None:
        """Puts a stack into its state of progress and begins."""
        self._history.stack(stack, status, "User Initiated")
        tags: Mapping[str, str] = plan.tags
        place = Place(stack.name, stack.id, stack.region, tags, clients, self._endpoint, self._responses)
        world = World(place, self._history, self.imported(stack.region), self._store)
        run = Run(stack, plan, world)
        name = f"stack-{stack.name}"
        threading.Thread(target=self._work, args=(stack, run, work), name=name, daemon=True).start()

    def _work(self, stack: Stack, run: Run, work: Callable[[Run], None]) -> None:
        try:
            work(run)
        except Exception:
            log.exception("the stack %s was left in %s", stack.name, stack.status)
            failed = stack.status.split("_COMPLETE_")[0].replace("_IN_PROGRESS", "") + "_FAILED"
            told = "The local cloud failed. Its log is .labkit/cloud.log in the workspace."
            self._history.stack(stack, failed, told)
