"""The URIs by which integrations name what they call: functions, with stage variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

_INVOCATIONS = re.compile(
    r"arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(?P<function>.+)/invocations"
)
_FUNCTION = re.compile(
    r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?", re.ASCII
)
_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}", re.ASCII)


def function_arn(uri: str, stage_variables: Mapping[str, str]) -> str | None:
    """The function that an integration calls: its ARN alone, or in the form of API Gateway's paths.

    None when the URI names no function; a stage variable that is not set leaves its place empty.
    """
    filled = _VARIABLE.sub(lambda found: stage_variables.get(found[1], ""), uri)
    path = _INVOCATIONS.fullmatch(filled)
    arn = path["function"] if path is not None else filled
    return arn if _FUNCTION.fullmatch(arn) else None


def is_function_uri(uri: str) -> bool:
    """Whether a URI can name a function, once its stage variables are known."""
    return function_arn(_VARIABLE.sub("x", uri), {}) is not None
