"""Code as the audit reads it: what happens in every call, what is caught, what is invoked. Knows no cloud."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from labkit.checks import packages

CLIENTS = ("client", "resource", "Session")
CATCH_ALL = ("Exception", "BaseException")
# InvokeCommand of the AWS SDK for JavaScript, and the way to say that nobody waits.
NODE_INVOKES = re.compile(r"\bInvokeCommand\s*\(")
NODE_EVENT = re.compile(r"""InvocationType["']?\s*:\s*["'](Event|DryRun)["']""")


@dataclass(frozen=True)
class Place:
    """A line of a file, and what stands there."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.what} ({self.path}, line {self.line})"


def every_call(handler: str, files: Mapping[str, bytes]) -> list[Place]:
    """Clients that a Python handler makes in every call. (Imports are not among them: Python keeps those.)"""
    found = packages.handler(handler, files)
    if found is None or found.entry is None:
        return []
    return [
        Place(found.path, node.lineno, f"{ast.unparse(node.func)}(…)")
        for node in _of_every_call(found.entry)
        if isinstance(node, ast.Call) and _is_client(node.func)
    ]


def swallowed(handler: str, files: Mapping[str, bytes]) -> list[Place]:
    """Where a Python handler catches every exception and goes on as if nothing had happened.

    Handlers that tell which items of their batch failed do handle their errors.
    """
    found = packages.handler(handler, files)
    if found is None or found.entry is None or b"batchItemFailures" in files[found.path]:
        return []
    return [
        Place(found.path, node.lineno, f"except {ast.unparse(node.type) if node.type else ''}".strip())
        for node in ast.walk(found.entry)
        if isinstance(node, ast.ExceptHandler)
        and _catches_all(node)
        and not any(isinstance(one, ast.Raise) for one in ast.walk(node))
    ]


def waits_for_functions(files: Mapping[str, bytes]) -> list[Place]:
    """Where the code of a package invokes a function and waits for its answer."""
    found: list[Place] = []
    for path, content in sorted(files.items()):
        if "/" in path:
            continue  # what was installed beside the code is not the author's
        text = content.decode(errors="replace")
        if path.endswith(".py"):
            found += _python_waits(path, text)
        elif path.endswith((".mjs", ".js", ".cjs")) and not NODE_EVENT.search(text):
            found += [
                Place(path, text.count("\n", 0, one.start()) + 1, "InvokeCommand")
                for one in NODE_INVOKES.finditer(text)
            ]
    return found


def readable(files: Mapping[str, bytes] | None) -> bool:
    """Whether there is code that can be read here."""
    return any(path.endswith((".py", ".mjs", ".js", ".cjs")) for path in files or ())


def _of_every_call(entry: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function's body that run in each call: not what stands behind a condition."""
    waiting: list[ast.AST] = list(entry.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.If | ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield node
        waiting[:0] = list(ast.iter_child_nodes(node))


def _is_client(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in CLIENTS
        and isinstance(function.value, ast.Name)
        and function.value.id == "boto3"
    )


def _catches_all(node: ast.ExceptHandler) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in CATCH_ALL) for kind in kinds)


def _python_waits(path: str, text: str) -> Iterator[Place]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        named = {one.arg: one.value for one in node.keywords}
        unpacked = None in named and "FunctionName" in text  # client.invoke(**settings)
        if node.func.attr != "invoke" or not ("FunctionName" in named or unpacked):
            continue
        kind = named.get("InvocationType")
        if unpacked and "InvocationType" in text:
            continue
        if kind is None or (isinstance(kind, ast.Constant) and kind.value == "RequestResponse"):
            yield Place(path, node.lineno, f"{ast.unparse(node.func)}(…)")
