"""DynamoDB and its streams, S3, Kinesis and Firehose."""

from __future__ import annotations

from labkit.localcloud.permissions.tables.service import Service, handed, pairs, renamed, wants

DYNAMODB = Service(
    "dynamodb",
    resources=wants("""
        table/*                                                   <- ListTables
        *                                                         <- ListStreams ListBackups
                                                                     ListContributorInsights
        table/{RequestItems.%}                                    <- BatchGetItem BatchWriteItem
        GetItem on table/{TransactItems.Get.TableName}            <- TransactGetItems
        PutItem on table/{TransactItems.Put.TableName}            <- TransactWriteItems
        UpdateItem on table/{TransactItems.Update.TableName}      <- TransactWriteItems
        DeleteItem on table/{TransactItems.Delete.TableName}      <- TransactWriteItems
        ConditionCheckItem on table/{TransactItems.ConditionCheck.TableName}  <- TransactWriteItems
        {ShardIterator|stream_of_records}                         <- GetRecords
        {BackupArn}                                               <- RestoreTableFromBackup
        table/{TargetTableName}                                   <- RestoreTableFromBackup
        table/{SourceTableName}                                   <- RestoreTableToPointInTime
        table/{TargetTableName}                                   <- RestoreTableToPointInTime
        table/{TableCreationParameters.TableName}                 <- ImportTable
        arn:aws:dynamodb::{account}:global-table/{GlobalTableName} <- CreateGlobalTable DescribeGlobalTable
                                                                     UpdateGlobalTable
                                                                     UpdateGlobalTableSettings
                                                                     DescribeGlobalTableSettings
    """),
    by_parameter=pairs("""
        IndexName    table/{TableName}/index/{IndexName}
        TableName    table/{TableName}
        StreamArn    {StreamArn}
        ResourceArn  {ResourceArn}
        BackupArn    {BackupArn}
        TableArn     {TableArn}
        ExportArn    {ExportArn}
        ImportArn    {ImportArn}
    """),
    context={
        "dynamodb:ReturnConsumedCapacity": "ReturnConsumedCapacity",
        "dynamodb:ReturnValues": "ReturnValues",
        "dynamodb:Select": "Select",
    },
)

_S3_HEADERS = """
    if-match if-none-match x-amz-acl x-amz-content-sha256 x-amz-copy-source x-amz-grant-full-control
    x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write x-amz-grant-write-acp x-amz-metadata-directive
    x-amz-object-ownership x-amz-server-side-encryption x-amz-server-side-encryption-aws-kms-key-id
    x-amz-server-side-encryption-customer-algorithm x-amz-storage-class x-amz-website-redirect-location
"""

S3 = Service(
    "s3",
    # Source: S3 user guide, "Required permissions for Amazon S3 API operations".
    actions=renamed("""
        ListAllMyBuckets             <- ListBuckets
        ListAllMyDirectoryBuckets    <- ListDirectoryBuckets
        ListBucket                   <- HeadBucket ListObjects ListObjectsV2
        ListBucketVersions           <- ListObjectVersions
        ListBucketMultipartUploads   <- ListMultipartUploads
        GetObject                    <- HeadObject SelectObjectContent
        PutObject                    <- CopyObject CreateMultipartUpload UploadPart UploadPartCopy
                                        CompleteMultipartUpload RenameObject
        ListMultipartUploadParts     <- ListParts
        DeleteObject                 <- DeleteObjects
        GetAccelerateConfiguration   <- GetBucketAccelerateConfiguration
        PutAccelerateConfiguration   <- PutBucketAccelerateConfiguration
        GetAnalyticsConfiguration    <- GetBucketAnalyticsConfiguration ListBucketAnalyticsConfigurations
        PutAnalyticsConfiguration    <- PutBucketAnalyticsConfiguration DeleteBucketAnalyticsConfiguration
        GetBucketCORS                <- GetBucketCors
        PutBucketCORS                <- PutBucketCors DeleteBucketCors
        GetEncryptionConfiguration   <- GetBucketEncryption
        PutEncryptionConfiguration   <- PutBucketEncryption DeleteBucketEncryption
        GetIntelligentTieringConfiguration  <- GetBucketIntelligentTieringConfiguration
                                               ListBucketIntelligentTieringConfigurations
        PutIntelligentTieringConfiguration  <- PutBucketIntelligentTieringConfiguration
                                               DeleteBucketIntelligentTieringConfiguration
        GetInventoryConfiguration    <- GetBucketInventoryConfiguration ListBucketInventoryConfigurations
        PutInventoryConfiguration    <- PutBucketInventoryConfiguration DeleteBucketInventoryConfiguration
        GetLifecycleConfiguration    <- GetBucketLifecycle GetBucketLifecycleConfiguration
        PutLifecycleConfiguration    <- PutBucketLifecycle PutBucketLifecycleConfiguration
                                        DeleteBucketLifecycle
        GetMetricsConfiguration      <- GetBucketMetricsConfiguration ListBucketMetricsConfigurations
        PutMetricsConfiguration      <- PutBucketMetricsConfiguration DeleteBucketMetricsConfiguration
        GetBucketNotification        <- GetBucketNotificationConfiguration
        PutBucketNotification        <- PutBucketNotificationConfiguration
        PutBucketOwnershipControls   <- DeleteBucketOwnershipControls
        GetReplicationConfiguration  <- GetBucketReplication
        PutReplicationConfiguration  <- PutBucketReplication DeleteBucketReplication
        PutBucketTagging             <- DeleteBucketTagging
        GetBucketObjectLockConfiguration  <- GetObjectLockConfiguration
        PutBucketObjectLockConfiguration  <- PutObjectLockConfiguration
        GetBucketPublicAccessBlock   <- GetPublicAccessBlock
        PutBucketPublicAccessBlock   <- PutPublicAccessBlock DeletePublicAccessBlock
    """),
    resources=wants("* <- ListBuckets ListDirectoryBuckets"),
    by_parameter=pairs("""
        Key     arn:aws:s3:::{Bucket}/{Key}
        Bucket  arn:aws:s3:::{Bucket}
    """),
    # An access control list or tags given with an object need the permission to set them.
    more=wants("""
        s3:PutObjectAcl on arn:aws:s3:::{Bucket}/{Key}{ACL|nothing}          <- PutObject CopyObject
                                                                                CreateMultipartUpload
        s3:PutObjectTagging on arn:aws:s3:::{Bucket}/{Key}{Tagging|nothing}  <- PutObject CopyObject
                                                                                CreateMultipartUpload
    """),
    context={
        "s3:delimiter": "Delimiter",
        "s3:locationconstraint": "CreateBucketConfiguration.LocationConstraint",
        "s3:max-keys": "MaxKeys",
        "s3:prefix": "Prefix",
        "s3:versionid": "VersionId",
        **{f"s3:{header}": f"header:{header}" for header in _S3_HEADERS.split()},
    },
)

KINESIS = Service(
    "kinesis",
    resources=wants("""
        *  <- ListStreams DescribeLimits DescribeAccountSettings EnableEnhancedMonitoring
              DisableEnhancedMonitoring UpdateShardCount UpdateStreamMode
        stream/{ShardIterator|stream_of_iterator}  <- GetRecords
    """),
    by_parameter=pairs("""
        ConsumerARN  {ConsumerARN}
        StreamARN    {StreamARN}
        StreamName   stream/{StreamName}
        ResourceARN  {ResourceARN}
    """),
)

FIREHOSE = Service(
    "firehose",
    resources=wants("* <- ListDeliveryStreams"),
    by_parameter=pairs("DeliveryStreamName deliverystream/{DeliveryStreamName}"),
    pass_role=handed(
        "firehose.amazonaws.com",
        """
        S3DestinationConfiguration.RoleARN          <- CreateDeliveryStream
        ExtendedS3DestinationConfiguration.RoleARN  <- CreateDeliveryStream
        """,
    ),
)

DATA = (DYNAMODB, S3, KINESIS, FIREHOSE)
