"""Dynamic references: ``{{resolve:ssm:name}}`` and ``{{resolve:secretsmanager:id:SecretString:key}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from labkit.localcloud.stacks.errors import not_here, template_error

_REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^{}]+)\}\}")


def resolve(node: Any, client: Callable[[str], Any]) -> Any:
    """A value with its dynamic references replaced.

    Args:
        client: the client of a service, with the permissions of the stack.

    Raises:
        StackError: no such kind of reference, or of key.
        ClientError: what the services refuse.
    """
    if isinstance(node, str) and "{{resolve:" in node:
        return _REFERENCE.sub(lambda match: _look_up(match[1], match[2], client), node)
    if isinstance(node, list):
        return [resolve(item, client) for item in node]
    if isinstance(node, Mapping):
        return {key: resolve(value, client) for key, value in node.items()}
    return node


def _look_up(service: str, reference: str, client: Callable[[str], Any]) -> str:
    if service == "ssm":
        answer = client("ssm").get_parameter(Name=reference)
        if answer["Parameter"]["Type"] == "SecureString":
            raise template_error(f"{{{{resolve:ssm:{reference}}}}} is a SecureString: use ssm-secure.")
        return str(answer["Parameter"]["Value"])
    if service == "ssm-secure":
        return str(client("ssm").get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"])
    if service == "secretsmanager":
        return _secret(reference, client("secretsmanager"))
    raise not_here(f"The dynamic reference to {service}", "Use ssm or secretsmanager.")


def _secret(reference: str, client: Any) -> str:
    parts = reference.split(":")
    size = 7 if reference.startswith("arn:") else 1
    name, rest = ":".join(parts[:size]), [*parts[size:], "", "", "", ""]
    kind, key, stage, version = rest[:4]
    if kind not in ("", "SecretString"):
        raise template_error(f"A dynamic reference to a secret can only ask for SecretString, not {kind}.")
    which = {"VersionStage": stage, "VersionId": version}
    answer = client.get_secret_value(SecretId=name, **{at: value for at, value in which.items() if value})
    if not key:
        return str(answer["SecretString"])
    try:
        return str(json.loads(answer["SecretString"])[key])
    except (ValueError, KeyError, TypeError):
        raise template_error(
            f"Could not find a value associated with JSONKey {key} in the secret {name}."
        ) from None
