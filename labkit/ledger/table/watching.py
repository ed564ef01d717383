"""Rows for what watches: log groups, alarms, dashboards, scaling."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Find, Kind, Look

WATCHING = (
    Kind(
        "logs.group",
        ("CreateLogGroup",),
        {"logGroupName": "params.logGroupName"},
        Look(
            Call("DescribeLogGroups", {"logGroupNamePrefix": "logGroupName"}),
            "contains(r.logGroups[].logGroupName, logGroupName)",
        ),
        (Call("DeleteLogGroup", {"logGroupName": "logGroupName"}),),
        arns=(r"^arn:[^:]+:logs:[^:]+:\d+:log-group:(?P<logGroupName>[^:]+)(:\*)?$",),
        leftovers=Find(
            Call("DescribeLogGroups", {"logGroupNamePrefix": "'/aws/lambda/'"}),
            "r.logGroups",
            {"logGroupName": "item.logGroupName"},
        ),
    ),
    Kind(
        "logs.subscription-filter",
        ("PutSubscriptionFilter",),
        {"logGroupName": "params.logGroupName", "filterName": "params.filterName"},
        Look(
            Call("DescribeSubscriptionFilters", {"logGroupName": "logGroupName"}),
            "contains(r.subscriptionFilters[].filterName, filterName)",
        ),
        (Call("DeleteSubscriptionFilter", {"logGroupName": "logGroupName", "filterName": "filterName"}),),
        within={"logs.group": ("logGroupName",)},
    ),
    Kind(
        "logs.metric-filter",
        ("PutMetricFilter",),
        {"logGroupName": "params.logGroupName", "filterName": "params.filterName"},
        Look(
            Call("DescribeMetricFilters", {"logGroupName": "logGroupName"}),
            "contains(r.metricFilters[].filterName, filterName)",
        ),
        (Call("DeleteMetricFilter", {"logGroupName": "logGroupName", "filterName": "filterName"}),),
        within={"logs.group": ("logGroupName",)},
    ),
    Kind(
        "cloudwatch.alarm",
        ("PutMetricAlarm", "PutCompositeAlarm"),
        {"AlarmName": "params.AlarmName"},
        Look(
            Call(
                "DescribeAlarms",
                {"AlarmNames": "[AlarmName]", "AlarmTypes": "['MetricAlarm', 'CompositeAlarm']"},
            ),
            "[r.MetricAlarms, r.CompositeAlarms][]",
        ),
        (Call("DeleteAlarms", {"AlarmNames": "[AlarmName]"}),),
        arns=(r"^arn:[^:]+:cloudwatch:[^:]+:\d+:alarm:(?P<AlarmName>.+)$",),
    ),
    Kind(
        "cloudwatch.dashboard",
        ("PutDashboard",),
        {"DashboardName": "params.DashboardName"},
        Look(Call("GetDashboard", {"DashboardName": "DashboardName"})),
        (Call("DeleteDashboards", {"DashboardNames": "[DashboardName]"}),),
        leftovers=Find(Call("ListDashboards"), "r.DashboardEntries", {"DashboardName": "item.DashboardName"}),
    ),
    Kind(
        "application-autoscaling.scalable-target",
        ("RegisterScalableTarget",),
        {
            "ServiceNamespace": "params.ServiceNamespace",
            "ResourceId": "params.ResourceId",
            "ScalableDimension": "params.ScalableDimension",
        },
        Look(
            Call(
                "DescribeScalableTargets",
                {
                    "ServiceNamespace": "ServiceNamespace",
                    "ResourceIds": "[ResourceId]",
                    "ScalableDimension": "ScalableDimension",
                },
            ),
            "r.ScalableTargets",
        ),
        (
            Call(
                "DeregisterScalableTarget",
                {
                    "ServiceNamespace": "ServiceNamespace",
                    "ResourceId": "ResourceId",
                    "ScalableDimension": "ScalableDimension",
                },
            ),
        ),
    ),
)
