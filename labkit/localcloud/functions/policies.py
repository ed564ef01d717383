"""Resource-based policies of functions: who else may call a function, version or alias.

Statements have the form that AddPermission gives them on AWS (botocore examples and recorded answers).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from labkit.localcloud.functions import limits
from labkit.localcloud.functions.context import Call, missing_qualifier, require_revision
from labkit.localcloud.functions.errors import (
    ServiceError,
    conflict,
    function_not_found,
    invalid,
    not_found,
    resource_not_found,
)
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.state import Alias, Function, Statement, Version

Params = Mapping[str, Any]
Output = dict[str, Any]
Policy = dict[str, Any]

_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)")


def add_permission(call: Call, params: Params) -> Output:
    """AddPermission."""
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    if qualifier == LATEST:
        raise invalid("We currently do not support adding policies for $LATEST.")
    function = call.function(name)
    subject = _subject(call, function, qualifier)
    require_revision(params.get("RevisionId"), subject.revision_id, "GetPolicy")
    statement = _statement(call.region.arn(name, qualifier), params)
    old = function.policies.get(qualifier or "") or empty_policy()
    if any(known.get("Sid") == statement["Sid"] for known in old["Statement"]):
        raise duplicate_statement(statement["Sid"])
    _store(call, function, qualifier, {**old, "Statement": [*old["Statement"], statement]})
    return {"Statement": json.dumps(statement, separators=(",", ":"))}


def remove_permission(call: Call, params: Params) -> Output:
    """RemovePermission."""
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    if (function := call.region.functions.get(name)) is None:
        raise not_found(f"No policy found for: {call.region.arn(name, qualifier)}")
    subject = _subject(call, function, qualifier)
    policy = function.policies.get(_key(qualifier))
    if policy is None:
        raise no_policy()
    require_revision(params.get("RevisionId"), subject.revision_id, "GetPolicy")
    kept = [known for known in policy["Statement"] if known.get("Sid") != params["StatementId"]]
    if len(kept) == len(policy["Statement"]):
        raise no_statement(params["StatementId"])
    _store(call, function, qualifier, {**policy, "Statement": kept})
    return {}


def get_policy(call: Call, params: Params) -> Output:
    """GetPolicy."""
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    function = call.region.functions.get(name)
    policy = function.policies.get(_key(qualifier)) if function else None
    if function is None or policy is None:
        raise resource_not_found()
    return _answer(policy, _subject(call, function, qualifier))


def put_resource_policy(call: Call, params: Params) -> Output:
    """PutResourcePolicy: the whole document, in place of every statement that was there."""
    function, qualifier, subject = _by_arn(call, params["ResourceArn"])
    require_revision(params.get("RevisionId"), subject.revision_id, "GetResourcePolicy")
    policy = _document(params["Policy"])
    if any(_is_public(statement) for statement in policy["Statement"]):
        raise ServiceError(
            "PublicPolicyException",
            f"The policy would grant public access to {params['ResourceArn']}, which isn't allowed. "
            "Name a principal, or limit the statement with a condition.",
        )
    _store(call, function, qualifier, policy)
    return _answer(policy, subject)


def get_resource_policy(call: Call, params: Params) -> Output:
    """GetResourcePolicy."""
    function, qualifier, subject = _by_arn(call, params["ResourceArn"])
    policy = function.policies.get(_key(qualifier))
    if policy is None:
        raise no_policy()
    return _answer(policy, subject)


def delete_resource_policy(call: Call, params: Params) -> Output:
    """DeleteResourcePolicy."""
    function, qualifier, subject = _by_arn(call, params["ResourceArn"])
    if _key(qualifier) not in function.policies:
        raise no_policy()
    require_revision(params.get("RevisionId"), subject.revision_id, "GetResourcePolicy")
    _store(call, function, qualifier, empty_policy())
    return {}


def empty_policy() -> Policy:
    """A policy document without statements."""
    return {"Version": "2012-10-17", "Id": "default", "Statement": []}


def no_policy() -> ServiceError:
    """Nothing has been granted yet."""
    return not_found("No policy is associated with the given resource.")


def no_statement(statement_id: str) -> ServiceError:
    """The policy has no statement of this id."""
    return not_found(f"Statement {statement_id} is not found in resource policy.")


def duplicate_statement(statement_id: str) -> ServiceError:
    """The policy has a statement of this id already."""
    return conflict(
        f"The statement id ({statement_id}) provided already exists. "
        "Please provide a new statement id, or remove the existing statement."
    )


def _key(qualifier: str | None) -> str:
    return "" if qualifier in (None, LATEST) else str(qualifier)


def _subject(call: Call, function: Function, qualifier: str | None) -> Version | Alias:
    """What carries the policy, and with it the RevisionId: the function, a version or an alias."""
    subject = function.aliases.get(qualifier or "") or function.version(qualifier or LATEST)
    if subject is None:
        raise missing_qualifier(call.region.arn(function.name, qualifier), qualifier or LATEST)
    return subject


def _by_arn(call: Call, arn: str) -> tuple[Function, str | None, Version | Alias]:
    name, qualifier = call.names(arn)
    function = call.region.functions.get(name)
    if function is None:
        raise function_not_found(arn)
    return function, qualifier, _subject(call, function, qualifier)


def _store(call: Call, function: Function, qualifier: str | None, policy: Policy) -> None:
    size, limit = len(_text(policy).encode()), limits.quota("resource_policy_max_bytes")
    if size > limit:
        raise ServiceError(
            "PolicyLengthExceededException",
            f"The final policy size ({size}) is bigger than the limit ({limit}).",
        )
    _subject(call, function, qualifier).revision_id = call.new_revision()
    if policy["Statement"]:
        function.policies[_key(qualifier)] = policy
    else:
        function.policies.pop(_key(qualifier), None)


def _answer(policy: Policy, subject: Version | Alias) -> Output:
    return {"Policy": _text(policy), "RevisionId": subject.revision_id}


def _text(policy: Policy) -> str:
    return json.dumps(policy, separators=(",", ":"))


def _statement(resource: str, params: Params) -> Statement:
    if params.get("FunctionUrlAuthType") and params["Action"] != "lambda:InvokeFunctionUrl":
        raise invalid("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
    equals = {
        "AWS:SourceAccount": params.get("SourceAccount"),
        "lambda:FunctionUrlAuthType": params.get("FunctionUrlAuthType"),
        "aws:PrincipalOrgID": params.get("PrincipalOrgID"),
        "lambda:EventSourceToken": params.get("EventSourceToken"),
    }
    via_url = params.get("InvokedViaFunctionUrl")
    condition = {
        "StringEquals": {key: value for key, value in equals.items() if value},
        "Bool": {} if via_url is None else {"lambda:InvokedViaFunctionUrl": str(via_url).lower()},
        "ArnLike": {"AWS:SourceArn": params["SourceArn"]} if params.get("SourceArn") else {},
    }
    statement = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal(params["Principal"]),
        "Action": params["Action"],
        "Resource": resource,
    }
    if condition := {operator: keys for operator, keys in condition.items() if keys}:
        statement["Condition"] = condition
    return statement


def principal(text: str) -> str | dict[str, str]:
    """A principal of AddPermission as a policy writes it.

    Raises:
        ServiceError: neither a service, nor an account, nor an ARN, nor everybody.
    """
    if text == "*":
        return text
    if re.fullmatch(r"\d{12}", text, re.ASCII):
        return {"AWS": f"arn:aws:iam::{text}:root"}
    if re.fullmatch(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+", text, re.ASCII):
        return {"AWS": text}
    if _SERVICE.fullmatch(text):
        return {"Service": text}
    raise invalid("The provided principal was invalid. Please check the principal and try again.")


def _document(text: str) -> Policy:
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise invalid(f"The policy is no JSON document: {problem}.") from None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise invalid("The policy has no Statement. Give it a list of statements.")
    for statement in statements:
        if (
            not isinstance(statement, dict)
            or not {"Effect", "Principal", "Action", "Resource"} <= statement.keys()
        ):
            raise invalid("Each statement of the policy needs Effect, Principal, Action and Resource.")
    return {**policy, "Statement": statements}


def _is_public(statement: Statement) -> bool:
    everybody = statement["Principal"] in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return statement["Effect"] == "Allow" and everybody and not statement.get("Condition")
