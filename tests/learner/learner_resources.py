"""One create call for each kind of the ledger's table, as a learner would make it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from labkit import deploy
from labkit.session import Lab

CODE = {"ZipFile": deploy.package({"app.py": "def handler(event, context):\n    return event\n"})}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
LOGS_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}],
    }
)
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Make:
    """How to make one: operation and parameters; ``{p}`` stands for the lab's prefix."""

    service: str
    method: str
    params: dict[str, Any]


FUNCTION = Make(
    "lambda",
    "create_function",
    {
        "FunctionName": "{p}-fn",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": "{role}",
        "Code": CODE,
    },
)
ROLE = Make("iam", "create_role", {"RoleName": "{p}-role", "AssumeRolePolicyDocument": TRUST})
TABLE = Make(
    "dynamodb",
    "create_table",
    {
        "TableName": "{p}-orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    },
)
QUEUE = Make("sqs", "create_queue", {"QueueName": "{p}-queue"})
TOPIC = Make("sns", "create_topic", {"Name": "{p}-topic"})
RULE = Make("events", "put_rule", {"Name": "{p}-nightly", "ScheduleExpression": "rate(1 day)"})
GROUP = Make("logs", "create_log_group", {"logGroupName": "/labs/{p}"})

# kind -> what has to be there before, and the call that makes it
RECIPES: dict[str, tuple[list[Make], Make]] = {
    "lambda.function": ([], FUNCTION),
    "lambda.version": ([FUNCTION], Make("lambda", "publish_version", {"FunctionName": "{p}-fn"})),
    "lambda.alias": (
        [FUNCTION],
        Make(
            "lambda",
            "create_alias",
            {"FunctionName": "{p}-fn", "Name": "live", "FunctionVersion": "$LATEST"},
        ),
    ),
    "lambda.permission": (
        [FUNCTION],
        Make(
            "lambda",
            "add_permission",
            {
                "FunctionName": "{p}-fn",
                "StatementId": "s3",
                "Action": "lambda:InvokeFunction",
                "Principal": "s3.amazonaws.com",
            },
        ),
    ),
    "lambda.url": (
        [FUNCTION],
        Make("lambda", "create_function_url_config", {"FunctionName": "{p}-fn", "AuthType": "NONE"}),
    ),
    "lambda.reserved-concurrency": (
        [FUNCTION],
        Make(
            "lambda",
            "put_function_concurrency",
            {"FunctionName": "{p}-fn", "ReservedConcurrentExecutions": 0},
        ),
    ),
    "lambda.event-invoke-config": (
        [FUNCTION],
        Make(
            "lambda",
            "put_function_event_invoke_config",
            {"FunctionName": "{p}-fn", "MaximumRetryAttempts": 1},
        ),
    ),
    "lambda.layer-version": (
        [],
        Make("lambda", "publish_layer_version", {"LayerName": "{p}-shared", "Content": CODE}),
    ),
    "lambda.event-source-mapping": (
        [FUNCTION, QUEUE],
        Make(
            "lambda",
            "create_event_source_mapping",
            {"FunctionName": "{p}-fn", "EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{{p}}-queue"},
        ),
    ),
    "iam.role": ([], ROLE),
    "iam.role-policy": (
        [ROLE],
        Make(
            "iam",
            "put_role_policy",
            {"RoleName": "{p}-role", "PolicyName": "logs", "PolicyDocument": LOGS_ONLY},
        ),
    ),
    "iam.role-attachment": (
        [ROLE],
        Make("iam", "attach_role_policy", {"RoleName": "{p}-role", "PolicyArn": deploy.BASIC_EXECUTION}),
    ),
    "iam.policy": (
        [],
        Make("iam", "create_policy", {"PolicyName": "{p}-policy", "PolicyDocument": LOGS_ONLY}),
    ),
    "dynamodb.table": ([], TABLE),
    "ssm.parameter": (
        [],
        Make("ssm", "put_parameter", {"Name": "/{p}/password", "Value": "x", "Type": "SecureString"}),
    ),
    "secretsmanager.secret": (
        [],
        Make("secretsmanager", "create_secret", {"Name": "{p}-secret", "SecretString": "x"}),
    ),
    "s3.bucket": ([], Make("s3", "create_bucket", {"Bucket": "{p}-photos"})),
    "kinesis.stream": ([], Make("kinesis", "create_stream", {"StreamName": "{p}-clicks", "ShardCount": 1})),
    "logs.group": ([], GROUP),
    "logs.subscription-filter": (
        [GROUP, FUNCTION],
        Make(
            "logs",
            "put_subscription_filter",
            {
                "logGroupName": "/labs/{p}",
                "filterName": "errors",
                "filterPattern": "ERROR",
                "destinationArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{{p}}-fn",
            },
        ),
    ),
    "logs.metric-filter": (
        [GROUP],
        Make(
            "logs",
            "put_metric_filter",
            {
                "logGroupName": "/labs/{p}",
                "filterName": "errors",
                "filterPattern": "ERROR",
                "metricTransformations": [
                    {"metricName": "errors", "metricNamespace": "labs", "metricValue": "1"}
                ],
            },
        ),
    ),
    "cloudwatch.alarm": (
        [],
        Make(
            "cloudwatch",
            "put_metric_alarm",
            {
                "AlarmName": "{p}-errors",
                "MetricName": "Errors",
                "Namespace": "AWS/Lambda",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            },
        ),
    ),
    "cloudwatch.dashboard": (
        [],
        Make(
            "cloudwatch", "put_dashboard", {"DashboardName": "{p}-board", "DashboardBody": '{"widgets":[]}'}
        ),
    ),
    "application-autoscaling.scalable-target": (
        [TABLE],
        Make(
            "application-autoscaling",
            "register_scalable_target",
            {
                "ServiceNamespace": "dynamodb",
                "ResourceId": "table/{p}-orders",
                "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
        ),
    ),
    "sqs.queue": ([], QUEUE),
    "sns.topic": ([], TOPIC),
    "sns.subscription": (
        [TOPIC, QUEUE],
        Make(
            "sns",
            "subscribe",
            {
                "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:{{p}}-topic",
                "Protocol": "sqs",
                "Endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{{p}}-queue",
            },
        ),
    ),
    "events.rule": ([], RULE),
    "events.targets": (
        [RULE, QUEUE],
        Make(
            "events",
            "put_targets",
            {
                "Rule": "{p}-nightly",
                "Targets": [{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{{p}}-queue"}],
            },
        ),
    ),
    "events.bus": ([], Make("events", "create_event_bus", {"Name": "{p}-bus"})),
    "events.archive": (
        [],
        Make(
            "events",
            "create_archive",
            {
                "ArchiveName": "{p}-archive",
                "EventSourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
            },
        ),
    ),
    "scheduler.schedule": (
        [QUEUE],
        Make(
            "scheduler",
            "create_schedule",
            {
                "Name": "{p}-clean-up",
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{{p}}-queue", "RoleArn": "{role}"},
            },
        ),
    ),
    "scheduler.group": ([], Make("scheduler", "create_schedule_group", {"Name": "{p}-group"})),
    "apigateway.rest-api": ([], Make("apigateway", "create_rest_api", {"name": "{p}-api"})),
    "cloudformation.stack": (
        [],
        Make(
            "cloudformation",
            "create_stack",
            {"StackName": "{p}-app", "TemplateBody": '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'},
        ),
    ),
    "apigatewayv2.api": (
        [],
        Make("apigatewayv2", "create_api", {"Name": "{p}-http", "ProtocolType": "HTTP"}),
    ),
    "stepfunctions.state-machine": (
        [],
        Make(
            "stepfunctions",
            "create_state_machine",
            {
                "name": "{p}-flow",
                "definition": '{"StartAt":"a","States":{"a":{"Type":"Succeed"}}}',
                "roleArn": "{role}",
            },
        ),
    ),
    "stepfunctions.activity": ([], Make("stepfunctions", "create_activity", {"name": "{p}-activity"})),
}


def filled(value: Any, prefix: str, role_arn: str) -> Any:
    """A recipe's parameters with the prefix and the role put in."""
    if isinstance(value, str) and not value.startswith('{"'):
        return value.replace("{p}", prefix).replace("{role}", role_arn)
    if isinstance(value, dict):
        return {key: filled(one, prefix, role_arn) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, prefix, role_arn) for one in value]
    return value


def make(lab: Lab, recipe: Make, role_arn: str, prefix: str = "") -> Any:
    """Makes one resource through the lab's clients."""
    params = filled(recipe.params, prefix or lab.prefix, role_arn)
    return getattr(lab.client(recipe.service), recipe.method)(**params)
