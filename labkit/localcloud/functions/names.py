"""Names of functions and layers in all their forms: plain, partial ARN, full ARN, with a qualifier or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labkit.localcloud.functions.errors import access_denied, invalid, not_found, violated
from labkit.localcloud.functions.model import constraint

LATEST = "$LATEST"

# The model's pattern for a function name (NamespacedFunctionName), with its parts named.
_FUNCTION = re.compile(
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?"
    r"((?P<region>(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d):)?"
    r"((?P<account>\d{12}):)?(function:)?(?P<name>[a-zA-Z0-9-_.]+)"
    r"(:(?P<qualifier>\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    re.ASCII,
)
_LAYER = re.compile(
    r"arn:[^:]*:lambda:(?P<region>[^:]*):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9-_]+)(:(?P<version>\d+))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Caller:
    """Who asks, and where: what an ARN in a request is compared with."""

    region: str
    account_id: str
    principal_arn: str

    def function_arn(self, name: str, qualifier: str | None = None) -> str:
        """The ARN of a function of this account and Region."""
        return function_arn(self.region, self.account_id, name, qualifier)

    def layer_arn(self, name: str, version: int | None = None) -> str:
        """The ARN of a layer, or of one of its versions."""
        arn = f"arn:aws:lambda:{self.region}:{self.account_id}:layer:{name}"
        return arn if version is None else f"{arn}:{version}"


def function_arn(region: str, account_id: str, name: str, qualifier: str | None = None) -> str:
    """``arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]``."""
    arn = f"arn:aws:lambda:{region}:{account_id}:function:{name}"
    return arn if qualifier is None else f"{arn}:{qualifier}"


def function_name(
    text: str, qualifier: str | None, caller: Caller, action: str = "lambda:InvokeFunction"
) -> tuple[str, str | None]:
    """The plain name and the qualifier that a request means.

    Raises:
        ServiceError: no name at all, another Region, another account, or a qualifier in the name
            that is not the one in the Qualifier parameter.
    """
    found = _FUNCTION.fullmatch(text)
    if found is None:
        pattern = constraint("NamespacedFunctionName", "pattern")
        raise violated(
            f"Value '{text}' at 'functionName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )
    region, account, name, in_name = found.group("region", "account", "name", "qualifier")
    if region is not None and region != caller.region:
        raise not_found(f"Functions from '{region}' are not reachable in this region ('{caller.region}')")
    if account is not None and account != caller.account_id:
        raise access_denied(
            caller.principal_arn, action, function_arn(caller.region, account, name, qualifier or in_name)
        )
    if in_name and qualifier and in_name != qualifier:
        raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
    return name, qualifier or in_name or None


def layer_name(text: str, caller: Caller, action: str) -> tuple[str, int | None]:
    """The plain name of a layer, and its version where an ARN carries one.

    Raises:
        ServiceError: the layer's ARN is of another Region or account.
    """
    found = _LAYER.fullmatch(text)
    if found is None:
        return text, None
    if found["region"] != caller.region:
        raise not_found(
            f"Layers from '{found['region']}' are not reachable in this region ('{caller.region}')"
        )
    if found["account"] != caller.account_id:
        raise access_denied(caller.principal_arn, action, text)
    return found["name"], int(found["version"]) if found["version"] else None
