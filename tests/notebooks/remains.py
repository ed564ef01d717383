"""What is in a workspace's cloud, asked from its APIs: no ledger has a say in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import boto3
import jmespath

from labkit import cloud

# service, operation, what of its answer names things. AWS's own are left out.
LISTS = (
    ("lambda", "list_functions", "Functions[].FunctionName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings[?State != 'Deleting'].EventSourceArn"),
    ("lambda", "list_layers", "Layers[].LayerName"),
    ("iam", "list_roles", "Roles[?!starts_with(Path, '/aws-')].RoleName"),
    ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("dynamodb", "list_tables", "TableNames"),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("sqs", "list_queues", "QueueUrls"),
    ("sns", "list_topics", "Topics[].TopicArn"),
    ("kinesis", "list_streams", "StreamNames"),
    ("events", "list_rules", "Rules[].Name"),
    ("events", "list_event_buses", "EventBuses[?Name != 'default'].Name"),
    ("scheduler", "list_schedules", "Schedules[].Name"),
    ("stepfunctions", "list_state_machines", "stateMachines[].name"),
    ("apigateway", "get_rest_apis", "items[].name"),
    ("apigatewayv2", "get_apis", "Items[].Name"),
    ("cloudwatch", "describe_alarms", "[MetricAlarms, CompositeAlarms][][].AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    ("ssm", "describe_parameters", "Parameters[].Name"),
    ("secretsmanager", "list_secrets", "SecretList[].Name"),
    ("cloudformation", "list_stacks", "StackSummaries[?StackStatus != 'DELETE_COMPLETE'].StackName"),
)


def remains(place: Path, regions: Sequence[str] = (cloud.DEFAULT_REGION,)) -> list[str]:
    """What is left in the running cloud of a workspace, such as ``dynamodb list_tables: lab02-k3f9x-photos``."""
    running = cloud.find(place)
    assert running is not None, "the cloud does not run: nothing could be seen"
    found = []
    for region in regions:
        session = boto3.Session(running.access_key_id, running.secret_access_key, region_name=region)
        for service, operation, names in LISTS:
            client = session.client(service, endpoint_url=running.endpoint)  # type: ignore[call-overload]
            said = getattr(client, operation)()
            found += [f"{service} {operation}: {name}" for name in jmespath.search(names, said) or ()]
    return found
