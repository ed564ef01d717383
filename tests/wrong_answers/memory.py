"""Answers to exercise 04.5: memory from the curve."""

from __future__ import annotations

from tests.wrong_answers.measured import CPU, HOLD, WAIT, curve, logged
from tests.wrong_answers.world import World, right, wrong

CODE = "def handler(event, context):\n    return 1\n"
CURVES = {"shrink-photo": CPU, "ask-partner": WAIT, "turn-photo": HOLD}


def chosen(world: World, *sizes_mb: int, measured: bool = True) -> None:
    """The functions with these sizes, and their curves in the logs. The check ends at the first mistake."""
    role = world.role()
    for (base, points), memory_mb in zip(CURVES.items(), sizes_mb, strict=False):
        name = world.function(base, CODE, role, MemorySize=memory_mb)
        if measured:
            curve(world, name, points)


@wrong("04.5", "nothing was measured", r"was measured at these sizes \(MB\): none")
def _(world: World) -> None:
    chosen(world, 1769, measured=False)


@wrong(
    "04.5",
    "the smallest, for work that the processor limits",
    "For about the same money it can be faster: set 1,769 MB",
)
def _(world: World) -> None:
    chosen(world, 128)


@wrong("04.5", "more than one thread can use", "That is too dear: your calls say 1,769 MB")
def _(world: World) -> None:
    chosen(world, 3008)


@wrong("04.5", "speed bought for one that waits", "That is too dear: your calls say 128 MB")
def _(world: World) -> None:
    chosen(world, 1769, 512)


@wrong("04.5", "too small to run at all", "no call ran to its end with that")
def _(world: World) -> None:
    chosen(world, 1769, 128, 128)


@wrong("04.5", "a size that nobody measured", "where it was never measured")
def _(world: World) -> None:
    chosen(world, 700)


@right("04.5", "as the rule says", "shrink-photo: chosen 1,769 MB, 58 ms, 1.87 USD a million")
def _(world: World) -> None:
    chosen(world, 1769, 128, 1769)


@right("04.5", "measured with a seventh size, and that one is chosen", "shrink-photo: chosen 1,792 MB")
def _(world: World) -> None:
    chosen(world, 1792, 128, 1769)
    logged(world, world.name("shrink-photo"), [57.0] * 3, 1792)


@right("04.5", "tuned twice, and the later tuning counts", "shrink-photo: chosen 1,024 MB, 100 ms")
def _(world: World) -> None:
    chosen(world, 1024, 128, 1769)
    curve(world, world.name("shrink-photo"), CPU, version=1)
    curve(world, world.name("shrink-photo"), {**CPU, 1769: 116.0}, version=2)
