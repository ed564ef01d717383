"""Checks of phase 06: a function without pitfalls, the whole checklist, and six parts that were broken.

Names that the tasks give, each through ``lab.name``; other names are accepted where they can be recognised:

- function ``gallery``: ``{"photo_ids": […]}`` gives ``{"statusCode": 200, "body": "<a list of photos>"}``
- what `labkit.library` makes: ``get-photo`` (alias ``live``), ``share-photo``, ``count-ratings``,
  ``clean-up``, ``work-orders`` with the queues ``orders`` and ``orders-dead``, ``thumbnail`` with the
  bucket ``uploads``

The checklist is over all functions of the lab. The checks of parts do not know what was planted: they ask
each part to do its work, so that whatever mends it passes.
"""

from labkit.checks.capstone import answers, background, gallery, orders, performance, plan, uploads, watching
from labkit.checks.registry import define_gate

__all__ = ["answers", "background", "gallery", "orders", "performance", "plan", "uploads", "watching"]

define_gate(
    "06",
    "Fit to be relied on",
    audit="06.1",
    design="06.2",
    implementation="06.3",
    performance="06.4",
    monitoring="06.5",
    mended=("06.6", "06.7", "06.8", "06.9", "06.10", "06.11"),
)
