"""Rows for what passes messages on: queues, topics, rules, schedules."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Each, Find, Kind, Look

_RULE = {"Rule": "Name", "EventBusName": "EventBusName"}

MESSAGES = (
    Kind(
        "sqs.queue",
        ("CreateQueue",),
        {"QueueName": "params.QueueName", "QueueUrl": "response.QueueUrl"},
        Look(Call("GetQueueUrl", {"QueueName": "QueueName"})),
        (Call("DeleteQueue", {"QueueUrl": "QueueUrl"}),),
        find=Find(Call("GetQueueUrl", {"QueueName": "QueueName"}), "[r]", {"QueueUrl": "item.QueueUrl"}),
        arns=(r"^arn:[^:]+:sqs:[^:]+:\d+:(?P<QueueName>.+)$",),
    ),
    Kind(
        "sns.topic",
        ("CreateTopic",),
        {
            "TopicArn": "response.TopicArn || "
            "join(':', ['arn', partition, 'sns', region, account, params.Name])"
        },
        Look(Call("GetTopicAttributes", {"TopicArn": "TopicArn"})),
        (Call("DeleteTopic", {"TopicArn": "TopicArn"}),),
        arns=(r"^(?P<TopicArn>arn:[^:]+:sns:[^:]+:\d+:[^:]+)$",),
    ),
    Kind(
        "sns.subscription",
        ("Subscribe",),
        {
            "TopicArn": "params.TopicArn",
            "Protocol": "params.Protocol",
            "Endpoint": "params.Endpoint",
            "SubscriptionArn": "[response.SubscriptionArn][?starts_with(@, 'arn:')] | [0]",
        },
        Look(Call("GetSubscriptionAttributes", {"SubscriptionArn": "SubscriptionArn"})),
        (Call("Unsubscribe", {"SubscriptionArn": "SubscriptionArn"}),),
        within={"sns.topic": ("TopicArn",)},
        find=Find(
            Call("ListSubscriptionsByTopic", {"TopicArn": "TopicArn"}),
            "r.Subscriptions[?starts_with(SubscriptionArn, 'arn:')]",
            {"SubscriptionArn": "item.SubscriptionArn"},
            match={"Protocol": "item.Protocol", "Endpoint": "item.Endpoint"},
        ),
    ),
    Kind(
        "events.rule",
        ("PutRule",),
        {"Name": "params.Name", "EventBusName": "params.EventBusName"},
        Look(Call("DescribeRule", {"Name": "Name", "EventBusName": "EventBusName"})),
        (
            Each(
                Call("ListTargetsByRule", _RULE),
                "r.Targets",
                Call("RemoveTargets", {**_RULE, "Ids": "[item.Id]"}),
            ),
            Call("DeleteRule", {"Name": "Name", "EventBusName": "EventBusName"}),
        ),
        arns=(r"^arn:[^:]+:events:[^:]+:\d+:rule/(?:(?P<EventBusName>[^/]+)/)?(?P<Name>[^/]+)$",),
    ),
    Kind(
        "events.targets",
        ("PutTargets",),
        {"Name": "params.Rule", "EventBusName": "params.EventBusName", "Ids": "params.Targets[].Id"},
        Look(Call("ListTargetsByRule", _RULE), "contains(r.Targets[].Id, Ids[0])"),
        (Call("RemoveTargets", {**_RULE, "Ids": "Ids"}),),
        within={"events.rule": ("Name", "EventBusName")},
    ),
    Kind(
        "events.bus",
        ("CreateEventBus",),
        {"Name": "params.Name"},
        Look(Call("DescribeEventBus", {"Name": "Name"})),
        (Call("DeleteEventBus", {"Name": "Name"}),),
        arns=(r"^arn:[^:]+:events:[^:]+:\d+:event-bus/(?P<Name>.+)$",),
    ),
    Kind(
        "events.archive",
        ("CreateArchive",),
        {"ArchiveName": "params.ArchiveName"},
        Look(Call("DescribeArchive", {"ArchiveName": "ArchiveName"})),
        (Call("DeleteArchive", {"ArchiveName": "ArchiveName"}),),
        leftovers=Find(Call("ListArchives"), "r.Archives", {"ArchiveName": "item.ArchiveName"}),
    ),
    Kind(
        "scheduler.schedule",
        ("CreateSchedule",),
        {"Name": "params.Name", "GroupName": "params.GroupName"},
        Look(Call("GetSchedule", {"Name": "Name", "GroupName": "GroupName"})),
        (Call("DeleteSchedule", {"Name": "Name", "GroupName": "GroupName"}),),
        within={"scheduler.group": ("GroupName",)},
        leftovers=Find(
            Call("ListSchedules"), "r.Schedules", {"Name": "item.Name", "GroupName": "item.GroupName"}
        ),
    ),
    Kind(
        "scheduler.group",
        ("CreateScheduleGroup",),
        {"GroupName": "params.Name"},
        Look(Call("GetScheduleGroup", {"Name": "GroupName"}), "r.State != 'DELETING'"),
        (Call("DeleteScheduleGroup", {"Name": "GroupName"}),),
        arns=(r"^arn:[^:]+:scheduler:[^:]+:\d+:schedule-group/(?P<GroupName>.+)$",),
    ),
)
