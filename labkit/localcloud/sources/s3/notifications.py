"""Teaches moto's S3 to tell of changes as AWS does: afterwards, in the background, to those who let it.

Only what the API operation is known for is told: moto also speaks of a PutObject and of new tags in the midst
of CompleteMultipartUpload, and not at all of delete markers.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
from collections.abc import Callable
from datetime import UTC
from typing import Any, NamedTuple

from moto.core.responses import ActionResult, EmptyResult
from moto.s3 import notifications as moto_notifications
from moto.s3.models import NotificationConfiguration, S3Backend
from moto.s3.responses import S3Response

from labkit.localcloud import lessons, origin
from labkit.localcloud.clock import LessonClock
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.eventbridge.events import Event
from labkit.localcloud.sources.retries import GivenUp, Retrying, RetryPolicy
from labkit.localcloud.sources.s3.configuration import check_places, entries, read, unusable
from labkit.localcloud.sources.s3.events import Change, bus_event, notification, test_event
from labkit.localcloud.sources.targets import Message, Service, Targets

PRINCIPAL = "s3.amazonaws.com"
SUBJECT = "Amazon S3 Notification"
SKIP_VALIDATION = "SkipDestinationValidation"
_NOTHING_MD5 = "d41d8cd98f00b204e9800998ecf8427e"  # what S3 says of a delete marker's content
# The one event that an operation is known for; what is not listed may tell anything.
_TOLD_BY = {
    "PutObject": "ObjectCreated:Put",
    "CopyObject": "ObjectCreated:Copy",
    "CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
    "PutObjectTagging": "ObjectTagging:Put",
    "DeleteObjectTagging": "ObjectTagging:Delete",
    "PutObjectAcl": "ObjectAcl:Put",
}
_delete_object = S3Backend.delete_object
log = logging.getLogger(__name__)


class _Permission(NamedTuple):
    action: str
    refusal: str


_PERMISSIONS = {
    "CloudFunction": _Permission("lambda:InvokeFunction", "Not authorized to invoke function [{arn}]"),
    "Queue": _Permission(
        "sqs:SendMessage",
        "Permissions on the destination queue do not allow S3 to publish notifications from this bucket",
    ),
    "Topic": _Permission(
        "sns:Publish",
        "Permissions on the destination topic do not allow S3 to publish notifications from this bucket",
    ),
}


class S3Notifications:
    """Notifications of all buckets. ``publish`` puts an event on a bus of EventBridge."""

    def __init__(
        self, targets: Targets, guard: Guard, clock: LessonClock, publish: Callable[[Event], None]
    ) -> None:
        self._targets, self._guard, self._clock, self._publish = targets, guard, clock, publish
        self._now = clock.now
        self._sequence = 0

    def install(self) -> None:
        """Teaches moto, once for the process."""

        def configure(backend: S3Backend, bucket_name: str, notification_config: dict[str, Any]) -> None:
            self._configure(backend.get_bucket(bucket_name), notification_config)

        def delete(
            backend: S3Backend,
            bucket_name: str,
            key_name: str,
            version_id: str | None = None,
            bypass: bool = False,
        ) -> Any:
            return self._delete(backend, bucket_name, key_name, version_id, bypass)

        moto_notifications.send_event = self._told_by_moto
        S3Backend.put_bucket_notification_configuration = configure  # type: ignore[method-assign, assignment]
        S3Backend.delete_object = delete  # type: ignore[method-assign, assignment]
        S3Response._notification_config_from_body = _wanted  # type: ignore[method-assign]
        S3Response.get_bucket_notification = _shown  # type: ignore[method-assign]

    def _configure(self, bucket: Any, wanted: dict[str, Any]) -> None:
        """Puts a whole configuration in place of the old one, or leaves that as it is.

        Raises:
            S3ClientError: a destination does not exist, or does not let S3 deliver for this bucket.
        """
        skip = wanted.pop(SKIP_VALIDATION, False)
        check_places(wanted, bucket.region_name)
        if not skip:
            for entry in entries(wanted):
                if (why := self._problem(entry.kind, entry.arn, bucket.arn)) is not None:
                    raise unusable(entry.arn, why)
        if not wanted:
            bucket.notification_configuration = None
            return
        bucket.notification_configuration = NotificationConfiguration(
            topic=wanted.get("TopicConfiguration"),
            queue=wanted.get("QueueConfiguration"),
            cloud_function=wanted.get("CloudFunctionConfiguration"),
            event_bridge=wanted.get("EventBridgeConfiguration"),
        )
        if not skip:
            message = json.dumps(test_event(bucket.name, self._now(), *_request_ids()))
            for arn in {entry.arn for entry in entries(wanted) if entry.kind != "CloudFunction"}:
                self._send(bucket.arn, arn, message)

    def _problem(self, kind: str, arn: str, bucket_arn: str) -> str | None:
        if kind == "Queue" and arn.endswith(".fifo"):
            return "FIFO queues are not supported as a destination"
        if not _exists(kind, arn):
            return f"The destination {kind.lower()} does not exist"
        permission = _PERMISSIONS[kind]
        refused = self._guard.service_refused(PRINCIPAL, permission.action, arn, bucket_arn, ACCOUNT_ID)
        return None if refused is None else permission.refusal.format(arn=arn)

    def _delete(
        self, backend: S3Backend, bucket_name: str, key_name: str, version_id: str | None, bypass: bool
    ) -> Any:
        versions = backend.get_bucket(bucket_name).keys.getlist(key_name, [])
        named = [one for one in versions if version_id in (None, str(one.version_id))]
        answer = _delete_object(backend, bucket_name, key_name, version_id, bypass)
        done, meta = answer
        bucket = backend.get_bucket(bucket_name)
        if done and version_id is None and bucket.is_versioned:
            self._happened(
                bucket,
                key_name,
                "ObjectRemoved:DeleteMarkerCreated",
                etag=_NOTHING_MD5,
                version_id=meta["version-id"],
            )
        elif done and named:
            self._happened(bucket, key_name, "ObjectRemoved:Delete", version_id=version_id)
        return answer

    def _told_by_moto(self, account_id: str, event_name: str, bucket: Any, key: Any) -> None:
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        call = origin.current()
        expected = _TOLD_BY.get(call.operation) if call is not None and call.service == "s3" else None
        if call is not None and call.operation == "PostObject" and name == "ObjectCreated:Put":
            name = "ObjectCreated:Post"  # moto knows of no forms
        if name.startswith("ObjectRemoved:") or expected not in (None, name):
            return
        created = name.startswith("ObjectCreated:")
        self._happened(
            bucket,
            key.name,
            name,
            size=key.size if created or name.startswith("ObjectRestore:") else None,
            etag=key.etag.strip('"'),
            version_id=key.version_id if bucket.is_versioned else None,
            storage_class=key.storage_class,
            restored_until=_until(key) if name == "ObjectRestore:Completed" else None,
        )

    def _happened(self, bucket: Any, key: str, name: str, **known: Any) -> None:
        configuration = bucket.notification_configuration
        if configuration is None:
            return
        call = origin.current()
        ordered = name.startswith(("ObjectCreated:", "ObjectRemoved:"))
        change = Change(
            name,
            call.operation if call is not None else "",
            bucket.name,
            bucket.region_name,
            key,
            self._now(),
            f"AWS:{call.principal.user_id}" if call is not None else PRINCIPAL,
            call.source_ip if call is not None else "127.0.0.1",
            *_request_ids(),
            sequencer=self._next_sequencer() if ordered else None,
            **known,
        )
        for one in (*configuration.cloud_function, *configuration.queue, *configuration.topic):
            if one.matches(f"s3:{name}", key):
                self._send(change.bucket_arn, one.arn, json.dumps(notification(change, one.id)))
        if configuration.event_bridge is not None:
            event = bus_event(change, origin.trace_header())
            origin.afterwards(lambda: self._publish(event))

    def _send(self, bucket_arn: str, arn: str, body: str) -> None:
        message = Message(body, origin.trace_header(), {"Subject": SUBJECT})
        sender = Service(PRINCIPAL, bucket_arn)

        async def deliver() -> None:
            """A function that is Pending or has no room gets it later; a refusal ends it, as on AWS."""
            await Retrying(
                self._clock,
                RetryPolicy.of(None),
                lambda: self._targets.send(sender, arn, message),
                failed=lambda refusal: None,
                given_up=lambda end: _lost(bucket_arn, arn, end),
            ).attempt()

        origin.afterwards(lambda: self._targets.soon(deliver))

    def _next_sequencer(self) -> str:
        self._sequence = max(self._sequence + 1, int(self._now() * 1_000_000))
        return f"{self._sequence:018X}"


def _exists(kind: str, arn: str) -> bool:
    region, name = arn.split(":")[3], arn.split(":")[5]
    if kind == "Queue":
        return name in lessons.backend("sqs", ACCOUNT_ID, region).queues
    # A function that is missing has no policy either: S3 has one sentence for both.
    return kind != "Topic" or arn in lessons.backend("sns", ACCOUNT_ID, region).topics


async def _lost(bucket_arn: str, arn: str, end: GivenUp) -> None:
    """S3 tells nobody of what it could not deliver."""
    log.warning("a notification of %s for %s is lost: %s", bucket_arn, arn, end.refusal)


def _until(key: Any) -> float | None:
    """When a restored copy goes again; moto's times have no zone."""
    return key._expiry.replace(tzinfo=UTC).timestamp() if key._expiry is not None else None


def _request_ids() -> tuple[str, str]:
    """Ids of a request as S3 makes them: 16 digits, and a longer one."""
    digits = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
    return "".join(secrets.choice(digits) for _ in range(16)), base64.b64encode(
        secrets.token_bytes(48)
    ).decode()


def _wanted(self: S3Response) -> dict[str, Any]:
    """In place of moto's reader, which takes wrong filters for bugs of its own."""
    wanted = read(self.body)
    if str(self.headers.get("x-amz-skip-destination-validation")).lower() == "true":
        wanted[SKIP_VALIDATION] = True
    return wanted


def _shown(self: S3Response) -> Any:
    """GetBucketNotificationConfiguration; moto leaves EventBridge out."""
    kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
    if not kept:
        return self.serialized(EmptyResult())
    result: dict[str, Any] = {
        f"{api}Configurations": [_entry(one, f"{api}Arn") for one in found]
        for api, found in (
            ("Topic", kept.topic),
            ("Queue", kept.queue),
            ("LambdaFunction", kept.cloud_function),
        )
    }
    if kept.event_bridge is not None:
        result["EventBridgeConfiguration"] = {}
    self.data["Action"] = "GetBucketNotificationConfiguration"
    return self.serialized(ActionResult(result))


def _entry(one: Any, arn_name: str) -> dict[str, Any]:
    shown = {"Id": one.id, arn_name: one.arn, "Events": one.events}
    if one.filters:
        rules = one.filters["S3Key"]["FilterRule"]
        shown["Filter"] = {
            "Key": {"FilterRules": [{**rule, "Name": rule["Name"].capitalize()} for rule in rules]}
        }
    return shown
