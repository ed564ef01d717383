"""IAM, STS, KMS, Secrets Manager and Systems Manager."""

from __future__ import annotations

from labkit.localcloud.permissions.tables.service import Service, handed, pairs, wants

IAM = Service(
    "iam",
    resources=wants("""
        arn:aws:iam::{account}:role{PathPrefix=/}              <- ListRoles
        arn:aws:iam::{account}:user{PathPrefix=/}              <- ListUsers
        arn:aws:iam::{account}:group{PathPrefix=/}             <- ListGroups
        arn:aws:iam::{account}:instance-profile{PathPrefix=/}  <- ListInstanceProfiles
        arn:aws:iam::{account}:policy/{PolicyName|with_path}   <- CreatePolicy
        arn:aws:iam::{account}:role/aws-service-role/{AWSServiceName}/*  <- CreateServiceLinkedRole
        arn:aws:iam::{account}:{GroupName|group}               <- AddUserToGroup RemoveUserFromGroup
        arn:aws:iam::{account}:instance-profile/{InstanceProfileName}  <- AddRoleToInstanceProfile
                                                                          RemoveRoleFromInstanceProfile
        {PolicySourceArn}  <- SimulatePrincipalPolicy GetContextKeysForPrincipalPolicy
        *  <- ListPolicies GetAccountSummary GetAccountAuthorizationDetails GetAccountPasswordPolicy
              UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy ListAccountAliases CreateAccountAlias
              DeleteAccountAlias GenerateCredentialReport GetCredentialReport SimulateCustomPolicy
              ListVirtualMFADevices ListServerCertificates ListSAMLProviders ListOpenIDConnectProviders
    """),
    by_parameter=pairs("""
        RoleName                  arn:aws:iam::{account}:{RoleName|role}
        UserName                  arn:aws:iam::{account}:{UserName|user}
        GroupName                 arn:aws:iam::{account}:{GroupName|group}
        InstanceProfileName       arn:aws:iam::{account}:instance-profile/{InstanceProfileName|with_path}
        PolicyArn                 {PolicyArn}
        OpenIDConnectProviderArn  {OpenIDConnectProviderArn}
        SAMLProviderArn           {SAMLProviderArn}
        SerialNumber              {SerialNumber}
        VirtualMFADeviceName      arn:aws:iam::{account}:mfa/{VirtualMFADeviceName}
    """),
    pass_role=handed("ec2.amazonaws.com", "RoleName|role <- AddRoleToInstanceProfile"),
    context={
        "iam:AWSServiceName": "AWSServiceName",
        "iam:PermissionsBoundary": "PermissionsBoundary",
        "iam:PolicyARN": "PolicyArn",
    },
)

STS = Service(
    "sts",
    resources=wants("""
        arn:aws:sts::{account}:federated-user/{Name}  <- GetFederationToken
        *                                             <- DecodeAuthorizationMessage GetAccessKeyInfo
    """),
    by_parameter=pairs("RoleArn {RoleArn}"),
    context={
        "sts:DurationSeconds": "DurationSeconds",
        "sts:ExternalId": "ExternalId",
        "sts:RoleSessionName": "RoleSessionName",
    },
)

KMS = Service(
    "kms",
    resources=wants("""
        *                  <- CreateKey ListKeys ListAliases GenerateRandom ListRetirableGrants
                              CreateCustomKeyStore DescribeCustomKeyStores
        {AliasName}        <- CreateAlias UpdateAlias DeleteAlias
        {TargetKeyId|key}  <- CreateAlias UpdateAlias
        {AliasName|key}    <- DeleteAlias
        ReEncryptFrom on {CiphertextBlob|encrypting_key}  <- ReEncrypt
        ReEncryptTo on {DestinationKeyId|key}             <- ReEncrypt
    """),
    by_parameter=pairs("""
        KeyId           {KeyId|key}
        CiphertextBlob  {CiphertextBlob|encrypting_key}
    """),
    context={
        "kms:EncryptionAlgorithm": "EncryptionAlgorithm",
        "kms:EncryptionContextKeys": "EncryptionContext.%",
        "kms:KeyOrigin": "Origin",
        "kms:KeySpec": "KeySpec",
        "kms:KeyUsage": "KeyUsage",
        "kms:ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays",
        "kms:SigningAlgorithm": "SigningAlgorithm",
    },
)

SECRETS = Service(
    "secretsmanager",
    resources=wants("""
        {Name|secret}                          <- CreateSecret
        *                                      <- ListSecrets GetRandomPassword BatchGetSecretValue
        GetSecretValue on {SecretIdList|secret}  <- BatchGetSecretValue
    """),
    by_parameter=pairs("SecretId {SecretId|secret}"),
    context={
        "secretsmanager:Description": "Description",
        "secretsmanager:ForceDeleteWithoutRecovery": "ForceDeleteWithoutRecovery",
        "secretsmanager:KmsKeyId": "KmsKeyId",
        "secretsmanager:Name": "Name",
        "secretsmanager:RecoveryWindowInDays": "RecoveryWindowInDays",
        "secretsmanager:RotationLambdaARN": "RotationLambdaARN",
        "secretsmanager:SecretId": "SecretId|secret",
        "secretsmanager:VersionId": "VersionId",
        "secretsmanager:VersionStage": "VersionStage",
    },
    shown=("SecretId", "Name"),
)

SSM = Service(
    "ssm",
    resources=wants("""
        parameter/{Name|parameter}   <- GetParameter GetParameterHistory PutParameter DeleteParameter
                                        LabelParameterVersion UnlabelParameterVersion
        parameter/{Names|parameter}  <- GetParameters DeleteParameters
        parameter/{Path|parameter}   <- GetParametersByPath
        arn:aws:ssm:{region}:{account}:*  <- DescribeParameters
        {ResourceType|resource_type}/{ResourceId|parameter}  <- AddTagsToResource RemoveTagsFromResource
                                                                ListTagsForResource
        document/{Name}  <- GetDocument DescribeDocument DeleteDocument UpdateDocument CreateDocument
    """),
    context={"ssm:Overwrite": "Overwrite", "ssm:Recursive": "Recursive"},
)

IDENTITY = (IAM, STS, KMS, SECRETS, SSM)
