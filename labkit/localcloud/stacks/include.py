"""``Fn::Transform`` with AWS::Include: puts in what lies in S3, before anything else is read.

Source: CloudFormation template reference, "AWS::Include transform".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud.stacks.decode import decode
from labkit.localcloud.stacks.errors import invalid, not_here

NAME = "AWS::Include"
FUNCTION = "Fn::Transform"
Fetch = Callable[[str, str], str]


def include(node: Any, fetch: Fetch, parameters: Mapping[str, Any]) -> Any:
    """A document with its includes in their places; an included document may include nothing.

    Args:
        fetch: the text of a bucket and a key.
        parameters: values that ``Location`` may name with Ref.

    Raises:
        StackError: another macro, or nothing at the place.
    """
    if isinstance(node, list):
        return [include(item, fetch, parameters) for item in node]
    if not isinstance(node, Mapping):
        return node
    rest = {key: include(value, fetch, parameters) for key, value in node.items() if key != FUNCTION}
    if FUNCTION not in node:
        return rest
    return {**rest, **_included(node[FUNCTION], fetch, parameters)}


def _included(said: Any, fetch: Fetch, parameters: Mapping[str, Any]) -> dict[str, Any]:
    name = said.get("Name") if isinstance(said, Mapping) else None
    if name != NAME:
        raise not_here(f"The macro {name}", f"Expand it before; {NAME} works here.")
    location = (said.get("Parameters") or {}).get("Location")
    if isinstance(location, Mapping) and set(location) == {"Ref"}:
        location = parameters.get(location["Ref"])
    scheme, _, place = str(location).partition("://")
    bucket, _, key = place.partition("/")
    if scheme != "s3" or not key:
        raise invalid(
            f"Transform {NAME} failed with: The location parameter is not a valid S3 uri: {location}"
        )
    return decode(fetch(bucket, key))


def includes(node: Any) -> bool:
    """Whether a document includes something."""
    if isinstance(node, list):
        return any(map(includes, node))
    return isinstance(node, Mapping) and (FUNCTION in node or any(map(includes, node.values())))
