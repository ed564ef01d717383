"""Create and update calls of the course's phases: the real AWS CLI gives the resources that boto3 gave."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from two_clouds import Clients, Recorded, run_elsewhere, steady

from labkit import cloud as clouds

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cli-role"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:cli-target"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:cli-work"
TRACE = f"1-{int(time.time()):08x}-0123456789abcdef01234567"
SERVICES = [f"{name}.amazonaws.com" for name in ("lambda", "scheduler", "states", "events")]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), "def handler(event, context):\n    return event\n")
    return out.getvalue()


def prepared(client: Clients) -> None:
    """The role, the function and the queue that everything hangs on."""
    iam, lambda_ = client("iam"), client("lambda")
    iam.create_role(RoleName="cli-role", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="cli-role", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
    client("sqs").create_queue(QueueName="cli-work")
    for attempt in range(100):  # a new role cannot be assumed for some seconds
        try:
            lambda_.create_function(
                FunctionName="cli-target", Runtime="python3.13", Role=ROLE, Handler="app.handler",
                Code={"ZipFile": zipped()}, Publish=True, Timeout=5,
            )  # fmt: skip
            break
        except ClientError as error:
            if "cannot be assumed" not in str(error) or attempt == 99:
                raise
            time.sleep(0.2)
    lambda_.get_waiter("function_active_v2").wait(FunctionName="cli-target", WaiterConfig={"Delay": 0.1})
    lambda_.create_alias(FunctionName="cli-target", Name="live", FunctionVersion="1")
    for source in ("s3", "sns", "events", "apigateway", "logs"):
        lambda_.add_permission(
            FunctionName="cli-target", StatementId=source, Action="lambda:InvokeFunction",
            Principal=f"{source}.amazonaws.com",
        )  # fmt: skip


@pytest.fixture(scope="module")
def first(cloud: Any) -> Any:
    """Where boto3 works."""
    prepared(cloud.client)
    return cloud


@pytest.fixture(scope="module")
def second(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A fresh one, where only the CLI works."""
    place = tmp_path_factory.mktemp("cli-cloud")
    fresh = type(cloud)(clouds.start(place))
    prepared(fresh.client)
    yield fresh
    clouds.stop(place)


def permissions(client: Clients) -> None:
    """Roles and policies, made and changed."""
    iam, read = client("iam"), {**ALLOW, "Id": "it's"}
    iam.create_role(RoleName="cli-reader", AssumeRolePolicyDocument=json.dumps(TRUST), Description="-r")
    iam.update_assume_role_policy(
        RoleName="cli-reader", PolicyDocument=json.dumps(TRUST).replace("states", "sns")
    )
    iam.update_role(RoleName="cli-reader", MaxSessionDuration=7200, Description="-r2")
    arn = iam.create_policy(PolicyName="cli-read", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(read), SetAsDefault=True)
    iam.attach_role_policy(RoleName="cli-reader", PolicyArn=arn)
    iam.tag_role(RoleName="cli-reader", Tags=[{"Key": "a", "Value": "b c"}])


def see_permissions(client: Clients) -> list[Any]:
    iam, arn = client("iam"), f"arn:aws:iam::{ACCOUNT}:policy/cli-read"
    role = iam.get_role(RoleName="cli-reader")["Role"]
    return [
        [role[key] for key in ("AssumeRolePolicyDocument", "MaxSessionDuration", "Description", "Tags")],
        iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"],
        iam.list_attached_role_policies(RoleName="cli-reader")["AttachedPolicies"],
    ]


def settings(client: Clients) -> None:
    """What is set on a function beside its code."""
    lambda_ = client("lambda")
    lambda_.put_function_event_invoke_config(FunctionName="cli-target", MaximumRetryAttempts=1)
    lambda_.update_function_event_invoke_config(FunctionName="cli-target", MaximumEventAgeInSeconds=120)
    cors = {"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET", "PUT"], "MaxAge": 60}
    lambda_.create_function_url_config(
        FunctionName="cli-target", Qualifier="live", AuthType="NONE", Cors=cors
    )
    lambda_.update_function_url_config(FunctionName="cli-target", Qualifier="live", AuthType="AWS_IAM")
    lambda_.add_permission(
        FunctionName="cli-target", Qualifier="live", StatementId="url", Action="lambda:InvokeFunctionUrl",
        Principal="*", FunctionUrlAuthType="NONE",
    )  # fmt: skip
    lambda_.put_function_recursion_config(FunctionName="cli-target", RecursiveLoop="Allow")
    lambda_.put_provisioned_concurrency_config(
        FunctionName="cli-target", Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    lambda_.update_function_configuration(
        FunctionName="cli-target",
        TracingConfig={"Mode": "Active"},
        EphemeralStorage={"Size": 1024},
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN"},
    )
    scaling = client("application-autoscaling")
    target = {
        "ServiceNamespace": "lambda",
        "ResourceId": "function:cli-target:live",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)


def see_settings(client: Clients) -> list[Any]:
    lambda_ = client("lambda")
    return [
        lambda_.get_function_event_invoke_config(FunctionName="cli-target"),
        lambda_.get_function_url_config(FunctionName="cli-target", Qualifier="live"),
        lambda_.get_policy(FunctionName="cli-target", Qualifier="live")["Policy"],
        lambda_.get_function_recursion_config(FunctionName="cli-target"),
        lambda_.get_function_configuration(FunctionName="cli-target")["LoggingConfig"],
        client("application-autoscaling").describe_scalable_targets(ServiceNamespace="lambda")[
            "ScalableTargets"
        ][0]["MaxCapacity"],
    ]


def queues_and_topics(client: Clients) -> None:
    """A queue with a dead-letter queue and its mapping; a topic with a filtered subscription."""
    sqs, sns, lambda_ = client("sqs"), client("sns"), client("lambda")
    url = sqs.create_queue(QueueName="cli-orders", Attributes={"VisibilityTimeout": "60"}, tags={"a": "b"})[
        "QueueUrl"
    ]
    redrive = json.dumps({"deadLetterTargetArn": QUEUE, "maxReceiveCount": "5"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    mapping = lambda_.create_event_source_mapping(
        EventSourceArn=QUEUE.replace("work", "orders"),
        FunctionName="cli-target",
        BatchSize=5,
        Enabled=False,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["order"]}})}]},
    )
    while lambda_.get_event_source_mapping(UUID=mapping["UUID"])["State"] != "Disabled":
        time.sleep(0.05)
    lambda_.update_event_source_mapping(
        UUID=mapping["UUID"], BatchSize=7, ScalingConfig={"MaximumConcurrency": 2}
    )
    topic = sns.create_topic(Name="cli-news", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription,
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"kind": ["order"]}),
    )
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="It's news")


def see_queues_and_topics(client: Clients) -> list[Any]:
    sqs, sns = client("sqs"), client("sns")
    url = sqs.get_queue_url(QueueName="cli-orders")["QueueUrl"]
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:cli-news"
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (mapping,) = client("lambda").list_event_source_mappings(FunctionName="cli-target")["EventSourceMappings"]
    kept = ("BatchSize", "FilterCriteria", "FunctionResponseTypes", "ScalingConfig", "EventSourceArn", "UUID")
    return [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy", "VisibilityTimeout"])[
            "Attributes"
        ],
        {key: mapping[key] for key in kept},
        sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"],
        sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"],
    ]


def rules_and_schedules(client: Clients) -> None:
    """A bus, a rule with a pattern, its targets; a schedule in a zone."""
    events, scheduler = client("events"), client("scheduler")
    events.create_event_bus(Name="cli-bus")
    pattern = json.dumps({"source": ["orders"], "detail": {"total": [{"numeric": [">", 100]}]}})
    events.put_rule(Name="cli-large", EventBusName="cli-bus", EventPattern=pattern)
    transformer = {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"order": <id>}'}
    events.put_targets(
        Rule="cli-large",
        EventBusName="cli-bus",
        Targets=[{"Id": "1", "Arn": FUNCTION, "InputTransformer": transformer}],
    )
    scheduler.create_schedule_group(Name="cli-group")
    plan: dict[str, Any] = {
        "Name": "cli-nightly",
        "GroupName": "cli-group",
        "ScheduleExpressionTimezone": "Asia/Tokyo",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": FUNCTION, "RoleArn": ROLE, "Input": '{"it\'s": "night"}'},
    }
    scheduler.create_schedule(**plan, ScheduleExpression="cron(0 2 * * ? *)")
    scheduler.update_schedule(**plan, ScheduleExpression="cron(0 3 * * ? *)", State="DISABLED")


def see_rules_and_schedules(client: Clients) -> list[Any]:
    events = client("events")
    return [
        events.describe_rule(Name="cli-large", EventBusName="cli-bus"),
        events.list_targets_by_rule(Rule="cli-large", EventBusName="cli-bus")["Targets"],
        client("scheduler").get_schedule(Name="cli-nightly", GroupName="cli-group"),
    ]


def apis(client: Clients) -> None:
    """A REST API and an HTTP API in front of the function."""
    rest, http = client("apigateway"), client("apigatewayv2")
    api = rest.create_rest_api(name="cli-rest", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    photos = rest.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    method = {"restApiId": api, "resourceId": photos, "httpMethod": "ANY"}
    rest.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    rest.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    rest.create_deployment(restApiId=api, stageName="dev")
    patch = [{"op": "replace", "path": "/variables/phase", "value": "it's 03"}]
    rest.update_stage(restApiId=api, stageName="dev", patchOperations=patch)
    api = http.create_api(
        Name="cli-http", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": ["https://example.com"]}
    )["ApiId"]
    integration = http.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    http.create_route(ApiId=api, RouteKey="GET /photos/{id}", Target=f"integrations/{integration}")
    http.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    http.update_api(ApiId=api, Description="-photos")


def see_apis(client: Clients) -> list[Any]:
    rest, http = client("apigateway"), client("apigatewayv2")
    one = next(api for api in rest.get_rest_apis()["items"] if api["name"] == "cli-rest")["id"]
    two = next(api for api in http.get_apis()["Items"] if api["Name"] == "cli-http")
    resources = rest.get_resources(restApiId=one, embed=["methods"])["items"]
    return [
        sorted(resource["path"] for resource in resources),
        [resource.get("resourceMethods") for resource in resources if resource["path"] != "/"],
        rest.get_stage(restApiId=one, stageName="dev")["variables"],
        [two["Description"], two["CorsConfiguration"]],
        [[route["RouteKey"], route["Target"]] for route in http.get_routes(ApiId=two["ApiId"])["Items"]],
        [integration["IntegrationUri"] for integration in http.get_integrations(ApiId=two["ApiId"])["Items"]],
    ]


def stores(client: Clients) -> None:
    """A bucket that notifies, a table with a stream, parameters, secrets."""
    s3, dynamodb = client("s3"), client("dynamodb")
    s3.create_bucket(Bucket="cli-uploads")
    s3.put_bucket_versioning(Bucket="cli-uploads", VersioningConfiguration={"Status": "Enabled"})
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]
    uploads = {
        "Id": "uploads",
        "LambdaFunctionArn": FUNCTION,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    s3.put_bucket_notification_configuration(
        Bucket="cli-uploads", NotificationConfiguration={"LambdaFunctionConfigurations": [uploads]}
    )
    dynamodb.create_table(
        TableName="cli-photos",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.update_table(TableName="cli-photos", StreamSpecification=stream)
    ttl = {"Enabled": True, "AttributeName": "until"}
    dynamodb.update_time_to_live(TableName="cli-photos", TimeToLiveSpecification=ttl)
    client("ssm").put_parameter(Name="/cli/url", Value="https://example.com", Type="String")
    secrets = client("secretsmanager")
    secrets.create_secret(Name="cli/db", SecretString="first")
    secrets.update_secret(SecretId="cli/db", Description="a database")
    secrets.put_secret_value(SecretId="cli/db", SecretString="second")


def see_stores(client: Clients) -> list[Any]:
    s3, dynamodb, secrets = client("s3"), client("dynamodb"), client("secretsmanager")
    return [
        s3.get_bucket_versioning(Bucket="cli-uploads")["Status"],
        s3.get_bucket_notification_configuration(Bucket="cli-uploads")["LambdaFunctionConfigurations"],
        dynamodb.describe_table(TableName="cli-photos")["Table"]["StreamSpecification"],
        dynamodb.describe_time_to_live(TableName="cli-photos")["TimeToLiveDescription"],
        client("ssm").get_parameter(Name="/cli/url")["Parameter"]["Value"],
        secrets.describe_secret(SecretId="cli/db")["Description"],
        secrets.get_secret_value(SecretId="cli/db")["SecretString"],
    ]


def watching(client: Clients) -> None:
    """Log groups with their filters, alarms, dashboards, metrics, traces; a state machine."""
    logs, cloudwatch = client("logs"), client("cloudwatch")
    logs.create_log_group(logGroupName="/cli/app")
    logs.put_retention_policy(logGroupName="/cli/app", retentionInDays=7)
    metric = {"metricName": "Errors", "metricNamespace": "Cli", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="/cli/app", filterName="errors", filterPattern='{ $.level = "ERROR" }',
        metricTransformations=[metric],
    )  # fmt: skip
    logs.put_subscription_filter(
        logGroupName="/cli/app", filterName="all", filterPattern="", destinationArn=FUNCTION
    )
    cloudwatch.put_metric_alarm(
        AlarmName="cli-errors", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        Dimensions=[{"Name": "FunctionName", "Value": "cli-target"}], EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching",
    )  # fmt: skip
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "it's"}}]})
    cloudwatch.put_dashboard(DashboardName="cli", DashboardBody=body)
    data = [{"MetricName": "Orders", "Value": 1.5, "Unit": "Count"}]
    cloudwatch.put_metric_data(Namespace="Cli", MetricData=data)
    segment = {"trace_id": TRACE, "id": "70de5b6f19ff9a0a", "name": "cli", "start_time": 1, "end_time": 2}
    client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    step = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    step["Parameters"] = {"FunctionName": FUNCTION, "Payload.$": "$"}
    states = client("stepfunctions")
    definition = json.dumps({"StartAt": "Call", "States": {"Call": step}})
    arn = states.create_state_machine(name="cli-flow", definition=definition, roleArn=ROLE)["stateMachineArn"]
    states.update_state_machine(stateMachineArn=arn, definition=definition.replace("Call", "Invoke"))


def see_watching(client: Clients) -> list[Any]:
    logs, cloudwatch = client("logs"), client("cloudwatch")
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:cli-flow"
    return [
        logs.describe_log_groups(logGroupNamePrefix="/cli")["logGroups"][0]["retentionInDays"],
        logs.describe_metric_filters(logGroupName="/cli/app")["metricFilters"],
        logs.describe_subscription_filters(logGroupName="/cli/app")["subscriptionFilters"],
        cloudwatch.describe_alarms(AlarmNames=["cli-errors"])["MetricAlarms"][0]["Dimensions"],
        cloudwatch.get_dashboard(DashboardName="cli")["DashboardBody"],
        client("xray").batch_get_traces(TraceIds=[TRACE])["Traces"][0]["Segments"],
        client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"],
    ]


@pytest.mark.parametrize(
    ("make", "see"),
    [
        (permissions, see_permissions),
        (settings, see_settings),
        (queues_and_topics, see_queues_and_topics),
        (rules_and_schedules, see_rules_and_schedules),
        (apis, see_apis),
        (stores, see_stores),
        (watching, see_watching),
    ],
)
def test_the_cli_makes_what_boto3_made(
    first: Any,
    second: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Clients], None],
    see: Callable[[Clients], list[Any]],
) -> None:
    """Call by call; then both clouds are looked at by boto3."""
    session = first.session()
    recorded = Recorded(session)
    make(lambda service: session.client(service, endpoint_url=first.endpoint))  # type: ignore[call-overload]
    for name, value in second.state.environment().items():
        monkeypatch.setenv(name, value)
    names = run_elsewhere(recorded, (first.endpoint, second.endpoint), tmp_path)
    assert steady(see(second.client), {}) == steady(see(first.client), names)
