"""04.6: two functions take a module from one layer, and neither carries it any more."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping

from labkit.checks import packages
from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.optimize.measured import invoked
from labkit.checks.registry import check

FUNCTIONS = ("shrink-photo", "describe-photo")
MODULE = "png"
EXPECTED = f"both functions take {MODULE} from the same layer version, and not from their own zips"


@check("04.6", title="Two functions share a layer")
def shared(look: Look) -> str:
    """Both use one layer that has the module where Python looks, and both work."""
    functions: list[Function] = []
    arns: list[str] = []
    for name in FUNCTIONS:
        functions.append(find(look, name))
        arns.append(_layer_with_module(functions[-1]))
    if arns[0] != arns[1]:
        raise NotYet(
            f"{functions[0].name} uses {_short(arns[0])}, {functions[1].name} uses {_short(arns[1])}",
            EXPECTED,
            "Two versions are two layers. Publish once, and give both functions the same ARN.",
        )
    for function in functions:
        if packages.in_package(MODULE, function.files()):
            raise NotYet(
                f"{function.name} still has {MODULE} in its own zip, and what is there is found first",
                EXPECTED,
                "Package the handler's file alone and call update_function_code.",
            )
        invoked(function, {"photo": base64.b64encode(_dot()).decode(), "width": 1})
    return f"{functions[0].name} and {functions[1].name} take {MODULE} from {_short(arns[0])}, and work"


def _layer_with_module(function: Function) -> str:
    layers = function.layers()
    for arn, content in layers.items():
        if packages.in_layer(MODULE, content):
            return arn
    if not layers:
        raise NotYet(
            f"{function.name} uses no layer",
            EXPECTED,
            "Name the layer version's ARN in Layers with update_function_configuration.",
        )
    raise _astray(function, layers)


def _astray(function: Function, layers: Mapping[str, Mapping[str, bytes]]) -> NotYet:
    for arn, content in layers.items():
        if path := packages.astray(MODULE, content):
            return NotYet(
                f"{MODULE} is in {_short(arn)}, but at {path}",
                EXPECTED,
                f"Layers are unpacked to /opt, and Python looks in /opt/python: use python/{MODULE}.py.",
            )
    return NotYet(
        f"the layers of {function.name} ({', '.join(map(_short, layers))}) do not have {MODULE}",
        EXPECTED,
        f"Publish a layer with python/{MODULE}.py.",
    )


def _short(arn: str) -> str:
    """``photo-tools, version 3``."""
    *_, name, version = arn.split(":")
    return f"{name}, version {version}"


def _dot() -> bytes:
    """A PNG picture of one grey pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0\x80")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
