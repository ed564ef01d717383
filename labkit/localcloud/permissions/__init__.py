"""IAM for the local cloud: what a request asks for, whether it may, and how a refusal looks.

    requests.classify(...)          -> Call: operation, actions, resources
    Permissions.authorize(who, call) -> None or Denial
    denial.access_denied(...)       -> HTTP answer in the service's protocol

Identities come from ``identities``, signatures from ``signing``; nothing here knows an HTTP server.
"""

from __future__ import annotations

from labkit.localcloud.permissions.decide import Denial, Permissions
from labkit.localcloud.permissions.denial import (
    Answer,
    Asked,
    access_denied,
    bad_signature,
    unclear,
    undecidable,
)
from labkit.localcloud.permissions.errors import PolicyUnsupported, RequestUnclear
from labkit.localcloud.permissions.requests import Call, Need, classify, function_url_call

__all__ = [
    "Answer",
    "Asked",
    "Call",
    "Denial",
    "Need",
    "Permissions",
    "PolicyUnsupported",
    "RequestUnclear",
    "access_denied",
    "bad_signature",
    "classify",
    "function_url_call",
    "unclear",
    "undecidable",
]
