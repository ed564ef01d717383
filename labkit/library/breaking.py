"""The break-it game: six faults planted in the photo library, through the API only; which part has which
fault follows from a seed.

Two parts have faults of their own kind (a message that always fails, a loop); the other four share the
other four. The complaints tell what people notice, not why. A learner finds each fault in logs, metrics and
traces, and mends it; `mend` gives a part up and mends it as it was.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from labkit.errors import LabError
from labkit.library import code, faults
from labkit.library.faults import Part
from labkit.session import Lab

TAG = "broken-with-seed"
RECORD = "_broken"
PARTS = (
    Part("get-photo", "dynamodb:GetItem", "Opening a photo in the app shows an error, every photo, all day."),
    Part("share-photo", "ssm:GetParameter", "Nobody can share a photo any more."),
    Part("count-ratings", "dynamodb:UpdateItem", "People rate photos, and the statistics stand still."),
    Part("clean-up", "dynamodb:DeleteItem", "Photos in the trash are still there in the morning."),
    Part("work-orders", "", "The oldest message in the queue of orders gets older and older."),
    Part("thumbnail", "", "One picture was uploaded. The bill shows many runs of thumbnail for it."),
)
ANYWHERE = (faults.permission, faults.timeout, faults.memory, faults.throttled)
OWN = {"work-orders": faults.poison, "thumbnail": faults.recursion}
Fault = Callable[[Lab, Part, random.Random], None]


@dataclass(frozen=True)
class Ticket:
    """A complaint about one part of the photo library."""

    part: str
    complaint: str

    def __str__(self) -> str:
        return f"{self.part:<14} {self.complaint}"


@dataclass(frozen=True, repr=False)
class Tickets:
    """The complaints of one game."""

    seed: int
    tickets: tuple[Ticket, ...]
    planted: bool

    def __repr__(self) -> str:
        when = "planted now" if self.planted else "planted before"
        return "\n".join([f"Game {self.seed}, {when}. What people say:", *map(str, self.tickets)])


def faults_of(seed: int) -> dict[str, str]:
    """Which part gets which fault with a seed: the solution of the game."""
    return {part.name: fault.__name__ for part, fault in _assigned(seed)}


def plant(lab: Lab, seed: int = 1) -> Tickets:
    """Breaks six parts of the photo library, and uses each so that the faults leave their traces.

    Safe to call again: what this seed has planted already is not planted twice.

    Raises:
        LabError: the photo library is not there, or another seed's game goes on.
    """
    tickets = tuple(Ticket(part.name, part.complaint) for part in PARTS)
    going_on = _tagged(lab)
    if going_on == str(seed):
        return Tickets(seed, tickets, planted=False)
    if going_on:
        raise LabError(
            f"Game {going_on} goes on. Mend its parts first, or give up: labkit.library.breaking.mend(lab)."
        )
    lab.save(RECORD, {part.name: faults.snapshot(lab, part) for part in PARTS})
    chance = random.Random(seed)
    for part, fault in _assigned(seed):
        fault(lab, part, chance)
    arn = faults.configuration(lab, PARTS[0].name)["FunctionArn"]
    lab.client("lambda").tag_resource(Resource=arn, Tags={TAG: str(seed)})
    use(lab)
    return Tickets(seed, tickets, planted=True)


def use(lab: Lab) -> None:
    """Uses every part of the library as people do, once or twice. Whatever fails leaves its traces."""
    with ThreadPoolExecutor() as people:  # who waits for one part does not wait for the others
        asked = [people.submit(_twice, lab, part) for part in ("get-photo", "share-photo")]
        _in_the_background(lab)
    for one in asked:
        one.result()


def _twice(lab: Lab, part: str) -> None:
    for _ in range(2):
        faults.called(lab, part, {"photo_id": "lighthouse"})


def _in_the_background(lab: Lab) -> None:
    faults.called(lab, "clean-up", {})
    photo = {"photo_id": {"S": "pier"}, "title": {"S": "Pier at noon"}, "rating": {"N": "5"}}
    lab.client("dynamodb").put_item(TableName=lab.name("photos"), Item=photo)
    picture = {"Key": "originals/pier.png", "Body": code.picture()}
    lab.client("s3").put_object(Bucket=lab.name("uploads"), **picture)
    order = {"order_id": "order-1", "photo_id": "pier", "copies": 2}
    faults.sent(lab, "orders", json.dumps(order))


def mend(lab: Lab, part: str | None = None) -> tuple[str, ...]:
    """Gives up: brings one part, or all, back to what it was before `plant`; the names of the parts.

    Raises:
        LabError: nothing was planted, or there is no such part.
    """
    kept = lab.load(RECORD, {})
    names = [part] if part else list(kept)
    if not kept or not set(names) <= set(kept):
        there = ", ".join(kept) or "nothing was planted yet"
        raise LabError(f"{part or 'The library'} cannot be brought back: {there}.")
    for one in PARTS:
        if one.name in names:
            faults.restore(lab, one, kept[one.name])
    if not part:
        arn = faults.configuration(lab, PARTS[0].name)["FunctionArn"]
        lab.client("lambda").untag_resource(Resource=arn, TagKeys=[TAG])
    return tuple(names)


def _assigned(seed: int) -> list[tuple[Part, Fault]]:
    common = [part for part in PARTS if part.name not in OWN]
    shuffled = random.Random(seed).sample(ANYWHERE, len(common))
    given: dict[str, Fault] = {part.name: fault for part, fault in zip(common, shuffled, strict=True)}
    return [(part, (given | OWN)[part.name]) for part in PARTS]


def _tagged(lab: Lab) -> str | None:
    """The seed of the game that goes on in the cloud."""
    try:
        found: Any = lab.client("lambda").get_function(FunctionName=lab.name(PARTS[0].name))
    except lab.client("lambda").exceptions.ResourceNotFoundException as error:
        raise LabError("There is no photo library to break. lab.begin() makes it.") from error
    tag = found.get("Tags", {}).get(TAG)
    return str(tag) if tag else None
