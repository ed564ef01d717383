"""Every kind of resource that the course makes, as data. A new kind is a new row and nothing else.

Operations and parameters are those of botocore's service models.
"""

from __future__ import annotations

from labkit.ledger.journal import Entry
from labkit.ledger.table.functions import LAMBDA
from labkit.ledger.table.interfaces import INTERFACES
from labkit.ledger.table.messages import MESSAGES
from labkit.ledger.table.roles import IAM
from labkit.ledger.table.stacks import STACKS
from labkit.ledger.table.stores import STORES
from labkit.ledger.table.watching import WATCHING

KINDS = {
    kind.name: kind for rows in (LAMBDA, IAM, STORES, WATCHING, MESSAGES, INTERFACES, STACKS) for kind in rows
}
BY_CREATE = {(kind.service, operation): kind for kind in KINDS.values() for operation in kind.creates}

# Parts that go when the whole goes, and that are whole only in name.
PARTS = {
    "apigateway": {
        "CreateDeployment",
        "CreateModel",
        "CreateRequestValidator",
        "CreateResource",
        "CreateStage",
    },
    "apigatewayv2": {"CreateDeployment", "CreateIntegration", "CreateRoute", "CreateStage"},
    "iam": {"CreatePolicyVersion"},
    "logs": {"CreateLogStream"},
    "s3": {"CreateMultipartUpload", "CreateSession", "RestoreObject"},
    "stepfunctions": {"CreateStateMachineAlias"},
}
# How the names of operations that make something begin. One in neither table is written down as untracked.
MAKING = ("Create", "Run", "Import", "Allocate", "Restore", "Request", "Purchase", "Register")


def inside(child: Entry, parent: Entry) -> bool:
    """Whether ``child`` is a part of ``parent`` and goes with it."""
    shared = KINDS[child.kind].within.get(parent.kind) if child.kind in KINDS else None
    same = shared is not None and all(child.ids.get(key) == parent.ids.get(key) for key in shared)
    return same and child.region == parent.region and child.home == parent.home
