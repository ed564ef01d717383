"""What S3 tells of a change to an object: a notification record, or an EventBridge event. Pure.

Source: S3 User Guide, "Event message structure" and "EventBridge: event message structure".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.eventbridge.events import Event

OWNER_ID = "A1LABKITOWNER0"  # S3 names the bucket's owner by an id of its own kind
# Tags, access lists and restores came later, with a later version of the record.
_LATER_VERSION = ("ObjectTagging:", "ObjectAcl:")
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl": "Object ACL Updated",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
}
_DELETIONS = {
    "ObjectRemoved:Delete": "Permanently Deleted",
    "ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object, and who made it happen.

    Attributes:
        name: e.g. ``ObjectCreated:Put``.
        operation: the API operation, e.g. ``PutObject``.
        version_id: only in a bucket with versioning.
        sequencer: hex digits that grow with each creation and deletion; None for other changes.
        principal_id: e.g. ``AWS:AIDA...``, or a service.
        restored_until: seconds since the epoch, for ``ObjectRestore:Completed``.
    """

    name: str
    operation: str
    bucket: str
    region: str
    key: str
    time_s: float
    principal_id: str
    source_ip: str
    request_id: str
    host_id: str
    size: int | None = None
    etag: str | None = None
    version_id: str | None = None
    sequencer: str | None = None
    storage_class: str = "STANDARD"
    restored_until: float | None = None

    @property
    def bucket_arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}"


def notification(change: Change, configuration_id: str) -> dict[str, Any]:
    """The message that a function, a queue or a topic gets."""
    described = {
        "key": quote_plus(change.key, safe="/*"),
        "size": change.size,
        "eTag": change.etag,
        "versionId": change.version_id,
        "sequencer": change.sequencer,
    }
    record: dict[str, Any] = {
        "eventVersion": "2.3" if change.name.startswith(_LATER_VERSION) else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": change.region,
        "eventTime": _iso(change.time_s, "milliseconds"),
        "eventName": change.name,
        "userIdentity": {"principalId": change.principal_id},
        "requestParameters": {"sourceIPAddress": change.source_ip},
        "responseElements": {"x-amz-request-id": change.request_id, "x-amz-id-2": change.host_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": OWNER_ID},
                "arn": change.bucket_arn,
            },
            "object": _given(described),
        },
    }
    if change.restored_until is not None:
        record["glacierEventData"] = {
            "restoreEventData": {
                "lifecycleRestorationExpiryTime": _iso(change.restored_until, "milliseconds"),
                "lifecycleRestoreStorageClass": change.storage_class,
            }
        }
    return {"Records": [record]}


def bus_event(change: Change, trace_header: str | None) -> Event:
    """The event on the default bus of the bucket's Region; here the key is as it is."""
    kind = change.name.partition(":")[0]
    described = {
        "key": change.key,
        "size": change.size,
        "etag": change.etag,
        "version-id": change.version_id,
        "sequencer": change.sequencer,
    }
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": change.bucket},
        "object": _given(described),
        "request-id": change.request_id,
        "requester": ACCOUNT_ID if change.principal_id.startswith("AWS:") else change.principal_id,
    }
    if change.name != "ObjectRestore:Completed":
        detail["source-ip-address"] = change.source_ip
    if kind in ("ObjectCreated", "ObjectRemoved"):
        detail["reason"] = change.operation.replace("DeleteObjects", "DeleteObject")
    if change.name in _DELETIONS:
        detail["deletion-type"] = _DELETIONS[change.name]
    if kind == "ObjectRestore":
        detail["source-storage-class"] = change.storage_class
    if change.restored_until is not None:
        detail["restore-expiry-time"] = _iso(change.restored_until, "seconds")
    return Event(
        change.region,
        "aws.s3",
        _DETAIL_TYPES.get(kind) or _DETAIL_TYPES[change.name],
        detail,
        change.time_s,
        change.time_s,
        (change.bucket_arn,),
        trace_header=trace_header,
    )


def test_event(bucket: str, time_s: float, request_id: str, host_id: str) -> dict[str, Any]:
    """What a queue or topic gets when it becomes a destination."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _iso(time_s, "milliseconds"),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": host_id,
    }


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _iso(time_s: float, precision: str) -> str:
    moment = datetime.fromtimestamp(time_s, UTC)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
