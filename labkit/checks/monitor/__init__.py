"""Checks of phase 05: what happens to failed events, and how one hears of them.

Names that the tasks give, each through ``lab.name``; other names are accepted where they can be recognised:

- function ``order-prints``: the event ``{"order_id": …, "photo_id": …, "copies": …}``, sent asynchronously;
  raises for fewer than one copy; its variable ``ORDERS_TABLE`` names the table
- table ``orders``, key ``order_id`` (S): ``printed`` (N) for an order that was printed, ``rejected`` (S, the
  reason) for one that cannot be
- orders ``lot-000`` to ``lot-099``: two copies each, none for those that end in 7
- queues ``dead-letters`` and ``failed-orders``; metric ``Prints`` in ``PhotoLibrary``; any alarm on the rate
"""

from labkit.checks.monitor import alarm, dead_letters, destination, logs, lot, metric, once, trace
from labkit.checks.registry import define_gate

__all__ = ["alarm", "dead_letters", "destination", "logs", "lot", "metric", "once", "trace"]

define_gate(
    "05",
    "Others may rely on it",
    error_handling=("05.3", "05.4"),
    dead_letter_queue=("05.1", "05.2"),
    logs_and_metrics=("05.5", "05.6"),
    tracing="05.8",
    alarm="05.7",
)
