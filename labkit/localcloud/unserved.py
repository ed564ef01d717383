"""What moto has no answer for, said in the protocol of the service that was asked.

An operation that moto lacks, or takes for another one, is refused by name. A request that moto stumbles over
is held against the service's model: AWS would have refused most of them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping

from labkit.localcloud import constraints
from labkit.localcloud.front import Answer, Request
from labkit.localcloud.functions.errors import NOT_HERE
from labkit.localcloud.permissions import denial
from labkit.localcloud.permissions.errors import RequestUnclear
from labkit.localcloud.permissions.requests import Call

_ON_AWS = "Use it on an AWS account."
_NOTHING_ROUTED = b"<!doctype html>"  # werkzeug's own page for a path that moto does not serve
# What boto3 puts before a message, and moto now and then too, with the spaces of its own source.
_SAID_TWICE = re.compile(rb"An error occurred \(\w+\) when calling the \w+ operation: ")
_SPACES = re.compile(rb" {2,}")
# Services whose name in botocore is not their signing name.
_MODELS: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("apigateway", "apigatewayv2"),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "es": ("es", "opensearch"),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "ses": ("ses", "sesv2"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
# What services call a request that breaks their model; others say ValidationException.
_VIOLATED = {"logs": "InvalidParameterException", "secretsmanager": "InvalidParameterException"}
_METADATA = "There are no metadata tables here: list the bucket, or head its objects."
_ANNOTATIONS = "Use the object's metadata or tags."
_KEPT = "Objects here stay until they are deleted: leave it out."
_REPORTS = "Nothing here watches how a bucket is used: look at the bucket itself."
_EXPRESS = "Directory buckets need an AWS account: use a general purpose bucket."
# S3 operations that would have no effect, or that moto's S3 reads as another one: some of them overwrite or
# delete what they should not.
_NOT_OF_S3: Mapping[str, str] = {
    "CreateBucketMetadataConfiguration": _METADATA,
    "CreateBucketMetadataTableConfiguration": _METADATA,
    "CreateSession": _EXPRESS,
    "DeleteBucketAnalyticsConfiguration": _REPORTS,
    "DeleteBucketIntelligentTieringConfiguration": _REPORTS,
    "DeleteBucketInventoryConfiguration": _REPORTS,
    "DeleteBucketMetadataConfiguration": _METADATA,
    "DeleteBucketMetadataTableConfiguration": _METADATA,
    "DeleteBucketMetricsConfiguration": _REPORTS,
    "DeleteObjectAnnotation": _ANNOTATIONS,
    "GetBucketAbac": "Say in policies who may do what.",
    "GetBucketAnalyticsConfiguration": _REPORTS,
    "GetBucketIntelligentTieringConfiguration": _REPORTS,
    "GetBucketInventoryConfiguration": _REPORTS,
    "GetBucketMetadataConfiguration": _METADATA,
    "GetBucketMetadataTableConfiguration": _METADATA,
    "GetBucketMetricsConfiguration": _REPORTS,
    "GetBucketRequestPayment": "The owner of a bucket pays, and nobody pays here.",
    "GetObjectAnnotation": _ANNOTATIONS,
    "GetObjectTorrent": "Use GetObject.",
    "ListBucketAnalyticsConfigurations": _REPORTS,
    "ListBucketIntelligentTieringConfigurations": _REPORTS,
    "ListBucketInventoryConfigurations": _REPORTS,
    "ListBucketMetricsConfigurations": _REPORTS,
    "ListDirectoryBuckets": _EXPRESS,
    "ListObjectAnnotations": _ANNOTATIONS,
    "PutBucketAbac": "Say in policies who may do what.",
    "PutBucketAccelerateConfiguration": "There is nothing nearer than this machine: leave it out.",
    "PutBucketAnalyticsConfiguration": _REPORTS,
    "PutBucketIntelligentTieringConfiguration": _REPORTS,
    "PutBucketInventoryConfiguration": _REPORTS,
    "PutBucketLifecycle": _KEPT,
    "PutBucketLifecycleConfiguration": _KEPT,
    "PutBucketLogging": "There are no access logs of buckets here: leave it out.",
    "PutBucketMetricsConfiguration": _REPORTS,
    "PutBucketReplication": "Copy objects when S3 tells a function of them.",
    "PutBucketRequestPayment": "The owner of a bucket pays, and nobody pays here.",
    "PutBucketWebsite": "Buckets here serve no web sites: use a function URL.",
    "PutObjectAnnotation": _ANNOTATIONS,
    "RenameObject": "Use CopyObject and DeleteObject.",
    "SelectObjectContent": "Read the object with GetObject, and query what you have read.",
    "UpdateBucketMetadataAnnotationTableConfiguration": _METADATA,
    "UpdateBucketMetadataInventoryTableConfiguration": _METADATA,
    "UpdateBucketMetadataJournalTableConfiguration": _METADATA,
    "UpdateObjectEncryption": "Copy the object onto itself with the encryption that you want.",
    "WriteGetObjectResponse": "S3 Object Lambda needs an AWS account.",
}

log = logging.getLogger(__name__)


async def answered(call: Call, request: Request, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """moto's answer to a call, or AWS's refusal where moto has none.

    Args:
        ask: asks moto.
    """
    asked = denial.Asked.of(call.service, request.method, dict(request.headers), request.query)
    if call.service == "s3" and call.operation in _NOT_OF_S3:
        return _not_here(call, asked, _NOT_OF_S3[call.operation])
    try:
        answer = await ask()
    except NotImplementedError:
        return _not_here(call, asked, _ON_AWS)
    except Exception as error:
        return _stumbled(call, asked, error)
    if answer.status == 404 and answer.body.startswith(_NOTHING_ROUTED):
        return _not_here(call, asked, _ON_AWS)
    if answer.status >= 400 and _SAID_TWICE.search(answer.body):
        return Answer(answer.status, answer.headers, _SPACES.sub(b" ", _SAID_TWICE.sub(b"", answer.body)))
    return answer


def _not_here(call: Call, asked: denial.Asked, instead: str) -> Answer:
    if _model(call) is None:
        unknown = RequestUnclear(f"{call.service} has no operation {call.operation}.")
        return _sent(denial.unclear(unknown, asked))
    message = f"{call.service} {call.operation} is {NOT_HERE}. {instead}"
    return _sent(denial.refused("NotImplemented", message, 501, asked))


def _stumbled(call: Call, asked: denial.Asked, error: Exception) -> Answer:
    """What AWS says of a request that its model does not allow; of any other one, that we failed."""
    try:
        wrong = _wrong(call)
    except Exception:  # whatever is in the request, it has to be answered
        wrong = None
    if wrong is not None:
        return _sent(denial.refused(*wrong, 400, asked))
    log.error("%s %s failed", call.service, call.operation, exc_info=error)
    message = (
        f"The local cloud failed at {call.service} {call.operation} ({type(error).__name__}: {error}). "
        "Its log is .labkit/cloud.log in the workspace."
    )
    return _sent(denial.refused("InternalFailure", message, 500, asked))


def _wrong(call: Call) -> tuple[str, str] | None:
    """Code and message for a request that breaks the model; None when it does not, or nobody can tell."""
    model = _model(call)
    if model is None:
        return None
    if call.protocol not in ("json", "cbor"):  # whose values have types
        missing = constraints.missing(model, call.operation, call.params)
        return None if missing is None else ("ValidationError", missing)
    if (mistyped := constraints.mistyped(model, call.operation, call.params)) is not None:
        return "SerializationException", mistyped
    broken = constraints.broken(model, call.operation, call.params)
    return None if broken is None else (_VIOLATED.get(call.service, "ValidationException"), broken)


def _model(call: Call) -> str | None:
    """botocore's name of the service that has the operation."""
    for name in _MODELS.get(call.service, (call.service,)):
        if constraints.has(name, call.operation):
            return name
    return None


def _sent(answer: denial.Answer) -> Answer:
    return Answer(answer.status, list(answer.headers.items()), answer.body)
