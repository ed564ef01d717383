"""CloudWatch Logs, CloudWatch, X-Ray and the tagging API."""

from __future__ import annotations

from labkit.localcloud.permissions.tables.service import Service, handed, pairs, wants

# A log group is checked as its stream, empty when none is named: policies say log-group:<name>:*.
LOGS = Service(
    "logs",
    resources=wants("""
        log-group::log-stream:  <- DescribeLogGroups ListLogGroups
        *  <- DescribeQueries StopQuery TestMetricFilter PutQueryDefinition DescribeQueryDefinitions
              DeleteQueryDefinition GetLogRecord GetQueryResults DescribeResourcePolicies PutResourcePolicy
              DeleteResourcePolicy DescribeExportTasks CancelExportTask DescribeDestinations
              DescribeAccountPolicies PutIndexPolicy DeleteIndexPolicy DescribeIndexPolicies
              DescribeFieldIndexes ListSyslogConfigurations
        {resourceArn}                  <- TagResource UntagResource ListTagsForResource
        destination:{destinationName}  <- PutDestination DeleteDestination PutDestinationPolicy
    """),
    by_parameter=pairs("""
        logGroupName         log-group:{logGroupName}:log-stream:{logStreamName=}
        logGroupIdentifier   log-group:{logGroupIdentifier|log_group}:log-stream:{logStreamName=}
        logGroupNames        log-group:{logGroupNames}:log-stream:
        logGroupIdentifiers  log-group:{logGroupIdentifiers|log_group}:log-stream:
        resourceIdentifier   {resourceIdentifier}
    """),
    pass_role=handed("logs.amazonaws.com", "roleArn <- PutSubscriptionFilter PutDestination"),
)

CLOUDWATCH = Service(
    "monitoring",
    prefix="cloudwatch",
    resources=wants("""
        arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmNames=*}  <- DescribeAlarms
        arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName=*}   <- DescribeAlarmHistory
        *  <- PutMetricData GetMetricData GetMetricStatistics ListMetrics GetMetricWidgetImage
              ListMetricStreams DescribeAlarmsForMetric PutAnomalyDetector DeleteAnomalyDetector
              DescribeAnomalyDetectors DescribeInsightRules ListManagedInsightRules ListDashboards
    """),
    by_parameter=pairs("""
        AlarmNames      arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmNames}
        AlarmName       arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}
        DashboardNames  arn:aws:cloudwatch::{account}:dashboard/{DashboardNames}
        DashboardName   arn:aws:cloudwatch::{account}:dashboard/{DashboardName}
        RuleNames       arn:aws:cloudwatch:{region}:{account}:insight-rule/{RuleNames}
        RuleName        arn:aws:cloudwatch:{region}:{account}:insight-rule/{RuleName}
        ResourceARN     {ResourceARN}
    """),
    context={"cloudwatch:AlarmActions": "AlarmActions", "cloudwatch:namespace": "Namespace"},
)

XRAY = Service(
    "xray",
    resources=wants("""
        *  <- PutTelemetryRecords GetServiceGraph GetTimeSeriesServiceStatistics GetInsightSummaries
    """),
    by_parameter=pairs("""
        GroupARN            {GroupARN}
        GroupName           group/{GroupName}/*
        RuleARN             {RuleARN}
        RuleName            sampling-rule/{RuleName}
        SamplingRule        sampling-rule/{SamplingRule.RuleName}
        SamplingRuleUpdate  sampling-rule/{SamplingRuleUpdate.RuleName}
        ResourceARN         {ResourceARN}
    """),
)

TAGGING = Service("tagging", prefix="tag")

MONITORING = (LOGS, CLOUDWATCH, XRAY, TAGGING)
