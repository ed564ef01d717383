"""From the text ``folder/module.function`` to the function itself."""

from __future__ import annotations

import importlib
import sys

from .faults import Fault

TYPE_CHECKING = False  # for the type checker only: importing typing would cost every cold start
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def load(text: str) -> Any:
    """The handler.

    Raises:
        Fault: the name is malformed, the module cannot be imported or has no such function. What the module
            itself raises while it is imported, other than ImportError and SyntaxError, passes through.
    """
    try:
        module_name, function_name = text.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{text}': {error}") from error
    module = _import(module_name)
    try:
        return getattr(module, function_name)
    except AttributeError as error:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from error


def _import(name: str) -> ModuleType:
    if name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        return importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{name}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, (where,)) from error
