"""02.3: what the handler imports is in the package, or in a layer, where Python looks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from labkit.checks import packages
from labkit.checks.create.handler import get_photo
from labkit.checks.functions import Function, unzipped
from labkit.checks.look import Look, NotYet
from labkit.checks.photos import ask, find_table, photo_in, unknown
from labkit.checks.registry import check

Layers = Mapping[str, Mapping[str, bytes]]
MISSING = re.compile(r"No module named '([\w.]+)'")


@check("02.3", title="What the handler imports travels with it")
def package(look: Look) -> str:
    """The function works, and a module of the learner's own that it imports is in its zip or a layer."""
    function = get_photo(look)
    files, layers = function.files(), function.layers()
    answer = function.invoke(unknown(find_table(look, function)).event)
    if answer.error and (missing := MISSING.search(answer.error_text)):
        raise _missing(look, function, missing[1].partition(".")[0], files, layers)
    found = packages.handler(str(function.configuration.get("Handler", "")), files)
    if found is None:
        raise NotYet(
            f"{function.name} has no Python handler file for its Handler setting; its package has "
            f"{_listed(files)}",
            "a package whose handler file imports a module of your own",
            "Make the Handler setting (file.function) agree with a .py file at the top of the package.",
        )
    own = {name: place for name in found.imports if (place := _place(name, files, layers))}
    if not own:
        raise NotYet(
            f"{found.path} imports nothing that is packaged with it",
            "the import is kept, and what it imports is in the package",
            "Put the import back, and the module's file beside the handler in the zip, or in a layer.",
        )
    with photo_in(look, find_table(look, function)) as photo:
        ask(function, photo)
    return f"{found.path} imports " + ", ".join(f"{name} ({place})" for name, place in own.items())


def _place(module: str, files: Mapping[str, bytes], layers: Layers) -> str | None:
    if packages.in_package(module, files):
        return "in the zip"
    for arn, content in layers.items():
        if packages.in_layer(module, content):
            return f"in the layer {arn.split(':')[6]}"
    return None


def _missing(
    look: Look, function: Function, module: str, files: Mapping[str, bytes], layers: Layers
) -> NotYet:
    """Why an import fails: nowhere, in the wrong folder of the zip or a layer, or in a layer not attached."""
    expected = f"{module} where Python looks for it: at the top of the zip, or under python/ in a layer"
    if path := packages.astray(module, files):
        seen = f"{module} is in the package, but at {path}"
        step = "Zip the content of the folder, not the folder: the file belongs at the top."
        return NotYet(seen, expected, step)
    for arn, content in layers.items():
        if path := packages.astray(module, content):
            seen = f"{module} is in the layer {arn.split(':')[6]}, but at {path}"
            step = f"Layers are unpacked to /opt, and Python looks in /opt/python: use python/{module}.py."
            return NotYet(seen, expected, step)
    if layer := _unattached(look, module):
        return NotYet(
            f"the layer {layer} has {module}, but {function.name} does not use that layer",
            expected,
            "Name the layer version's ARN in Layers with update_function_configuration.",
        )
    return NotYet(
        f"the import fails: No module named {module!r}; the package has {_listed(files)}",
        expected,
        f"Package {module}.py together with the handler and call update_function_code.",
    )


def _unattached(look: Look, module: str) -> str | None:
    """A layer of the lab that has the module."""
    client = look.client("lambda")
    for page in client.get_paginator("list_layers").paginate():
        for layer in page["Layers"]:
            if layer["LayerName"].startswith(look.prefix):
                arn = layer["LatestMatchingVersion"]["LayerVersionArn"]
                content = client.get_layer_version_by_arn(Arn=arn)["Content"]["Location"]
                if packages.in_layer(module, unzipped(content)):
                    return str(layer["LayerName"])
    return None


def _listed(files: Mapping[str, bytes], limit: int = 6) -> str:
    names = sorted(files)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
