"""Answers to the exercises of phase 00."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.wrong_answers.world import HELLO, World, right, wrong

ADA = {"name": "Ada"}
SLOW_START = "import time\ntime.sleep(0.5)\n" + HELLO


def hello(world: World, code: str = HELLO, **more: object) -> str:
    return world.function("hello", code, world.role(base="hello-role"), **more)  # type: ignore[arg-type]


@wrong("00.1", "nothing was done", "there is no function")
def _(world: World) -> None:
    pass


@wrong("00.1", "deployed, never invoked", "was never invoked")
def _(world: World) -> None:
    hello(world)


@wrong("00.1", "invoked once", "was invoked once")
def _(world: World) -> None:
    world.invoke(hello(world), ADA)


@wrong(
    "00.1",
    "deployed again before each call: every start is cold",
    "3 of them cold\n(.*\n)*.*was changed starts cold again",
)
def _(world: World) -> None:
    name = hello(world)
    for memory_mb in (128, 256, 512):
        world.configure(name, MemorySize=memory_mb)
        world.invoke(name, ADA)


@wrong("00.1", "three calls at the same moment", "Calls at the same moment get an environment each")
def _(world: World) -> None:
    name = hello(world, SLOW_START)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: world.invoke(name, ADA), range(3)))


@wrong("00.1", "a role that may not write logs", "may not write one")
def _(world: World) -> None:
    name = world.function("hello", HELLO, world.role(base="hello-role", attach=()))
    world.invoke(name, ADA, times=3)


@right("00.1", "as the solution has it", r"1 cold \(Init Duration \d+ ms\), 2 warm")
def _(world: World) -> None:
    world.invoke(hello(world), ADA, times=3)


@right("00.1", "a function with another name, called from elsewhere", "1 cold")
def _(world: World) -> None:
    world.invoke(world.function("my-very-own", HELLO, world.role()), ADA, times=4)


@right("00.1", "a handler that fails runs, too", "1 cold")
def _(world: World) -> None:
    world.invoke(hello(world), {}, times=3)


@wrong("00.2", "nothing was changed", "still has 128 MB")
def _(world: World) -> None:
    world.invoke(hello(world), ADA, times=3)


@wrong("00.2", "only the greeting was changed", "still has 128 MB")
def _(world: World) -> None:
    name = hello(world)
    world.update(name, HELLO.replace("Hello", "Good morning"))
    world.invoke(name, ADA)


@wrong("00.2", "only the memory was changed", "still says 'Hello, Ada'")
def _(world: World) -> None:
    name = hello(world)
    world.configure(name, MemorySize=256)
    world.invoke(name, ADA)


@wrong("00.2", "changed, but not invoked since", "no REPORT line says so")
def _(world: World) -> None:
    name = hello(world)
    world.invoke(name, ADA)
    world.update(name, HELLO.replace("Hello", "Good morning"))
    world.configure(name, MemorySize=256)


@wrong("00.2", "the new code does not run", "function error: Runtime.UserCodeSyntaxError")
def _(world: World) -> None:
    name = hello(world)
    world.update(name, HELLO.replace("return", "return return"))
    world.configure(name, MemorySize=256)
    world.invoke(name, ADA)


@right("00.2", "another greeting and 256 MB", 'runs with 256 MB and says "Good morning, Ada!"')
def _(world: World) -> None:
    name = hello(world)
    world.update(name, HELLO.replace("Hello", "Good morning"))
    world.configure(name, MemorySize=256)
    world.invoke(name, ADA)


@right("00.2", "deleted and made again, with a greeting around the old word", 'says "Hello there, Ada!"')
def _(world: World) -> None:
    world.invoke(hello(world, HELLO.replace("Hello", "Hello there"), MemorySize=1024), ADA)
