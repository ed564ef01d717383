"""The transform AWS::Serverless-2016-10-31, by AWS's own translator."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any

from labkit.localcloud.stacks.errors import invalid, not_here

NAME = "AWS::Serverless-2016-10-31"
_TURN = threading.Lock()  # the translator keeps the Region of a translation on a class
_APPLICATION = "Put the application's resources into this template, or deploy it as a stack of its own."
_NOT_HERE = {
    "AWS::Serverless::Application": _APPLICATION,
    "AWS::Serverless::GraphQLApi": "Use AWS::Serverless::HttpApi or AWS::Serverless::Api.",
}


def translate(
    document: Mapping[str, Any], parameters: Mapping[str, Any], region: str, iam: Any
) -> dict[str, Any]:
    """The template that CloudFormation would make of a SAM template.

    Args:
        parameters: the values of the template's parameters.
        iam: a client of IAM, for AWS's own policies by name.

    Raises:
        StackError: ValidationError with what the translator does not understand.
    """
    for name, item in (document.get("Resources") or {}).items():
        kind = item.get("Type") if isinstance(item, Mapping) else None
        if kind in _NOT_HERE:
            raise not_here(f"The type {kind} of {name}", _NOT_HERE[kind])
    import boto3  # these two take seconds
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
    from samtranslator.translator.transform import to_py27_compatible_template
    from samtranslator.translator.translator import Translator

    fragment = copy.deepcopy(dict(document))
    values = dict(parameters)
    with _TURN:
        try:
            to_py27_compatible_template(fragment, values)
            loader = ManagedPolicyLoader(iam)
            translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
            made = translator.translate(fragment, parameter_values=values, get_managed_policy_map=loader.load)
        except InvalidDocumentException as error:
            causes = " ".join(cause.message for cause in error.causes)
            raise invalid(f"Transform {NAME} failed with: {error.message} {causes}".strip()) from None
    translated: dict[str, Any] = _plain(made)
    translated.pop("Transform", None)
    translated.pop("Globals", None)
    return translated


def _plain(node: Any) -> Any:
    """Without the translator's own kinds of text and map."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return str(node) if isinstance(node, str) else node
