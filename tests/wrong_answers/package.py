"""Answers to exercise 02.3: the package."""

from __future__ import annotations

from tests.wrong_answers.world import GET_PHOTO, GET_PHOTO_WITH_MODULE, PLAIN, World, package, right, wrong

GOOD = {"app.py": GET_PHOTO_WITH_MODULE, "plain.py": PLAIN}


def layer(world: World, files: dict[str, str]) -> str:
    made = world.client("lambda").publish_layer_version(
        LayerName=world.name("shared"), Content={"ZipFile": package(files)}, CompatibleRuntimes=["python3.13"]
    )
    return str(made["LayerVersionArn"])


@wrong("02.3", "the module is left out", "No module named 'plain'; the package has app.py")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO_WITH_MODULE)


@wrong("02.3", "the folder is zipped, not its content", "is in the package, but at build/plain.py")
def _(world: World) -> None:
    world.get_photo({"app.py": GET_PHOTO_WITH_MODULE, "build/plain.py": PLAIN})


@wrong("02.3", "a layer without the python folder", "Python looks in /opt/python")
def _(world: World) -> None:
    arn = layer(world, {"plain.py": PLAIN})
    world.get_photo(GET_PHOTO_WITH_MODULE, Layers=[arn])


@wrong("02.3", "a layer that is not attached", "does not use that layer")
def _(world: World) -> None:
    layer(world, {"python/plain.py": PLAIN})
    world.get_photo(GET_PHOTO_WITH_MODULE)


@wrong("02.3", "the import is taken out", "Put the import back")
def _(world: World) -> None:
    world.get_photo(GET_PHOTO)


@wrong(
    "02.3", "packaged, but under another name", "No module named 'plain'; the package has Plain.py, app.py"
)
def _(world: World) -> None:
    world.get_photo({"app.py": GET_PHOTO_WITH_MODULE, "Plain.py": PLAIN})


@wrong("02.3", "packaged, and broken", "is not defined")
def _(world: World) -> None:
    world.get_photo({**GOOD, "plain.py": PLAIN.replace("from decimal import Decimal", "")})


@right("02.3", "beside the handler", r"app.py imports plain \(in the zip\)")
def _(world: World) -> None:
    world.get_photo(GOOD)


@right("02.3", "in a layer", r"plain \(in the layer case\d+-shared\)")
def _(world: World) -> None:
    arn = layer(world, {"python/plain.py": PLAIN})
    world.get_photo(GET_PHOTO_WITH_MODULE, Layers=[arn])


@right("02.3", "a package with a folder, imported when it is needed, and another handler file")
def _(world: World) -> None:
    inner = GET_PHOTO_WITH_MODULE.replace("from plain import number\n", "")
    inner = inner.replace("    item =", "    from tools.plain import number\n    item =", 1)
    files = {"src/photos.py": inner, "src/__init__.py": "", "tools/__init__.py": "", "tools/plain.py": PLAIN}
    world.get_photo(files, Handler="src.photos.handler")
