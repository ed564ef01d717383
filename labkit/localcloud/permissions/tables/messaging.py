"""SQS, SNS, EventBridge with its Scheduler and Pipes."""

from __future__ import annotations

from labkit.localcloud.permissions.tables.service import Service, handed, pairs, renamed, wants

SQS = Service(
    "sqs",
    actions=renamed("""
        SendMessage              <- SendMessageBatch
        DeleteMessage            <- DeleteMessageBatch
        ChangeMessageVisibility  <- ChangeMessageVisibilityBatch
    """),
    resources=wants("arn:aws:sqs:{region}:{account}: <- ListQueues"),
    by_parameter=pairs("""
        QueueUrl   {QueueUrl|queue}
        QueueName  {QueueName}
        SourceArn  {SourceArn}
    """),
)

SNS = Service(
    "sns",
    actions=renamed("Publish <- PublishBatch"),
    resources=wants("""
        arn:aws:sns:{region}:{account}:*  <- ListTopics ListSubscriptions
        {Name}                            <- CreateTopic
        *  <- CreateSMSSandboxPhoneNumber DeleteSMSSandboxPhoneNumber VerifySMSSandboxPhoneNumber
    """),
    by_parameter=pairs("""
        TopicArn         {TopicArn}
        TargetArn        {TargetArn}
        SubscriptionArn  {SubscriptionArn|subscription}
        ResourceArn      {ResourceArn}
        PhoneNumber      {PhoneNumber}
    """),
    context={"sns:Endpoint": "Endpoint", "sns:Protocol": "Protocol"},
    shown=("PhoneNumber",),
)

EVENTS = Service(
    "events",
    resources=wants("""
        event-bus/{Entries.EventBusName|bus=default}   <- PutEvents
        event-bus/{Name|bus=default}                   <- CreateEventBus DeleteEventBus UpdateEventBus
                                                          DescribeEventBus
        rule/{EventBusName|rule_bus=}{Name}            <- PutRule DeleteRule DescribeRule EnableRule
                                                          DisableRule
        rule/{EventBusName|rule_bus=}{Rule}            <- PutTargets RemoveTargets ListTargetsByRule
        rule/*                                         <- ListRules
        *  <- ListRuleNamesByTarget ListEventBuses TestEventPattern ListArchives ListConnections ListEndpoints
              ListApiDestinations ListReplays PutPermission RemovePermission PutPartnerEvents
        archive/{ArchiveName}     <- CreateArchive
        {EventSourceArn}          <- CreateArchive StartReplay
        replay/{ReplayName}       <- StartReplay
        connection/{Name}         <- CreateConnection DeleteConnection DescribeConnection UpdateConnection
                                     DeauthorizeConnection
        api-destination/{Name}    <- CreateApiDestination DeleteApiDestination DescribeApiDestination
                                     UpdateApiDestination
        {ConnectionArn}           <- CreateApiDestination
    """),
    by_parameter=pairs("""
        ArchiveName  archive/{ArchiveName}
        ReplayName   replay/{ReplayName}
        ResourceARN  {ResourceARN}
        Name         endpoint/{Name}
    """),
    pass_role=handed(
        "events.amazonaws.com",
        """
        RoleArn          <- PutRule
        Targets.RoleArn  <- PutTargets
        """,
    ),
    context={
        "events:TargetArn": "Targets.Arn",
        "events:detail-type": "Entries.DetailType",
        "events:source": "Entries.Source",
    },
)

SCHEDULER = Service(
    "scheduler",
    resources=wants("""
        schedule/{GroupName=default}/{Name}  <- CreateSchedule UpdateSchedule GetSchedule DeleteSchedule
        schedule-group/{Name}                <- CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup
        schedule/{ScheduleGroup=*}/*         <- ListSchedules
        schedule-group/*                     <- ListScheduleGroups
    """),
    by_parameter=pairs("ResourceArn {ResourceArn}"),
    pass_role=handed("scheduler.amazonaws.com", "Target.RoleArn <- CreateSchedule UpdateSchedule"),
)

PIPES = Service(
    "pipes",
    resources=wants("* <- ListPipes"),
    by_parameter=pairs("""
        Name         pipe/{Name}
        resourceArn  {resourceArn}
    """),
    pass_role=handed("pipes.amazonaws.com", "RoleArn <- CreatePipe UpdatePipe"),
)

MESSAGING = (SQS, SNS, EVENTS, SCHEDULER, PIPES)
