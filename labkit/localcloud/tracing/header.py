"""The X-Ray tracing header (AWS: "X-Ray concepts", tracing header). Pure."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class TraceHeader:
    """``parent``: the segment that called, None where the trace begins. ``sampled``: None while open."""

    root: str
    parent: str | None = None
    sampled: bool | None = None
    lineage: str | None = None

    def __str__(self) -> str:
        parent = f";Parent={self.parent}" if self.parent else ""
        lineage = f";Lineage={self.lineage}" if self.lineage else ""
        return f"Root={self.root}{parent};Sampled={1 if self.sampled else 0}{lineage}"


def parse(text: str | None) -> TraceHeader:
    """The header that came with a request; a new trace when there is none."""
    fields = dict(part.strip().split("=", 1) for part in (text or "").split(";") if "=" in part)
    sampled = {"1": True, "0": False}.get(fields.get("Sampled", ""))
    root = fields.get("Root") or new_trace_id()
    return TraceHeader(root, fields.get("Parent"), sampled, fields.get("Lineage"))


def new_trace_id() -> str:
    """``1-<8 hex: seconds since the epoch>-<24 hex>``."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def new_id() -> str:
    """A segment's id: 16 hex digits."""
    return secrets.token_hex(8)
