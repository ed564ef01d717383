"""Answers to exercises 04.6 and 04.7: a shared layer, and waiting once."""

from __future__ import annotations

from labkit.library import folder
from tests.wrong_answers.world import World, package, right, wrong

PNG = (folder("thumbnail") / "png.py").read_text()
USES = """import base64, png

def handler(event, context):
    rows, channels = png.read(base64.b64decode(event["photo"]))
    return len(rows)
"""
ALONE = {"app.py": USES}
CARRIES = {"app.py": USES, "png.py": PNG}
BASES = ("shrink-photo", "describe-photo")


def publish(world: World, files: dict[str, str], name: str = "photo-tools") -> str:
    made = world.client("lambda").publish_layer_version(
        LayerName=world.name(name), Content={"ZipFile": package(files)}, CompatibleRuntimes=["python3.13"]
    )
    return str(made["LayerVersionArn"])


def pair(world: World, code: dict[str, str], *layers: list[str]) -> None:
    """The functions with this code, each with its layers."""
    role = world.role()
    for base, arns in zip(BASES, layers, strict=False):
        world.function(base, code, role, Layers=arns)


@wrong("04.6", "no layer", "shrink-photo uses no layer")
def _(world: World) -> None:
    pair(world, CARRIES, [])


@wrong("04.6", "attached to one of them", "describe-photo uses no layer")
def _(world: World) -> None:
    arn = publish(world, {"python/png.py": PNG})
    pair(world, CARRIES, [arn], [])


@wrong("04.6", "without the python folder", r"but at png\.py")
def _(world: World) -> None:
    pair(world, CARRIES, [publish(world, {"png.py": PNG})])


@wrong("04.6", "the zip still carries it", "still has png in its own zip")
def _(world: World) -> None:
    arn = publish(world, {"python/png.py": PNG})
    pair(world, CARRIES, [arn], [arn])


@wrong("04.6", "a layer with something else", "do not have png")
def _(world: World) -> None:
    pair(world, CARRIES, [publish(world, {"python/jpeg.py": "x = 1\n"})])


@wrong("04.6", "two versions", "Two versions are two layers")
def _(world: World) -> None:
    arns = [publish(world, {"python/png.py": PNG}) for _ in range(2)]
    pair(world, ALONE, arns[:1], arns[1:])


@wrong("04.6", "the layer's module is broken", "ended in a function error")
def _(world: World) -> None:
    arn = publish(world, {"python/png.py": "import nothing_here\n"})
    pair(world, ALONE, [arn], [arn])


@right("04.6", "as the solution has it", "take png from case.*photo-tools, version 1, and work")
def _(world: World) -> None:
    arn = publish(world, {"python/png.py": PNG})
    pair(world, ALONE, [arn], [arn])


@right("04.6", "under site-packages, beside another layer", "version 1, and work")
def _(world: World) -> None:
    arn = publish(world, {"python/lib/python3.13/site-packages/png.py": PNG})
    other = publish(world, {"python/jpeg.py": "x = 1\n"}, "other")
    pair(world, ALONE, [other, arn], [arn])


STORY = """import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Thread

PARTNERS = ("weather", "place", "tides", "birds")

def ask(partner):
    time.sleep(0.2)
    return f"{partner}: fine"

def handler(event, context):
"""


def story(world: World, *lines: str) -> None:
    body = "".join(f"    {line}\n" for line in lines)
    world.function("photo-story", STORY + body, world.role(), MemorySize=1769, Timeout=10)


@wrong("04.7", "one after the other", "Some waits still follow each other")
def _(world: World) -> None:
    story(world, "return [ask(one) for one in PARTNERS]")


@wrong("04.7", "a pool that is waited for each time", "Start all of them before you ask for the first result")
def _(world: World) -> None:
    story(
        world,
        "with ThreadPoolExecutor() as pool:",
        "    return [pool.submit(ask, one).result() for one in PARTNERS]",
    )


@wrong("04.7", "what map gives is no list", "what map gives is no list yet")
def _(world: World) -> None:
    story(world, "return ThreadPoolExecutor(4).map(ask, PARTNERS)")


@wrong("04.7", "map is given results, not the function", "Give map the function itself")
def _(world: World) -> None:
    story(
        world,
        "with ThreadPoolExecutor(4) as pool:",
        "    return list(pool.map(ask(one) for one in PARTNERS))",
    )


@wrong("04.7", "nobody waits for the threads", "has to stay what it was")
def _(world: World) -> None:
    story(world, "[Thread(target=ask, args=(one,)).start() for one in PARTNERS]")


@wrong("04.7", "half of them", "Somebody was not asked")
def _(world: World) -> None:
    story(world, "return [ask(one) for one in PARTNERS[:2]]")


@wrong("04.7", "in another order", "pool.map keeps the order")
def _(world: World) -> None:
    story(world, "pool = ThreadPoolExecutor(4)", "return list(pool.map(ask, reversed(PARTNERS)))")


@right("04.7", "as the solution has it", "instead of 800, same answer")
def _(world: World) -> None:
    story(world, "with ThreadPoolExecutor(4) as pool:", "    return list(pool.map(ask, PARTNERS))")


@right("04.7", "with asyncio", "same answer")
def _(world: World) -> None:
    story(
        world,
        "import asyncio",
        "async def all_of_them():",
        "    return await asyncio.gather(*(asyncio.to_thread(ask, one) for one in PARTNERS))",
        "return asyncio.run(all_of_them())",
    )
