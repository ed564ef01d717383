"""Checks of phase 04: cold starts, concurrency, memory, layers, waiting.

Names that the tasks give, each through ``lab.name``; other names are accepted where they can be recognised:

- functions ``photo-card-slow`` (as it was) and ``photo-card`` (mended): ``{"photo_id": …}``; alias ``live``
- ``ask-partner``: ``{"wait_ms": 150}``; ``turn-photo``: ``{"width": …, "height": …}``
- ``shrink-photo``: ``{"photo": "<PNG, base64>", "width": …}``; ``describe-photo``: ``{"photo": …}``
- ``photo-story``: any event

What was measured is read from the REPORT lines in the functions' logs.
"""

from labkit.checks.optimize import coldstart, layer, memory, provisioned, reserved, scaling, waiting
from labkit.checks.registry import define_gate

__all__ = ["coldstart", "layer", "memory", "provisioned", "reserved", "scaling", "waiting"]

define_gate(
    "04",
    "Ready to be watched",
    cold_starts_addressed=("04.1", "04.3"),
    memory_from_a_curve="04.5",
    a_layer_in_use="04.6",
)
