"""The HTTP front of the local cloud: which host was meant, and whether the answer is AWS's or our own.

Whose signature it is and what they may do is decided behind it, for every request alike.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable

from labkit.runtime.http import Answer, Handler, Request

__all__ = ["Answer", "Front", "Handler", "Request", "problem"]

Apis = Callable[[Request], Awaitable[Answer] | None]

log = logging.getLogger(__name__)
HOST = re.compile(r"^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9.-]+\.)?localhost)(?::\d+)?$", re.IGNORECASE)


def problem(status: int, message: str) -> Answer:
    """A plain refusal, before AWS's protocols come into it."""
    return Answer(status, [("Content-Type", "application/json")], json.dumps({"message": message}).encode())


class Front:
    """Hands each request to the handler of its kind.

    ``local`` serves what is ours below ``/_labkit/``; ``apis`` the URLs and APIs that learners made, and
    answers None for a request that is for none of them.
    """

    def __init__(self, local: Handler, apis: Apis, aws: Handler) -> None:
        self._local, self._apis, self._aws = local, apis, aws

    async def __call__(self, request: Request) -> Answer:
        host = request.header("host") or ""
        if not HOST.match(host):
            return problem(
                403, f"This local cloud does not answer for the host {host!r}, only for 127.0.0.1."
            )
        try:
            served = self._apis(request)  # first: below the host of an API every path is the API's
            if served is not None:
                return await served
            if request.raw_path.startswith("/_labkit/"):
                return await self._local(request)
            return await self._aws(request)
        except Exception:
            log.exception("%s %s failed", request.method, request.raw_path)
            return problem(500, "The local cloud failed. Its log is .labkit/cloud.log in the workspace.")
