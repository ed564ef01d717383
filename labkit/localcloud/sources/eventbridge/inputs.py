"""What of an event a target receives: all of it, a part (InputPath), a constant (Input), or a text made of it
(InputTransformer). Pure.

Source: Amazon EventBridge User Guide, "Input transformation".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labkit.localcloud.sources.eventbridge.events import Envelope

NOTHING = object()
# Dot notation is all there is; places in a list are allowed.
_PATH = re.compile(r"\$(?:\.[\w-]+|\[\d+\])*")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
_RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)


class BadInput(ValueError):
    """Input, InputPath or InputTransformer that AWS would refuse; the message is what it says."""


def check(target: Mapping[str, Any]) -> None:
    """Looks at a target as PutTargets is given it.

    Raises:
        BadInput: not valid, or more than one of the three.
    """
    name = target["Id"]
    given = [key for key in ("Input", "InputPath", "InputTransformer") if target.get(key) is not None]
    if len(given) > 1:
        raise BadInput(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if "Input" in given and not _is_json(target["Input"]):
        raise BadInput(f"JSON syntax error in input for target {name}.")
    if "InputPath" in given and not _PATH.fullmatch(target["InputPath"]):
        raise BadInput(f"Invalid InputPath for target {name}.")
    if "InputTransformer" in given:
        _check_transformer(name, target["InputTransformer"])


def text_for(target: Mapping[str, Any], event: Envelope, reserved: Mapping[str, Any]) -> str:
    """The JSON text that the target receives.

    Args:
        reserved: the values of the ``aws.events`` variables, those of the event itself aside.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        part = select(event, target["InputPath"])
        return _json({} if part is NOTHING else part)
    if target.get("InputTransformer"):
        return _transform(target["InputTransformer"], event, reserved)
    return _json(event)


def select(event: Any, path: str) -> Any:
    """The value at a JSON path; NOTHING where there is none."""
    for name, place in _STEP.findall(path):
        if name and isinstance(event, Mapping) and name in event:
            event = event[name]
        elif place and isinstance(event, list) and int(place) < len(event):
            event = event[int(place)]
        else:
            return NOTHING
    return event


def _transform(transformer: Mapping[str, Any], event: Envelope, reserved: Mapping[str, Any]) -> str:
    values = {
        **reserved,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        values[name] = select(event, path)
    made = _fill(transformer["InputTemplate"], values)
    return made if not _is_json(made) else _json(json.loads(made))


def _fill(template: str, values: Mapping[str, Any]) -> str:
    """Puts values into a template: as JSON where a value may stand, as text within a string."""
    out: list[str] = []
    for inside, piece in _pieces(template):
        found = _PLACEHOLDER.fullmatch(piece)
        if found is None or found[1] not in values:
            out.append(piece)
        elif inside:
            out.append(_within_string(values[found[1]]))
        else:
            value = values[found[1]]
            out.append('""' if value is NOTHING else _json(value))
    return "".join(out)


def _pieces(template: str) -> Iterator[tuple[bool, str]]:
    """(whether it stands inside a JSON string, piece): placeholders and what is between them."""
    inside = False
    for piece in re.split(r"(<[\w.-]+>)", template):
        yield inside, piece
        if not _PLACEHOLDER.fullmatch(piece):
            inside ^= len(re.findall(r'(?<!\\)(?:\\\\)*"', piece)) % 2 == 1


def _within_string(value: Any) -> str:
    if value is NOTHING:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _check_transformer(name: str, transformer: Mapping[str, Any]) -> None:
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    for variable, path in paths.items():
        if variable.upper().startswith("AWS"):
            raise BadInput(f"InputPathsMap key {variable} of target {name} is reserved: it starts with AWS.")
        if not _PATH.fullmatch(path):
            raise BadInput(f"Invalid InputPathsMap value {path} for target {name}.")
    template: str = transformer["InputTemplate"]
    for variable in _PLACEHOLDER.findall(template):
        if variable not in paths and variable not in _RESERVED:
            raise BadInput(
                f"InputTemplate for target {name} contains the placeholder {variable}, "
                "which InputPathsMap does not define."
            )
    sample = dict.fromkeys([*paths, *_RESERVED], 0)
    if template.lstrip()[:1] in ("{", "[", '"') and not _is_json(_fill(template, sample)):
        raise BadInput(f"Invalid InputTemplate for target {name} : it is no JSON.")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
