"""Checks of phase 03: what calls the photo library's functions, each tested from the event to its effect.

Names that the tasks give, each through ``lab.name``; where it can be recognised, another name will do:

- an HTTP API with ``GET /photos/{photo_id}`` in front of ``get-photo``
- bucket ``uploads`` and function ``thumbnail``
- function ``count-ratings``, called by the stream of the table ``photos``
- queue ``orders`` and function ``work-orders``
- function ``announce``, called by a rule on the default bus
- function ``clean-up``, called by a schedule
- state machine ``darkroom``
- an HTTP API with ``POST /orders`` in front of the queue ``orders``
"""

from labkit.checks.registry import define_gate
from labkit.checks.triggers import api, bucket, door, queue, rule, schedule, stream, workflow

__all__ = ["api", "bucket", "door", "queue", "rule", "schedule", "stream", "workflow"]

define_gate(
    "03",
    "Ready to optimize",
    event_sources_set=("03.2", "03.3", "03.4", "03.6"),
    permissions_granted=("03.1", "03.5"),
    tested_end_to_end=("03.7", "03.8"),
)
