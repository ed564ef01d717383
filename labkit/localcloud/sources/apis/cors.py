"""Cross-origin resource sharing as function URLs and HTTP APIs configure it. Pure.

A page in a browser is let in only where a configuration says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.localcloud.sources.apis.visit import Pairs, Visit


@dataclass(frozen=True, slots=True)
class Cors:
    """A CORS configuration. ``max_age_s``: how long browsers may remember a preflight."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age_s: int | None = None

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Cors:
        """From the API: Lambda and API Gateway name the members alike but for the first letter's case."""
        folded = {name[0].upper() + name[1:]: value for name, value in config.items()}

        def listed(name: str) -> tuple[str, ...]:
            values: Sequence[str] = folded.get(name) or ()
            return tuple(values)

        return cls(
            listed("AllowOrigins"),
            listed("AllowMethods"),
            listed("AllowHeaders"),
            listed("ExposeHeaders"),
            bool(folded.get("AllowCredentials")),
            folded.get("MaxAge"),
        )


def is_preflight(visit: Visit) -> bool:
    """Whether a browser asks before it sends the real request."""
    return (
        visit.method == "OPTIONS"
        and visit.header("origin") is not None
        and visit.header("access-control-request-method") is not None
    )


def preflight_headers(cors: Cors, visit: Visit) -> Pairs:
    """What answers a preflight; nothing for an origin that is not let in."""
    answer = origin_headers(cors, visit)
    if not answer:
        return []
    if cors.methods:
        answer.append(("access-control-allow-methods", ",".join(cors.methods)))
    if cors.headers:
        answer.append(("access-control-allow-headers", ",".join(cors.headers)))
    if cors.max_age_s is not None:
        answer.append(("access-control-max-age", str(cors.max_age_s)))
    return answer


def origin_headers(cors: Cors, visit: Visit) -> Pairs:
    """What every answer to a cross-origin request carries."""
    origin = visit.header("origin")
    if origin is None or not any(_fits(origin, allowed) for allowed in cors.origins):
        return []
    any_origin = "*" in cors.origins and not cors.credentials
    answer = [("access-control-allow-origin", "*" if any_origin else origin)]
    if not any_origin:
        answer.append(("vary", "Origin"))
    if cors.credentials:
        answer.append(("access-control-allow-credentials", "true"))
    if cors.expose:
        answer.append(("access-control-expose-headers", ",".join(cors.expose)))
    return answer


def _fits(origin: str, allowed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in allowed.lower().split("*"))
    return re.fullmatch(pattern, origin.lower()) is not None
