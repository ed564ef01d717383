"""Hooks that stop calls before they are sent: consent before the first change, a budget for invocations."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.hooks import BaseEventHooks
from botocore.model import OperationModel

from labkit.errors import TargetError
from labkit.session.say import say

CONFIRM_VARIABLE = "LABKIT_CONFIRM"
YES = {"y", "yes", "true", "1", "on"}
# Operations that change nothing and cost (next to) nothing. Everything else needs consent.
READING = re.compile(
    r"^(Get|List|Describe|Head|BatchGet|Lookup|Search|Test|Validate|Simulate|Filter)"
    r"|^(Query|Scan|TransactGetItems)$"
)
# The SDK itself calls these to get credentials.
SIGNING_IN = {"sts", "sso", "sso-oidc", "signin"}
BUDGET_LOOK_EVERY_S = 10.0


@dataclass
class Consent:
    """Asks once, before the first call that changes or costs something.

    Attributes:
        question: what the learner reads before the answer.
        answer: True or False if it is settled; None to ask when the time comes.
    """

    question: str
    answer: bool | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def attach(self, events: BaseEventHooks) -> None:
        """Guards a session: first of the hooks, so that nothing is even written down without consent."""
        events.register_first("before-call", self._before_call, unique_id="labkit-consent")

    def _before_call(self, model: OperationModel, **_: Any) -> None:
        if self.answer is True:
            return
        service = model.service_model.service_name
        if service in SIGNING_IN or READING.match(model.name):
            return
        with self._lock:
            if self.answer is None:
                self.answer = self._ask()
            if not self.answer:
                raise TargetError(
                    f"{service}:{model.name} was not sent: you did not agree to changes in this account. "
                    "Run labkit.open again to be asked again, or use target='local'."
                )

    def _ask(self) -> bool:
        given = os.environ.get(CONFIRM_VARIABLE, "").strip().lower()
        if given:
            return given in YES
        say(self.question)
        try:
            return input("Go on? [y/N] ").strip().lower() in YES
        except (EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise TargetError(
                "Nobody can be asked here whether the account may be changed, so nothing was sent. "
                f"Automation says so beforehand: labkit.open(..., confirm=True) or {CONFIRM_VARIABLE}=yes."
            ) from error


@dataclass
class Budget:
    """Stops invocations once the lab has cost what it may cost.

    Attributes:
        limit_usd: what the lab may cost.
        spent_usd: tells what it has cost so far; asked at most every ten seconds.
    """

    limit_usd: float
    spent_usd: Callable[[], float]
    _last_look: float = field(default=float("-inf"), repr=False)
    _spent: float = field(default=0.0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def attach(self, events: BaseEventHooks) -> None:
        """Guards a session."""
        for operation in ("Invoke", "InvokeAsync", "InvokeWithResponseStream"):
            events.register_first(f"before-call.lambda.{operation}", self._before_call)

    def _before_call(self, **_: Any) -> None:
        with self._lock:
            if time.monotonic() - self._last_look >= BUDGET_LOOK_EVERY_S:
                self._spent = self.spent_usd()
                self._last_look = time.monotonic()
            if self._spent >= self.limit_usd:
                raise TargetError(
                    f"The lab has cost ${self._spent:.6f}, and its budget is ${self.limit_usd:g}: "
                    "nothing more is invoked. lab.cost() shows on what; "
                    "labkit.open(..., budget_usd=...) allows more."
                )
