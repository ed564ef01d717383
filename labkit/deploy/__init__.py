"""What is not the lesson: packages, roles, functions, layers, and what calls functions.

Works through the lab's own clients, so that the ledger sees it.
"""

from labkit.deploy.functions import BASIC_EXECUTION, MANAGED, Source, function, layer, package, role
from labkit.deploy.sources import allow, bucket, http_api, mapping, permit, queue, state_machine, table

__all__ = [
    "BASIC_EXECUTION",
    "MANAGED",
    "Source",
    "allow",
    "bucket",
    "function",
    "http_api",
    "layer",
    "mapping",
    "package",
    "permit",
    "queue",
    "role",
    "state_machine",
    "table",
]
