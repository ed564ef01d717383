"""CloudFormation through boto3: stacks are made, updated, rolled back and deleted, and say what happens."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from stack_world import ALL, SOON, World

INDEX = """
import cfnresponse

def handler(event, context):
    properties = event["ResourceProperties"]
    physical_id = "thing-" + properties["Name"]
    print(event["RequestType"], event.get("PhysicalResourceId"), physical_id)
    if properties.get("Fail") == event["RequestType"]:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, "made", reason="I was told to fail")
        return
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Shout": properties["Name"].upper()}, physical_id)
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def template(outputs: dict[str, Any] | None = None, **resources: Any) -> dict[str, Any]:
    named = {name: value if "Value" in value else {"Value": value} for name, value in (outputs or {}).items()}
    return {"Resources": resources, "Outputs": named}


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_stack_is_created_updated_and_deleted(cloud: Any, stacks: World) -> None:
    """Waiters work; changes are made in place or by replacement; nothing is left."""
    sqs, client, name = cloud.client("sqs"), stacks.client, stacks.name()
    first = template({"Url": {"Ref": "Q"}}, Q=queue(VisibilityTimeout="31"), Gone=queue())
    tags = [{"Key": "team", "Value": "a"}]
    made = client.create_stack(StackName=name, TemplateBody=json.dumps(first), Tags=tags)
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=SOON)
    url, gone = stacks.outputs(name)["Url"], stacks.resources(name)["Gone"]
    assert f"/{name}-Q-" in url
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a"}
    second = template({"Url": {"Ref": "Q"}}, Q=queue(VisibilityTimeout=32), New=queue(FifoQueue=True))
    client.update_stack(StackName=name, TemplateBody=json.dumps(second))
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=SOON)
    assert stacks.outputs(name)["Url"] == url, "in place"
    wanted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert wanted == {"VisibilityTimeout": "32"}
    assert stacks.resources(name)["New"].endswith(".fifo")
    third = template({"Url": {"Ref": "Q"}}, Q=queue(VisibilityTimeout=32, QueueName=f"{name}-named"))
    stacks.update(name, third)
    named = stacks.outputs(name)["Url"]
    assert named.endswith(f"/{name}-named")
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=SOON)
    left = set(sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", []))
    assert not left & {url, gone, named}
    with pytest.raises(ClientError, match=f"Stack with id {name} does not exist"):
        client.describe_stacks(StackName=name)
    assert stacks.status(made["StackId"]) == "DELETE_COMPLETE"
    assert [(event[0], event[1]) for event in stacks.events(made["StackId"])][:4] == [
        (name, "CREATE_IN_PROGRESS"),
        ("Q", "CREATE_IN_PROGRESS"),
        ("Q", "CREATE_IN_PROGRESS"),
        ("Q", "CREATE_COMPLETE"),
    ]


@pytest.mark.parametrize(
    ("on_failure", "status"),
    [("ROLLBACK", "ROLLBACK_COMPLETE"), ("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")],
)
def test_a_creation_that_fails_is_undone_as_asked(
    cloud: Any, stacks: World, on_failure: str, status: str
) -> None:
    """The reason names what failed and why; what was made goes unless it shall stay."""
    bad = {"Type": "AWS::SSM::Parameter", "DependsOn": "Q", "Properties": {"Type": "Wrong", "Value": "x"}}
    name, text = stacks.name(), json.dumps(template(Q=queue(), Bad=bad))
    stack_id = stacks.client.create_stack(StackName=name, TemplateBody=text, OnFailure=on_failure)["StackId"]
    assert stacks.settle(stack_id) == status
    assert "failed to create: [Bad]" in stacks.reasons(stack_id)
    assert "Resource handler returned message" in stacks.reasons(stack_id)
    left = cloud.client("sqs").list_queues(QueueNamePrefix=f"{name}-Q").get("QueueUrls", [])
    assert len(left) == (1 if on_failure == "DO_NOTHING" else 0)


def test_an_update_that_fails_goes_back(cloud: Any, stacks: World) -> None:
    """Changed resources have their old settings, new ones are gone, and the stack can be updated again."""
    sqs, name = cloud.client("sqs"), stacks.create(template(Q=queue(DelaySeconds=1)))
    url = stacks.resources(name)["Q"]
    bad = {
        "Type": "AWS::SSM::Parameter",
        "DependsOn": ["Q", "New"],
        "Properties": {"Type": "No", "Value": "x"},
    }
    stacks.update(name, template(Q=queue(DelaySeconds=2), New=queue(), Bad=bad))
    assert stacks.status(name) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.resources(name) == {"Q": url}
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert asked == {"DelaySeconds": "1"}
    assert not sqs.list_queues(QueueNamePrefix=f"{name}-New").get("QueueUrls", [])
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stacks.update(name, template(Q=queue(DelaySeconds=1)))
    stacks.update(name, template(Q=queue(DelaySeconds=3)))
    assert stacks.status(name) == "UPDATE_COMPLETE"


def test_a_stack_may_do_what_its_maker_may(cloud: Any, stacks: World) -> None:
    """Who may not make queues gets none by a stack, but may hand a role over."""
    iam, name = cloud.client("iam"), stacks.name()
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": ["cloudformation:*", "iam:PassRole"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = boto3.client(
        "cloudformation",
        endpoint_url=cloud.endpoint,
        region_name=cloud.region,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    text = json.dumps(template(Q=queue()))
    client.create_stack(StackName=name, TemplateBody=text)
    assert stacks.settle(name) == "ROLLBACK_COMPLETE"
    assert f"user/{name} is not authorized to perform: sqs:createqueue" in stacks.reasons(
        name
    ).lower().replace("user: arn:aws:iam::123456789012:", "")
    trust = json.dumps(TRUST).replace("lambda.", "cloudformation.")
    role = iam.create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})
    iam.put_role_policy(RoleName=f"{name}-role", PolicyName="p", PolicyDocument=allowed)
    second = stacks.name()
    client.create_stack(StackName=second, TemplateBody=text, RoleARN=role)
    assert stacks.settle(second) == "CREATE_COMPLETE", stacks.reasons(second)


def test_values_go_from_stack_to_stack(stacks: World) -> None:
    """Exports are imported, cannot be taken twice, and stay while they are in use."""
    export = f"x-{stacks.name()}"
    first = stacks.create(
        template(
            {"Out": {"Value": {"Fn::GetAtt": ["Q", "QueueName"]}, "Export": {"Name": export}}}, Q=queue()
        )
    )
    parameter = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": {"Fn::ImportValue": export}},
    }
    second = stacks.create(template({"Value": {"Fn::GetAtt": ["P", "Value"]}}, P=parameter))
    assert stacks.outputs(second)["Value"] == stacks.outputs(first)["Out"]
    assert stacks.client.list_imports(ExportName=export)["Imports"] == [second]
    with pytest.raises(ClientError, match=f"Export {export} cannot be deleted as it is in use by {second}"):
        stacks.client.delete_stack(StackName=first)
    third = stacks.create(template({"Out": {"Value": "v", "Export": {"Name": export}}}, Q=queue()))
    assert stacks.status(third) == "ROLLBACK_COMPLETE"
    assert "already exported" in stacks.reasons(third)
    stacks.delete(second)
    stacks.delete(first)


def test_values_come_from_ssm_and_secrets(cloud: Any, stacks: World) -> None:
    """As parameter types and as dynamic references; NoEcho parameters are not shown."""
    name = stacks.name()
    cloud.client("ssm").put_parameter(Name=f"/{name}/a", Value="kept", Type="String")
    cloud.client("secretsmanager").create_secret(Name=name, SecretString='{"user": "ann"}')
    stored, secret = (
        f"{{{{resolve:ssm:/{name}/a}}}}",
        f"{{{{resolve:secretsmanager:{name}:SecretString:user}}}}",
    )
    value = {"Fn::Sub": f"${{Kept}}-{stored}-{secret}"}
    properties = {"Type": "String", "Value": value, "Description": {"Ref": "Hidden"}}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": properties}
    text = template({"Value": {"Fn::GetAtt": ["P", "Value"]}}, P=parameter)
    text["Parameters"] = {
        "Kept": {"Type": "AWS::SSM::Parameter::Value<String>"},
        "Hidden": {"Type": "String", "NoEcho": True},
    }
    stacks.create(text, {"Kept": f"/{name}/a", "Hidden": "psst"}, StackName=name)
    assert stacks.outputs(name)["Value"] == "kept-kept-ann"
    shown = {each["ParameterKey"]: each for each in stacks.describe(name)["Parameters"]}
    assert shown["Kept"]["ResolvedValue"] == "kept"
    assert shown["Hidden"]["ParameterValue"] == "****"
    assert "psst" not in str(stacks.client.describe_stack_events(StackName=name))


def test_a_function_makes_a_custom_resource(cloud: Any, stacks: World) -> None:
    """It is asked to create, update and delete; its answer has attributes; its refusal fails the stack."""

    def with_properties(**properties: Any) -> dict[str, Any]:
        return template(
            {"Shout": {"Fn::GetAtt": ["Thing", "Shout"]}, "Id": {"Ref": "Thing"}},
            Role={
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [BASIC]},
            },
            Fn={
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Code": {"ZipFile": INDEX},
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                },
            },
            Thing={
                "Type": "Custom::Thing",
                "Properties": {"ServiceToken": {"Fn::GetAtt": ["Fn", "Arn"]}, **properties},
            },
        )

    name = stacks.create(with_properties(Name="a"))
    assert stacks.outputs(name) == {"Shout": "A", "Id": "thing-a"}
    stacks.update(name, with_properties(Name="b"))
    assert stacks.outputs(name) == {"Shout": "B", "Id": "thing-b"}
    stacks.update(name, with_properties(Name="c", Fail="Update"))
    assert stacks.status(name) == "UPDATE_ROLLBACK_COMPLETE"
    assert "I was told to fail" in stacks.reasons(name)
    group = f"/aws/lambda/{stacks.resources(name)['Fn']}"
    stacks.delete(name)
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    events = sorted((each for page in pages for each in page["events"]), key=lambda each: each["timestamp"])
    told = [event["message"].strip() for event in events]
    assert [line for line in told if "thing-" in line] == [
        "Create None thing-a",
        "Update thing-a thing-b",
        "Delete thing-a thing-a",  # the old one, when the update was over
        "Update thing-b thing-c",
        "Update thing-b thing-b",  # the way back
        "Delete thing-b thing-b",
    ]


def test_what_is_kept_and_what_is_protected(cloud: Any, stacks: World) -> None:
    """DeletionPolicy Retain keeps a resource; termination protection keeps the stack."""
    name = stacks.create(
        template(Q={**queue(), "DeletionPolicy": "Retain"}, Other=queue()), EnableTerminationProtection=True
    )
    url = stacks.resources(name)["Q"]
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        stacks.client.delete_stack(StackName=name)
    stacks.client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    stack_id = stacks.describe(name)["StackId"]
    stacks.delete(name)
    assert ("Q", "DELETE_SKIPPED") in stacks.events(stack_id)
    cloud.client("sqs").delete_queue(QueueUrl=url)


def test_a_change_set_says_what_would_change_and_is_executed(stacks: World) -> None:
    """Add, modify (in place or by replacement) and remove; nothing happens before it is executed."""
    client, name = stacks.client, stacks.name()

    def change(kind: str, text: dict[str, Any]) -> dict[str, Any]:
        made = client.create_change_set(
            StackName=name, ChangeSetName="c", ChangeSetType=kind, TemplateBody=json.dumps(text)
        )
        found = dict(client.describe_change_set(ChangeSetName=made["Id"]))
        if found["Status"] == "CREATE_COMPLETE":
            client.execute_change_set(ChangeSetName="c", StackName=name)
            stacks.settle(name)
        client.delete_change_set(ChangeSetName="c", StackName=name)
        return found

    def told(found: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
        changes = [each["ResourceChange"] for each in found["Changes"]]
        return {each["LogicalResourceId"]: (each["Action"], each.get("Replacement")) for each in changes}

    dead = {"Fn::Sub": '{"deadLetterTargetArn": "${B.Arn}", "maxReceiveCount": 2}'}
    first = template(A=queue(RedrivePolicy=dead), B=queue(), C=queue())
    assert told(change("CREATE", first)) == {"A": ("Add", None), "B": ("Add", None), "C": ("Add", None)}
    assert stacks.status(name) == "CREATE_COMPLETE", stacks.reasons(name)
    second = template(A=queue(RedrivePolicy=dead), B=queue(QueueName=f"{name}-b"), D=queue())
    assert told(change("UPDATE", second)) == {
        "A": ("Modify", "False"),
        "B": ("Modify", "True"),
        "C": ("Remove", None),
        "D": ("Add", None),
    }
    assert stacks.status(name) == "UPDATE_COMPLETE", stacks.reasons(name)
    nothing = change("UPDATE", second)
    assert (nothing["Status"], nothing["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in nothing["StatusReason"]


@pytest.mark.parametrize(
    ("operation", "params", "expected", "told"),
    [
        ("create_stack", {"TemplateBody": json.dumps({"Resources": {}})}, "ValidationError", "At least one"),
        (
            "create_stack",
            {"StackName": "1x", "TemplateBody": json.dumps(template(Q=queue()))},
            "ValidationError",
            "pattern",
        ),
        ("create_stack", {}, "ValidationError", "Template URL or Template Body"),
        (
            "create_stack",
            {"TemplateBody": json.dumps(template(Q=queue())), "TimeoutInMinutes": 3},
            "ValidationError",
            "TimeoutInMinutes is not supported by the local cloud",
        ),
        (
            "create_stack",
            {
                "TemplateBody": json.dumps(
                    template(R={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}})
                )
            },
            "InsufficientCapabilitiesException",
            r"Requires capabilities : \[CAPABILITY_IAM\]",
        ),
        (
            "create_stack",
            {"TemplateBody": json.dumps({"Transform": "AWS::Include", "Resources": {"Q": queue()}})},
            "ValidationError",
            "The transform AWS::Include is not supported",
        ),
        ("update_stack", {"TemplateBody": "{}"}, "ValidationError", "does not exist"),
        ("detect_stack_drift", {}, "NotImplemented", "DetectStackDrift is not supported by the local cloud"),
        ("execute_change_set", {"ChangeSetName": "nope"}, "ValidationError", "does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused(
    stacks: World, operation: str, params: dict[str, Any], expected: str, told: str
) -> None:
    """AWS's names; what only the local cloud lacks says what to do instead. No stack is left behind."""
    with pytest.raises(ClientError, match=told) as error:
        getattr(stacks.client, operation)(**{"StackName": "never-there", **params})
    assert code(error) == expected
    assert not [
        each for each in stacks.client.describe_stacks()["Stacks"] if each["StackName"] == "never-there"
    ]


def test_templates_are_read_and_shown(cloud: Any, stacks: World) -> None:
    """GetTemplate, its summary and its validation; a template may lie in S3; a name can be had once."""
    text = "Resources: {Q: {Type: AWS::SQS::Queue}}\nParameters: {P: {Type: String, Default: x}}"
    bucket = stacks.name()
    cloud.client("s3").create_bucket(Bucket=bucket)
    cloud.client("s3").put_object(Bucket=bucket, Key="a/t.yaml", Body=text.encode())
    for url in (
        f"{cloud.endpoint}/{bucket}/a/t.yaml",
        f"https://{bucket}.s3.us-east-1.amazonaws.com/a/t.yaml",
    ):
        stacks.client.validate_template(TemplateURL=url)
    name = stacks.name()
    stacks.client.create_stack(StackName=name, TemplateURL=url)
    stacks.settle(name)
    assert stacks.client.get_template(StackName=name)["TemplateBody"] == text
    summary = stacks.client.get_template_summary(StackName=name)
    assert (summary["ResourceTypes"], summary["Parameters"][0]["DefaultValue"]) == (["AWS::SQS::Queue"], "x")
    assert name in [each["StackName"] for each in stacks.client.list_stacks()["StackSummaries"]]
    [resource] = stacks.client.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert resource["ResourceStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="already exists"):
        stacks.client.create_stack(StackName=name, TemplateBody=text, Capabilities=ALL)
