"""Whose credentials are accepted, what they stand for, and what the platform asks in their name."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from permission_cloud import KEY, SmallCloud, allow, arn, policy

from labkit.errors import CloudError
from labkit.localcloud.identities import ACCOUNT_ID, Identities
from labkit.localcloud.permissions import access_denied, classify, function_url_call
from labkit.localcloud.permissions.denial import Asked
from labkit.runtime.spec import Credentials

LEARNER = f"arn:aws:iam::{ACCOUNT_ID}:user/learner"


def held(answer: Any) -> Credentials:
    """The credentials in an answer of STS."""
    given = answer["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def code_of(call: Any, **arguments: Any) -> str:
    """The error code of a call that must fail."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


def test_the_workspaces_key_is_the_user_learner(small_cloud: SmallCloud) -> None:
    """GetCallerIdentity and GetUser agree."""
    assert small_cloud.client("sts").get_caller_identity()["Arn"] == LEARNER
    assert small_cloud.client("iam").get_user(UserName="learner")["User"]["Arn"] == LEARNER
    assert small_cloud.identities.administrator.principal.administrator


def test_a_function_is_its_roles_session_named_after_it(small_cloud: SmallCloud) -> None:
    """GetCallerIdentity made by a handler, which needs no permission."""
    role = small_cloud.role(Path="/service-role/")
    caller = small_cloud.as_function(role, "orders-api")("sts").get_caller_identity()
    name = role.rpartition("/")[2]
    assert caller["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/orders-api"
    assert caller["UserId"].startswith("AROA") and caller["UserId"].endswith(":orders-api")


def test_credentials_are_shared_by_a_functions_environments(small_cloud: SmallCloud) -> None:
    """Issued once for a role and a function, by any thread; a function of its own gets its own."""
    role = small_cloud.role()
    with ThreadPoolExecutor(8) as pool:
        issued = set(pool.map(lambda _: small_cloud.identities.issue_for_function(role, "one"), range(50)))
    assert len(issued) == 1
    assert small_cloud.identities.issue_for_function(role, "two") not in issued
    assert issued.pop().access_key_id.startswith("ASIA")


def test_credentials_end_with_their_role(small_cloud: SmallCloud) -> None:
    """A role of the same name made later is another role."""
    role = small_cloud.role()
    name = role.rpartition("/")[2]
    old = small_cloud.identities.issue_for_function(role, "f")
    iam = small_cloud.client("iam")
    iam.delete_role(RoleName=name)
    assert code_of(small_cloud.client("sts", old).get_caller_identity) == "InvalidClientTokenId"
    with pytest.raises(CloudError, match=name):
        small_cloud.identities.issue_for_function(role, "f")
    trust = policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    assert code_of(small_cloud.client("sts", old).get_caller_identity) == "InvalidClientTokenId"
    new = small_cloud.identities.issue_for_function(role, "f")
    assert new != old
    small_cloud.client("sts", new).get_caller_identity()


def test_keys_of_users_work_while_they_are_active(small_cloud: SmallCloud) -> None:
    """A learner may make users, give them policies through groups, and switch their keys off."""
    iam, user, group = small_cloud.client("iam"), small_cloud.name("ann"), small_cloud.name("team")
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], "")
    sqs = small_cloud.client("sqs", credentials)
    assert code_of(sqs.list_queues) == "AccessDenied"
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(allow("sqs:ListQueues")))
    iam.add_user_to_group(GroupName=group, UserName=user)
    sqs.list_queues()
    caller = small_cloud.client("sts", credentials).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/{user}"
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code_of(sqs.list_queues) == "InvalidClientTokenId"


def test_session_tokens_stand_for_their_user(small_cloud: SmallCloud) -> None:
    """Each with credentials of its own, which cannot make further ones."""
    sts = small_cloud.client("sts")
    one, two = held(sts.get_session_token()), held(sts.get_session_token(DurationSeconds=900))
    assert one.secret_access_key != two.secret_access_key
    assert small_cloud.client("sts", one).get_caller_identity()["Arn"] == LEARNER
    small_cloud.client("sqs", one).list_queues()
    assert code_of(small_cloud.client("sts", one).get_session_token) == "AccessDenied"
    assert code_of(sts.get_session_token, DurationSeconds=200_000) == "ValidationError"


def test_federated_users_may_do_what_their_policy_says(small_cloud: SmallCloud) -> None:
    """And nothing without one."""
    sts = small_cloud.client("sts")
    bare = held(sts.get_federation_token(Name="bob"))
    assert code_of(small_cloud.client("sqs", bare).list_queues) == "AccessDenied"
    federated = held(sts.get_federation_token(Name="bob", Policy=policy(allow("sqs:ListQueues"))))
    small_cloud.client("sqs", federated).list_queues()
    assert small_cloud.client("sts", federated).get_caller_identity()["Arn"].endswith(":federated-user/bob")


def test_after_a_reset_only_the_administrator_is_left() -> None:
    """The workspace's key survives; sessions do not."""
    identities = Identities("AKIARESET", "secret", account_id="111111111111")
    session, _ = identities.issue_session(identities.administrator.principal, 900)
    assert identities.lookup(session.access_key_id) is session
    identities.register()
    assert identities.lookup(session.access_key_id) is None
    assert identities.lookup("AKIARESET") is identities.administrator
    assert identities.lookup(KEY) is None


def test_the_platform_asks_in_a_roles_name(small_cloud: SmallCloud) -> None:
    """Writing logs, polling queues: without a request, with conditions."""
    group = arn("logs", "log-group:/aws/lambda/f:log-stream:2026/11/25/[$LATEST]0")
    ask = small_cloud.permissions.is_allowed
    assert not ask(small_cloud.role(), "logs:PutLogEvents", group)
    assert ask(
        small_cloud.role(allow("logs:*", arn("logs", "log-group:/aws/lambda/*:*"))),
        "logs:PutLogEvents",
        group,
    )
    here = allow("sqs:*", Condition={"ArnLike": {"aws:SourceArn": arn("lambda", "*")}})
    role, queue = small_cloud.role(here), arn("sqs", "q")
    assert not ask(role, "sqs:ReceiveMessage", queue)
    assert ask(role, "sqs:ReceiveMessage", queue, {"aws:sourcearn": (arn("lambda", "function:f"),)})
    assert not ask(f"arn:aws:iam::{ACCOUNT_ID}:role/nobody", "sqs:ReceiveMessage", queue)


def test_roles_trust_services(small_cloud: SmallCloud) -> None:
    """Lambda must be named; a role that was just made may not be known everywhere yet."""
    can = small_cloud.permissions.can_assume
    role = small_cloud.role()
    assert can(role, "lambda.amazonaws.com")
    assert not can(role, "states.amazonaws.com")
    assert not can(role, "lambda.amazonaws.com", settled_s=3600)
    assert not can(f"{role}x", "lambda.amazonaws.com")
    assert not can(small_cloud.role(trust={"AWS": LEARNER}), "lambda.amazonaws.com")


@pytest.mark.parametrize(
    ("condition", "source", "account", "allowed"),
    [
        ({}, None, None, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}}, "arn:aws:s3:::photos", None, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}}, "arn:aws:s3:::other", None, False),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}}, None, None, False),
        ({"StringEquals": {"AWS:SourceAccount": ACCOUNT_ID}}, None, None, True),
        ({"StringEquals": {"AWS:SourceAccount": ACCOUNT_ID}}, None, "999999999999", False),
    ],
)
def test_services_act_where_a_resource_policy_lets_them(
    small_cloud: SmallCloud, condition: Any, source: str | None, account: str | None, allowed: bool
) -> None:
    """S3 invoking a function, with the source that add-permission names."""
    function = arn("lambda", f"function:{small_cloud.name('f')}")
    grant = allow(
        "lambda:InvokeFunction", function, Principal={"Service": "s3.amazonaws.com"}, Condition=condition
    )
    small_cloud.resource_policies[function] = policy(grant)
    ask = small_cloud.permissions.service_denied
    denial = ask("s3.amazonaws.com", "lambda:InvokeFunction", function, source, account)
    assert (denial is None) is allowed
    other = ask("sns.amazonaws.com", "lambda:InvokeFunction", function, source, account)
    assert other is not None
    assert other.message == (
        "User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: "
        f"{function} because no resource-based policy allows the lambda:InvokeFunction action"
    )


def test_services_write_to_queues_that_let_them(small_cloud: SmallCloud) -> None:
    """The queue's own policy, as set through SQS; a topic's default policy lets only alarms in."""
    ask, sqs = small_cloud.permissions.service_denied, small_cloud.client("sqs")
    name, topic = small_cloud.name("q"), arn("sns", "t")
    url, queue = sqs.create_queue(QueueName=name)["QueueUrl"], arn("sqs", name)
    assert ask("sns.amazonaws.com", "sqs:SendMessage", queue, topic) is not None
    only = {"ArnEquals": {"aws:SourceArn": topic}}
    grant = allow("sqs:SendMessage", queue, Principal={"Service": "sns.amazonaws.com"}, Condition=only)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(grant)})
    assert ask("sns.amazonaws.com", "sqs:SendMessage", queue, topic) is None
    assert ask("sns.amazonaws.com", "sqs:SendMessage", queue, arn("sns", "other")) is not None
    made = small_cloud.client("sns").create_topic(Name=small_cloud.name("t"))["TopicArn"]
    assert ask("cloudwatch.amazonaws.com", "SNS:Publish", made, arn("cloudwatch", "alarm:a")) is None
    assert ask("s3.amazonaws.com", "SNS:Publish", made, "arn:aws:s3:::photos") is not None


def test_a_missing_object_is_hidden_from_those_who_may_not_list(small_cloud: SmallCloud) -> None:
    """S3 answers 403 instead of 404, and says which permission would have shown it."""

    def ask(*statements: Any) -> Any:
        role = small_cloud.role(*statements)
        identity = small_cloud.identity_of(small_cloud.identities.issue_for_function(role, "f"))
        call = classify("GET", "h", "/photos/none", "", {}, b"", "s3", "us-east-1")
        return small_cloud.permissions.missing_key_denied(identity, call)

    assert ask(allow("s3:GetObject"), allow("s3:ListBucket", "arn:aws:s3:::photos")) is None
    assert 's3:ListBucket on resource: "arn:aws:s3:::photos" because' in ask(allow("s3:GetObject")).message


def test_function_urls_need_both_permissions(small_cloud: SmallCloud) -> None:
    """Signed by a role, or open to anybody through the function's own policy."""
    function = arn("lambda", f"function:{small_cloud.name('url')}")

    def request(auth_type: str) -> Any:
        return function_url_call("GET", "h", "/", "", {}, b"", "us-east-1", function, auth_type)

    def ask(*statements: Any) -> Any:
        credentials = small_cloud.identities.issue_for_function(small_cloud.role(*statements), "f")
        return small_cloud.permissions.authorize(small_cloud.identity_of(credentials), request("AWS_IAM"))

    via_url = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    assert ask(allow("lambda:InvokeFunctionUrl")) is not None
    assert ask(allow("lambda:InvokeFunctionUrl"), allow("lambda:InvokeFunction", Condition=via_url)) is None
    assert small_cloud.permissions.anonymous_denied(request("NONE")) is not None
    open_to_all = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    small_cloud.resource_policies[function] = policy(
        allow("lambda:InvokeFunctionUrl", function, Principal="*", Condition=open_to_all),
        allow("lambda:InvokeFunction", function, Principal="*", Condition=via_url),
    )
    assert small_cloud.permissions.anonymous_denied(request("NONE")) is None
    assert small_cloud.permissions.anonymous_denied(request("AWS_IAM")) is not None


def test_a_denied_api_call_does_not_show_its_account(small_cloud: SmallCloud) -> None:
    """API Gateway masks it in the resource, not in the caller's own ARN."""
    credentials = small_cloud.identities.issue_for_function(small_cloud.role(), "f")
    call = classify("GET", "h", "/_aws/execute-api/abc/dev/x", "", {}, b"", "execute-api", "us-east-1")
    denial = small_cloud.permissions.authorize(small_cloud.identity_of(credentials), call)
    assert denial is not None
    answer = access_denied(denial, Asked.of("execute-api", "GET", {}, ""))
    message = json.loads(answer.body)["Message"]
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
    assert "arn:aws:execute-api:us-east-1:********9012:abc/dev/GET/x" in message
    assert f"arn:aws:sts::{ACCOUNT_ID}:assumed-role" in message


def test_expired_sessions_are_refused(small_cloud: SmallCloud) -> None:
    """With the name that the service uses for it."""
    session, credentials = small_cloud.identities.issue_session(
        small_cloud.identities.administrator.principal, duration_s=0
    )
    assert session.expires_at is not None and session.expires_at <= time.time()
    assert code_of(small_cloud.client("sts", credentials).get_caller_identity) == "ExpiredToken"
    assert code_of(small_cloud.client("dynamodb", credentials).list_tables) == "ExpiredTokenException"
    assert code_of(small_cloud.client("s3", credentials).list_buckets) == "ExpiredToken"
