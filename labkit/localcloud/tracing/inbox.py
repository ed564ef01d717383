"""The way into X-Ray: moto's, which is imported with the first document or the first request."""

from __future__ import annotations

from typing import Any

from labkit.localcloud import lessons


def put(account_id: str, region: str, segment: dict[str, Any]) -> None:
    """Stores one document; one that X-Ray would not take is dropped, as the daemon's caller hears nothing."""
    lessons.learned("xray")
    from labkit.localcloud.tracing import store

    store.put(account_id, region, segment)


def open_store() -> None:
    """Teaches moto X-Ray, before it serves the first request."""
    from labkit.localcloud.tracing import store as _  # noqa: F401 - importing it does that
