"""Where the functions behind custom resources put their answers: an address of this cloud for each."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit import facts
from labkit.localcloud.front import Answer, Request, problem

PREFIX = "/_labkit/stacks/"


@dataclass
class Awaited:
    """One answer that is waited for."""

    url: str
    arrived: threading.Event = field(default_factory=threading.Event)
    answer: Mapping[str, Any] = field(default_factory=dict)


class Responses:
    """Gives addresses, and takes what is put there. Safe to use from any thread."""

    def __init__(self, endpoint: str, call_later: Callable[[float, Callable[[], None]], None]) -> None:
        """``call_later`` runs something later on the lesson clock, called from any thread."""
        self._endpoint, self._call_later = endpoint, call_later
        self._awaited: dict[str, Awaited] = {}

    def expect(self) -> Awaited:
        """An address that nobody can guess."""
        token = secrets.token_urlsafe(32)
        awaited = Awaited(f"{self._endpoint}{PREFIX}{token}")
        self._awaited[token] = awaited
        return awaited

    def wait(self, awaited: Awaited, timeout_s: float) -> Mapping[str, Any] | None:
        """What was put there; None when the time is over by the lesson clock."""
        self._call_later(timeout_s, awaited.arrived.set)
        awaited.arrived.wait()
        self._awaited.pop(awaited.url.rpartition("/")[2], None)
        return awaited.answer or None

    async def accept(self, request: Request) -> Answer:
        """Answers a request to such an address."""
        awaited = self._awaited.get(request.raw_path.removeprefix(PREFIX))
        if awaited is None:
            return problem(403, "This address for the answer to a stack does not exist, or was answered.")
        if request.method != "PUT":
            return problem(405, "Send the answer with PUT.")
        most = int(facts.quota("cloudformation_custom_resource_answer_max_bytes").value)
        if len(request.body) > most:
            awaited.answer = {
                "Status": "FAILED",
                "Reason": f"Response object is too long (over {most} bytes)",
            }
        else:
            awaited.answer = _read(request.body)
        awaited.arrived.set()
        return Answer(200, [], b"")


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
        return {
            "Status": "FAILED",
            "Reason": "Invalid response: it must be JSON with Status SUCCESS or FAILED",
        }
    return answer
