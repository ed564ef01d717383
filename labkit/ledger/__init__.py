"""What a lab made in a cloud: written down before it is made, deleted and verified afterwards.

Reaches a cloud only through the boto3 clients that it is given.
"""

from labkit.ledger.journal import Entry, Ledger, read
from labkit.ledger.kinds import Clients
from labkit.ledger.sweep import Leftover, adopt, sweep
from labkit.ledger.teardown import Teardown, teardown
from labkit.ledger.watch import Watcher

__all__ = [
    "Clients",
    "Entry",
    "Ledger",
    "Leftover",
    "Teardown",
    "Watcher",
    "adopt",
    "read",
    "sweep",
    "teardown",
]
