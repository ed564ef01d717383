"""The photo library that runs through the phases: what a phase begins with, and the picture.

Each phase's notebook has resources of its own, so every one of them runs alone: `begin` makes what the phases
before it would have left, as far as this lab does not have it yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.errors import LabError
from labkit.library import parts, triggers
from labkit.library.code import folder, picture
from labkit.library.functions import clean_up, count_ratings, thumbnail, work_orders
from labkit.library.inbox import inbox
from labkit.library.powertools import powertools
from labkit.session import Lab

__all__ = [
    "Beginning",
    "Piece",
    "begin",
    "clean_up",
    "count_ratings",
    "folder",
    "inbox",
    "picture",
    "powertools",
    "thumbnail",
    "work_orders",
]

Bring = Callable[[Lab], bool]
# What each phase begins with, in the order in which it is made. The others begin with nothing.
_AFTER_02 = (("table photos, with two photos", parts.table), ("function get-photo", parts.get_photo))
_AFTER_03 = (
    *_AFTER_02,
    ("bucket uploads, and thumbnails of what arrives there", triggers.uploads),
    ("stream of the table, and statistics of its ratings", triggers.ratings),
    ("HTTP API in front of get-photo", triggers.photos_api),
    ("nightly clean-up", triggers.nightly),
    ("queue of orders, with a dead-letter queue", triggers.orders),
)
_ALL = (*_AFTER_03, ("function share-photo, and the parameter with its key", parts.share_photo))
BEGINNINGS: dict[str, tuple[tuple[str, Bring], ...]] = {
    "03": _AFTER_02,
    "04": _AFTER_02[:1],  # its functions are its own, and read the table
    "05": _AFTER_03,
    "06": _ALL,
}

# Execution roles of those functions. A new role cannot be assumed for some seconds: made first, all of
# them are through when their functions come.
_ROLES_03 = ("get-photo-role", "thumbnail-role", "count-ratings-role", "clean-up-role", "work-orders-role")
ROLES: dict[str, tuple[str, ...]] = {"05": _ROLES_03, "06": (*_ROLES_03, "share-photo-role")}


@dataclass(frozen=True)
class Piece:
    """One part of the photo library. ``made``: just now, or was it there."""

    title: str
    made: bool

    def __str__(self) -> str:
        return f"✓ {self.title}: {'made now' if self.made else 'there already'}"


@dataclass(frozen=True)
class Beginning:
    """What a phase begins with."""

    phase: str
    pieces: tuple[Piece, ...]

    def __repr__(self) -> str:
        return "\n".join(map(str, self.pieces)) or f"Phase {self.phase} begins with nothing."


def begin(lab: Lab) -> Beginning:
    """Brings the photo library to where the phase before this lab's left it. Safe to call again.

    Raises:
        LabError: the lab belongs to no phase.
        DeployError: AWS refuses something; what was made until then is in the ledger, and is kept next time.
    """
    phase = lab.notebook[:2]
    if not phase.isdecimal():
        raise LabError(f"{lab.notebook!r} is no phase of the workbook: it begins with nothing that is known.")
    parts.roles(lab, ROLES.get(phase, ()))
    pieces = [Piece(title, bring(lab)) for title, bring in BEGINNINGS.get(phase, ())]
    return Beginning(phase, tuple(pieces))
