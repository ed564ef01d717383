"""Deployment packages as a check reads them: what a Python handler imports, and where it comes from."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What AWS's Python images have besides the standard library: boto3, the runtime client and what they need.
IMAGE_MODULES = frozenset(
    {
        "awslambdaric",
        "boto3",
        "botocore",
        "dateutil",
        "jmespath",
        "s3transfer",
        "simplejson",
        "six",
        "snapshot_restore_py",
        "urllib3",
    }
)


@dataclass(frozen=True)
class Handler:
    """The file of a Python handler.

    Attributes:
        path: in the package, such as ``app.py``.
        tree: its syntax tree.
        function: name of the entry point.
    """

    path: str
    tree: ast.Module
    function: str

    @property
    def imports(self) -> tuple[str, ...]:
        """Top-level names of the modules it imports anywhere that neither Python nor AWS's image has."""
        names: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module or "")
        tops = dict.fromkeys(name.partition(".")[0] for name in names)
        return tuple(
            top for top in tops if top not in sys.stdlib_module_names and top not in IMAGE_MODULES | {""}
        )

    @property
    def entry(self) -> ast.FunctionDef | None:
        """The function that Lambda calls, if the file itself defines it."""
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == self.function:
                return node
        return None


def handler(setting: str, files: Mapping[str, bytes]) -> Handler | None:
    """The handler's file, from the Handler setting; None if it is not in the package or is no Python."""
    module, _, function = setting.rpartition(".")
    path = module.replace(".", "/") + ".py"
    try:
        return Handler(path, ast.parse(files[path]), function)
    except (KeyError, SyntaxError, ValueError):
        return None


def in_package(module: str, paths: Iterable[str]) -> bool:
    """Whether a package has a module where Python looks for it: at its top."""
    return any(path == f"{module}.py" or path.startswith(f"{module}/") for path in paths)


def in_layer(module: str, paths: Iterable[str]) -> bool:
    """Whether a layer has a module where Python looks for it: under ``python``."""
    paths = list(paths)
    inner = [path.removeprefix("python/") for path in paths if path.startswith("python/")]
    site = [path.partition("/site-packages/")[2] for path in paths if path.startswith("python/lib/")]
    return in_package(module, inner) or in_package(module, site)


def astray(module: str, paths: Iterable[str]) -> str | None:
    """A path where a module lies but Python does not look."""
    for path in paths:
        if path.endswith((f"/{module}.py", f"/{module}/__init__.py")) or path == f"{module}.py":
            return path
    return None
