"""Lambda, Step Functions, API Gateway, Application Auto Scaling and CloudFormation."""

from __future__ import annotations

from labkit.localcloud.permissions.tables.service import Service, handed, pairs, renamed, wants

LAMBDA = Service(
    "lambda",
    actions=renamed("""
        InvokeFunction   <- Invoke InvokeWithResponseStream
        GetLayerVersion  <- GetLayerVersionByArn
    """),
    resources=wants("""
        *  <- CreateEventSourceMapping ListEventSourceMappings CreateCodeSigningConfig ListCodeSigningConfigs
              ListFunctions ListLayers GetAccountSettings ListCapacityProviders
        layer:{LayerName}:{VersionNumber}  <- GetLayerVersion GetLayerVersionPolicy DeleteLayerVersion
                                              AddLayerVersionPermission RemoveLayerVersionPermission
        {CodeSigningConfigArn}             <- PutFunctionCodeSigningConfig
        function:{FunctionName|function}   <- PutFunctionCodeSigningConfig
    """),
    by_parameter=pairs("""
        FunctionName          function:{FunctionName|function}
        LayerName             layer:{LayerName}
        UUID                  event-source-mapping:{UUID}
        CodeSigningConfigArn  {CodeSigningConfigArn}
        CapacityProviderName  capacity-provider:{CapacityProviderName}
        DurableExecutionArn   {DurableExecutionArn}
        Arn                   {Arn}
        Resource              {Resource}
        ResourceArn           {ResourceArn}
    """),
    more=wants("lambda:GetLayerVersion on {Layers} <- CreateFunction UpdateFunctionConfiguration"),
    pass_role=handed("lambda.amazonaws.com", "Role <- CreateFunction UpdateFunctionConfiguration"),
    context={
        "lambda:CodeSigningConfigArn": "CodeSigningConfigArn",
        "lambda:EventSourceToken": "EventSourceToken",
        "lambda:FunctionArn": "FunctionName|function",
        "lambda:FunctionUrlAuthType": "FunctionUrlAuthType",
        "lambda:InvokedViaFunctionUrl": "InvokedViaFunctionUrl",
        "lambda:Layer": "Layers",
        "lambda:Principal": "Principal",
        "lambda:SecurityGroupIds": "VpcConfig.SecurityGroupIds",
        "lambda:SubnetIds": "VpcConfig.SubnetIds",
    },
)

STATES = Service(
    "states",
    resources=wants("""
        stateMachine:{name}  <- CreateStateMachine
        activity:{name}      <- CreateActivity
        stateMachine:*       <- ListStateMachines
        activity:*           <- ListActivities
        *                    <- ValidateStateMachineDefinition TestState SendTaskSuccess SendTaskFailure
                                SendTaskHeartbeat
    """),
    by_parameter=pairs("""
        stateMachineArn         {stateMachineArn}
        executionArn            {executionArn}
        activityArn             {activityArn}
        mapRunArn               {mapRunArn}
        stateMachineAliasArn    {stateMachineAliasArn}
        stateMachineVersionArn  {stateMachineVersionArn}
        routingConfiguration    {routingConfiguration.stateMachineVersionArn}
        resourceArn             {resourceArn}
    """),
    pass_role=handed("states.amazonaws.com", "roleArn <- CreateStateMachine UpdateStateMachine TestState"),
)

# Its actions are HTTP methods and its resources are paths: permissions.special reads both.
APIGATEWAY = Service(
    "apigateway",
    pass_role=handed(
        "apigateway.amazonaws.com",
        """
        credentials     <- PutIntegration
        credentialsArn  <- CreateIntegration UpdateIntegration CreateApi
        CredentialsArn  <- CreateIntegration UpdateIntegration CreateApi
        """,
    ),
)

AUTO_SCALING = Service(
    "application-autoscaling",
    resources=wants("""
        scalable-target/*  <- RegisterScalableTarget DeregisterScalableTarget PutScalingPolicy
                              DeleteScalingPolicy PutScheduledAction DeleteScheduledAction
    """),
    by_parameter=pairs("ResourceARN {ResourceARN}"),
    pass_role=handed("application-autoscaling.amazonaws.com", "RoleARN <- RegisterScalableTarget"),
    context={
        "application-autoscaling:scalable-dimension": "ScalableDimension",
        "application-autoscaling:service-namespace": "ServiceNamespace",
    },
)

CLOUDFORMATION = Service(
    "cloudformation",
    resources=wants("""
        stack/{StackName|stack=*}/*  <- ListStacks DescribeStacks
        *                      <- ValidateTemplate ListExports ListImports EstimateTemplateCost
                                  CreateStackSet CreateGeneratedTemplate
        stack/{StackName|stack=*}/*  <- GetTemplateSummary DescribeChangeSet ExecuteChangeSet DeleteChangeSet
    """),
    by_parameter=pairs("""
        StackName     stack/{StackName|stack}/*
        StackSetName  stackset/{StackSetName}:*
    """),
    pass_role=handed(
        "cloudformation.amazonaws.com", "RoleARN <- CreateStack UpdateStack DeleteStack CreateChangeSet"
    ),
    context={
        "cloudformation:ChangeSetName": "ChangeSetName",
        "cloudformation:RoleArn": "RoleARN",
        "cloudformation:TemplateUrl": "TemplateURL",
    },
)

COMPUTE = (LAMBDA, STATES, APIGATEWAY, AUTO_SCALING, CLOUDFORMATION)
