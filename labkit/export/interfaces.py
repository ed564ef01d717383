"""HTTP APIs, state machines, alarms and log groups, as template resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.export.shape import Own, Plain, Shape, only, ref

ALARM = (
    "AlarmDescription",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Metrics",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "ComparisonOperator",
    "TreatMissingData",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
)
INTEGRATION = (
    "IntegrationType",
    "IntegrationUri",
    "IntegrationSubtype",
    "IntegrationMethod",
    "PayloadFormatVersion",
    "RequestParameters",
    "CredentialsArn",
    "TimeoutInMillis",
)
Ids = Mapping[str, Any]


def http_api(shape: Shape, apis: Any, ids: Ids) -> None:
    """An HTTP API with its integrations, routes and stages."""
    api_id = ids["ApiId"]
    found = apis.get_api(ApiId=api_id)
    cors = {"CorsConfiguration": found["CorsConfiguration"]} if found.get("CorsConfiguration") else {}
    properties = {"Name": Own(found["Name"]), **only(found, "ProtocolType", "Description"), **cors}
    api = shape.add(found["Name"], "Api", "AWS::ApiGatewayV2::Api", properties)
    shape.parts[api_id] = f"${{{api}}}"
    integrations = {}
    for one in apis.get_integrations(ApiId=api_id)["Items"]:
        properties = {"ApiId": ref(api), **only(one, *INTEGRATION)}
        integrations[one["IntegrationId"]] = shape.add(
            found["Name"], "Integration", "AWS::ApiGatewayV2::Integration", properties
        )
    routes = []
    for one in apis.get_routes(ApiId=api_id)["Items"]:
        to = integrations.get(str(one.get("Target", "")).rpartition("/")[2])
        target = {"Target": {"Fn::Join": ["/", ["integrations", ref(to)]]}} if to else {}
        properties = {"ApiId": ref(api), "RouteKey": Own(one["RouteKey"]), **target}
        routes.append(shape.add(found["Name"], "Route", "AWS::ApiGatewayV2::Route", properties))
    for one in apis.get_stages(ApiId=api_id)["Items"]:
        properties = {"ApiId": ref(api), "StageName": Own(one["StageName"]), "AutoDeploy": True}
        stage = shape.add(found["Name"], "Stage", "AWS::ApiGatewayV2::Stage", properties)
        shape.resources[stage].depends_on += routes


def state_machine(shape: Shape, machines: Any, ids: Ids) -> None:
    """A state machine with its definition."""
    found = machines.describe_state_machine(stateMachineArn=ids["stateMachineArn"])
    properties = {
        "StateMachineName": Own(found["name"]),
        "StateMachineType": found["type"],
        "RoleArn": found["roleArn"],
        "DefinitionString": Plain(found["definition"]),
    }
    logical = shape.add(found["name"], "Machine", "AWS::StepFunctions::StateMachine", properties)
    shape.whole[found["stateMachineArn"]] = ref(logical)


def alarm(shape: Shape, cloudwatch: Any, ids: Ids) -> None:
    """A metric alarm."""
    answer = cloudwatch.describe_alarms(AlarmNames=[ids["AlarmName"]])
    for found in answer["MetricAlarms"]:
        properties = {"AlarmName": Own(found["AlarmName"]), **only(found, *ALARM)}
        if "Threshold" in found:
            properties["Threshold"] = found["Threshold"]
        shape.add(found["AlarmName"], "Alarm", "AWS::CloudWatch::Alarm", properties)
    if not answer["MetricAlarms"]:
        shape.left_out.append(f"alarm {ids['AlarmName']}: composite alarms are not exported.")


def log_group(shape: Shape, logs: Any, ids: Ids) -> None:
    """A log group whose events expire; others Lambda makes by itself."""
    name = ids["logGroupName"]
    for found in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if found["logGroupName"] == name and found.get("retentionInDays"):
            properties = {"LogGroupName": Own(name), "RetentionInDays": found["retentionInDays"]}
            base = name.removeprefix("/aws/lambda/")
            shape.add(base, "Logs", "AWS::Logs::LogGroup", properties)
