"""Tags of functions and event source mappings. What else carries tags on AWS does not exist here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.errors import function_not_found, invalid, not_found
from labkit.localcloud.functions.mapping_state import EventSourceMapping
from labkit.localcloud.functions.mappings import mapping_by_arn
from labkit.localcloud.functions.state import Function

Params = Mapping[str, Any]
Output = dict[str, Any]

_OTHERS = {
    "event-source-mapping": "Event source mapping",
    "code-signing-config": "Code signing configuration",
    "capacity-provider": "Capacity provider",
    "network-connector": "Network connector",
}


def tag_resource(call: Call, params: Params) -> Output:
    """TagResource: new tags are added, known keys get the new value."""
    tagged = _find(call, params["Resource"])
    if not params["Tags"]:
        raise invalid("An error occurred and the request cannot be processed.")
    tags = {**tagged.tags, **params["Tags"]}
    limits.check_tags(tags)
    tagged.tags = tags
    return {}


def untag_resource(call: Call, params: Params) -> Output:
    """UntagResource: unknown keys do no harm."""
    tagged = _find(call, params["Resource"])
    for key in params["TagKeys"]:
        tagged.tags.pop(key, None)
    return {}


def list_tags(call: Call, params: Params) -> Output:
    """ListTags."""
    return {"Tags": dict(_find(call, params["Resource"]).tags)}


def _find(call: Call, arn: str) -> Function | EventSourceMapping:
    kind = arn.split(":")[5]
    if kind == "event-source-mapping" and (mapping := mapping_by_arn(call, arn)) is not None:
        return mapping
    if kind in _OTHERS:
        raise not_found(f"{_OTHERS[kind]} not found: {arn}")
    name, qualifier = call.names(arn)
    if qualifier is not None:
        raise invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    if name not in call.region.functions:
        raise function_not_found(arn)
    return call.region.functions[name]
