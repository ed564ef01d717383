"""Tables, buckets, parameters and roles, as template resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.export.shape import Own, Shape, get, only, plain, ref

NOTIFIED = "LambdaFunctionConfigurations"
Ids = Mapping[str, Any]


def table(shape: Shape, dynamodb: Any, ids: Ids) -> None:
    """A DynamoDB table with keys, indexes, stream; without its items."""
    found = dynamodb.describe_table(TableName=ids["TableName"])["Table"]
    keys = only(found, "KeySchema", "AttributeDefinitions")
    demand = found.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    units = {"BillingMode": "PAY_PER_REQUEST"} if demand else _units(found)
    indexes = {
        kind: [
            {**only(one, "IndexName", "KeySchema", "Projection"), **({} if demand or local else _units(one))}
            for one in found[kind]
        ]
        for kind, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True))
        if found.get(kind)
    }
    stream = only(found.get("StreamSpecification", {}), "StreamViewType")
    logical = shape.add(
        found["TableName"],
        "Table",
        "AWS::DynamoDB::Table",
        {
            "TableName": Own(found["TableName"]),
            **keys,
            **units,
            **indexes,
            **({"StreamSpecification": stream} if stream else {}),
        },
    )
    shape.whole |= {found["TableName"]: ref(logical), found["TableArn"]: get(logical)}
    if found.get("LatestStreamArn"):
        shape.whole[found["LatestStreamArn"]] = get(logical, "StreamArn")
        shape.parts[found["LatestStreamArn"]] = f"${{{logical}.StreamArn}}"


def bucket(shape: Shape, s3: Any, ids: Ids) -> None:
    """A bucket with its notifications to functions and queues; without its objects."""
    name = ids["Bucket"]
    told = s3.get_bucket_notification_configuration(Bucket=name)
    lambdas = [
        {"Event": event, "Function": one["LambdaFunctionArn"], **_filter(one)}
        for one in told.get(NOTIFIED, [])
        for event in one["Events"]
    ]
    queues = [
        {"Event": event, "Queue": one["QueueArn"], **_filter(one)}
        for one in told.get("QueueConfigurations", [])
        for event in one["Events"]
    ]
    tells = {**({"LambdaConfigurations": lambdas} if lambdas else {})}
    tells |= {"QueueConfigurations": queues} if queues else {}
    properties = {"BucketName": Own(name), **({"NotificationConfiguration": tells} if tells else {})}
    shape.add(name, "Bucket", "AWS::S3::Bucket", properties)


def parameter(shape: Shape, ssm: Any, ids: Ids) -> None:
    """A parameter; CloudFormation makes none that is encrypted."""
    found = ssm.get_parameter(Name=ids["Name"])["Parameter"]
    if found["Type"] == "SecureString":
        shape.left_out.append(
            f"parameter {found['Name']}: a SecureString cannot be made by CloudFormation, and its value does "
            "not belong into a template. Put it by hand."
        )
        return
    values = {"Name": Own(found["Name"]), **only(found, "Type", "Value")}
    logical = shape.add(found["Name"], "Parameter", "AWS::SSM::Parameter", values)
    shape.whole[found["Name"]] = ref(logical)


def role(shape: Shape, iam: Any, ids: Ids) -> None:
    """A role with its trust policy, its own policies and those attached."""
    name = ids["RoleName"]
    found = iam.get_role(RoleName=name)["Role"]
    own = [
        {
            "PolicyName": one,
            "PolicyDocument": plain(iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]),
        }
        for one in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    properties = {
        "RoleName": Own(name),
        "AssumeRolePolicyDocument": plain(found["AssumeRolePolicyDocument"]),
        "ManagedPolicyArns": [one["PolicyArn"] for one in attached] or None,
        "Policies": own or None,
    }
    logical = shape.add(name, "Role", "AWS::IAM::Role", properties)
    shape.whole |= {found["Arn"]: get(logical), name: ref(logical)}


def _units(found: Mapping[str, Any]) -> dict[str, Any]:
    units = found.get("ProvisionedThroughput", {})
    return {"ProvisionedThroughput": only(units, "ReadCapacityUnits", "WriteCapacityUnits")}


def _filter(one: Mapping[str, Any]) -> dict[str, Any]:
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    rules = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in rules]
    return {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}
