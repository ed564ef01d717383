"""Template text, JSON or YAML with short forms (``!Ref``, ``!GetAtt A.B``), as plain data."""

from __future__ import annotations

import json
from typing import Any

import yaml

from labkit.localcloud.stacks.errors import format_error

_PLAIN = {"Ref": "Ref", "Condition": "Condition"}  # all others are Fn::
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML as CloudFormation reads it: dates are text, tags are functions."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = _PLAIN.get(suffix, f"Fn::{suffix}")
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _function)


def decode(text: str) -> dict[str, Any]:
    """The document of a template.

    Raises:
        StackError: ValidationError: it is neither JSON nor YAML, or not a map.
    """
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except ValueError as json_error:
        try:
            document = _yaml(text)  # flow style
        except yaml.YAMLError:
            raise format_error(f"JSON not well-formed. ({json_error})") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise format_error(f"YAML not well-formed. ({_place(error)})") from None
    if not isinstance(document, dict):
        raise format_error("unsupported structure.")
    return document


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return str(error) or type(error).__name__
    return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', '')}"
