"""What the local cloud offers below ``/_labkit/``: health, the lesson clock, honesty, and code downloads.

Signed like AWS's calls, with the workspace's own key, but for the health answer and the unguessable
addresses of deployment packages.
"""

from __future__ import annotations

import datetime
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from labkit import __version__
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.front import Answer, Handler, Request, problem
from labkit.localcloud.functions.service import FunctionService
from labkit.localcloud.identities import Identities
from labkit.localcloud.signing import SigningError


class LocalApi:
    """Answers ``/_labkit/...``."""

    def __init__(
        self,
        identities: Identities,
        clock: LessonClock,
        functions: FunctionService,
        code_token: str,
        fidelity: Callable[[], Awaitable[list[dict[str, str]]]],
        stacks: Handler,
    ) -> None:
        """``stacks`` takes the answers of custom resources, whose addresses cannot be guessed either."""
        self._identities, self._clock, self._functions = identities, clock, functions
        self._code_token, self._fidelity = code_token, fidelity
        self._stacks = stacks

    async def __call__(self, request: Request) -> Answer:
        path = request.raw_path.removeprefix("/_labkit/")
        if path == "health":
            return _json({"status": "ok", "version": __version__, "pid": os.getpid()})
        if path.startswith("code/"):
            return self._code(path)
        if path.startswith("stacks/"):
            return await self._stacks(request)
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        if path == "clock":
            return await self._tell_or_advance(request)
        if path == "fidelity":
            return _json({"rows": await self._fidelity()})
        return problem(404, f"There is nothing at {request.raw_path}.")

    def _refuse(self, request: Request) -> Answer | None:
        try:
            signed = self._identities.verify(request)
        except SigningError as error:
            return problem(403, str(error))
        if not signed.signer.principal.administrator:
            return problem(403, "Only the workspace's own key may do this.")
        return None

    async def _tell_or_advance(self, request: Request) -> Answer:
        if request.method == "GET":
            return _json({"now": self._now()})
        try:
            ran = await self._clock.advance(float(json.loads(request.body)["advance_s"]))
        except (ValueError, TypeError, KeyError) as error:
            return problem(400, f'Send {{"advance_s": seconds}} with a number of 0 or more: {error}')
        return _json({"now": self._now(), "ran": ran})

    def _now(self) -> str:
        moment = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
        return moment.isoformat(timespec="milliseconds")

    def _code(self, path: str) -> Answer:
        _, _, rest = path.partition("/")
        token, _, sha256 = rest.partition("/")
        if not hmac.compare_digest(token.encode(), self._code_token.encode()):
            return problem(403, "This address of a deployment package is not of this cloud.")
        try:
            return Answer(200, [("Content-Type", "application/zip")], self._functions.code_bytes(sha256))
        except KeyError:
            return problem(404, "This deployment package is gone.")


def _json(content: dict[str, Any]) -> Answer:
    return Answer(200, [("Content-Type", "application/json")], json.dumps(content).encode())
