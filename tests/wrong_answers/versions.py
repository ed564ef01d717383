"""Answers to exercises 02.5 and 02.6: versions and aliases."""

from __future__ import annotations

from tests.wrong_answers.world import GET_PHOTO, World, right, wrong

OTHER = GET_PHOTO + "\n# the next version\n"
BROKEN = "def handler(event, context):\n    return {'statusCode': 500, 'body': ''}\n"


def publish(world: World, name: str, code: str | None = None) -> str:
    if code is not None:
        world.update(name, code)
    return str(world.client("lambda").publish_version(FunctionName=name)["Version"])


def alias(world: World, name: str, version: str, called: str = "live", **more: object) -> None:
    world.client("lambda").create_alias(FunctionName=name, Name=called, FunctionVersion=version, **more)


def weights(**shares: float) -> dict[str, object]:
    return {"AdditionalVersionWeights": {version.lstrip("v"): share for version, share in shares.items()}}


@wrong("02.5", "nothing is published", "has neither a published version nor an alias")
def _(world: World) -> None:
    world.get_photo()


@wrong("02.5", "published, no alias", "has version 1, but no alias")
def _(world: World) -> None:
    publish(world, world.get_photo())


@wrong("02.5", "the alias is on $LATEST", r"points to \$LATEST, which changes with every update")
def _(world: World) -> None:
    alias(world, world.get_photo(), "$LATEST")


@wrong("02.5", "the alias has another name", "has the aliases Live, but no live")
def _(world: World) -> None:
    name = world.get_photo()
    alias(world, name, publish(world, name), "Live")


@wrong("02.5", "the version is one that does not work", "answered 500 for a photo that exists")
def _(world: World) -> None:
    name = world.get_photo(BROKEN)
    alias(world, name, publish(world, name))
    world.update(name, GET_PHOTO)


@right("02.5", "as the solution has it", "live is version 1, which cannot be changed any more")
def _(world: World) -> None:
    name = world.get_photo()
    alias(world, name, publish(world, name))


@right("02.5", "the third version, published by the update itself, among other aliases", "live is version 3")
def _(world: World) -> None:
    name = world.get_photo()
    publish(world, name)
    alias(world, name, "1", "old")
    publish(world, name, BROKEN)
    world.client("lambda").update_function_code(FunctionName=name, ZipFile=_zip(OTHER), Publish=True)
    world.lab.wait("lambda", "function_updated_v2", FunctionName=name)
    alias(world, name, "3")


def _zip(code: str) -> bytes:
    from tests.wrong_answers.world import package

    return package(code)


def two_versions(world: World) -> str:
    name = world.get_photo()
    publish(world, name)
    publish(world, name, OTHER)
    return name


@wrong("02.6", "only one version", "has only one published version")
def _(world: World) -> None:
    name = world.get_photo()
    alias(world, name, publish(world, name))


@wrong("02.6", "no alias", "but no alias")
def _(world: World) -> None:
    two_versions(world)


@wrong("02.6", "two versions, no weights", "sends everything to version 1")
def _(world: World) -> None:
    alias(world, two_versions(world), "1")


@wrong("02.6", "everything goes to the new one", "sends everything to version 2, the newest")
def _(world: World) -> None:
    alias(world, two_versions(world), "2")


@wrong("02.6", "the wrong way round", "the new version has nearly everything")
def _(world: World) -> None:
    alias(world, two_versions(world), "2", RoutingConfig=weights(v1=0.1))


@wrong("02.6", "half and half", "Weights are fractions of 1")
def _(world: World) -> None:
    alias(world, two_versions(world), "1", RoutingConfig=weights(v2=0.5))


@right("02.6", "as the solution has it", "version 1: 90%, version 2: 10%")
def _(world: World) -> None:
    alias(world, two_versions(world), "1", RoutingConfig=weights(v2=0.1))


@right("02.6", "said the other way round: nine tenths stay with the old one", "version 2: 10%")
def _(world: World) -> None:
    alias(world, two_versions(world), "2", RoutingConfig=weights(v1=0.9))
