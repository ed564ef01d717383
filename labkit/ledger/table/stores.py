"""Rows for what keeps data: tables, parameters, secrets, buckets, streams."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Each, Kind, Look

STORES = (
    Kind(
        "dynamodb.table",
        ("CreateTable",),
        {"TableName": "params.TableName"},
        Look(Call("DescribeTable", {"TableName": "TableName"})),
        (Call("DeleteTable", {"TableName": "TableName"}),),
        arns=(r"^arn:[^:]+:dynamodb:[^:]+:\d+:table/(?P<TableName>[^/]+)$",),
    ),
    Kind(
        "ssm.parameter",
        ("PutParameter",),
        {"Name": "params.Name"},
        Look(Call("GetParameter", {"Name": "Name"})),
        (Call("DeleteParameter", {"Name": "Name"}),),
        # The parameters ``x`` and ``/x`` have the same ARN.
        arns=(
            r"^arn:[^:]+:ssm:[^:]+:\d+:parameter(?P<Name>/.+)$",
            r"^arn:[^:]+:ssm:[^:]+:\d+:parameter/(?P<Name>[^/]+)$",
        ),
    ),
    Kind(
        "secretsmanager.secret",
        ("CreateSecret",),
        {"SecretId": "params.Name"},
        Look(Call("DescribeSecret", {"SecretId": "SecretId"}), "r.DeletedDate == `null`"),
        (Call("DeleteSecret", {"SecretId": "SecretId", "ForceDeleteWithoutRecovery": "`true`"}),),
        arns=(r"^(?P<SecretId>arn:[^:]+:secretsmanager:.+)$",),
    ),
    Kind(
        "s3.bucket",
        ("CreateBucket",),
        {"Bucket": "params.Bucket"},
        Look(Call("HeadBucket", {"Bucket": "Bucket"})),
        (
            Each(
                Call("ListMultipartUploads", {"Bucket": "Bucket"}),
                "r.Uploads",
                Call(
                    "AbortMultipartUpload",
                    {"Bucket": "Bucket", "Key": "item.Key", "UploadId": "item.UploadId"},
                ),
            ),
            Each(
                Call("ListObjectVersions", {"Bucket": "Bucket"}),
                "[r.Versions, r.DeleteMarkers][]",
                Call(
                    "DeleteObjects",
                    {
                        "Bucket": "Bucket",
                        "Delete": "{Objects: item[].{Key: Key, VersionId: VersionId}, Quiet: `true`}",
                    },
                ),
                batch=1000,
            ),
            Call("DeleteBucket", {"Bucket": "Bucket"}),
        ),
        arns=(r"^arn:[^:]+:s3:::(?P<Bucket>[^/]+)$",),
        tag_after=Call("PutBucketTagging", {"Bucket": "Bucket", "Tagging": "{TagSet: tags}"}),
    ),
    Kind(
        "kinesis.stream",
        ("CreateStream",),
        {"StreamName": "params.StreamName"},
        Look(Call("DescribeStreamSummary", {"StreamName": "StreamName"})),
        (Call("DeleteStream", {"StreamName": "StreamName", "EnforceConsumerDeletion": "`true`"}),),
        arns=(r"^arn:[^:]+:kinesis:[^:]+:\d+:stream/(?P<StreamName>[^/]+)$",),
    ),
)
